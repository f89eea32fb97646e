#include "map/plan/fixed_grid.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "config/wcs_definitions.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/memory.hpp"
#include "core/message.hpp"

namespace comap {
namespace {

/// Images and mask of a map (17 bytes), its border, and copies while it is written.
constexpr double kBytesPerPixel = 40.0;

struct GridLook {
  std::int64_t n_positions = 0, n_inside = 0;
  PointingExtent extent;
};

GridLook look(const MapGrid& grid, MapShare& share, bool first_feeds) {
  GridLook seen;
  std::vector<std::int64_t> pixel;
  share.for_some_positions(grid.frame(), first_feeds, [&](const auto& longitude_deg, const auto& latitude_deg) {
    pixel.resize(longitude_deg.size());
    grid.pixel_index(longitude_deg, latitude_deg, pixel, {}, {});
    seen.n_positions += std::ssize(pixel);
    seen.n_inside += std::ranges::count_if(pixel, [](std::int64_t index) { return index >= 0; });
    seen.extent.add(longitude_deg, latitude_deg);
  });
  return seen;
}

std::string where_data_are(const PointingExtent& extent, SkyFrame frame) {
  constexpr double kStep_deg = 0.01;
  const WcsDefinition box = extent.definition(frame, 0.0, kStep_deg);
  const double half_width_deg = 0.5 * static_cast<double>(box.naxis[0] - 1) * kStep_deg;
  const double south_deg = (1.0 - box.crpix[1]) * kStep_deg;
  const double north_deg = south_deg + static_cast<double>(box.naxis[1] - 1) * kStep_deg;
  const bool galactic = frame == SkyFrame::galactic;
  return fmt::format("{} = {:.2f} to {:.2f} deg, {} = {:.2f} to {:.2f} deg", galactic ? "l" : "RA",
                     box.crval_deg[0] - half_width_deg, box.crval_deg[0] + half_width_deg, galactic ? "b" : "Dec",
                     south_deg, north_deg);
}

std::string describe(const GridDefinition& definition) {
  const auto* wcs = std::get_if<WcsDefinition>(&definition);
  if (wcs == nullptr) return "HEALPix";
  return fmt::format("{} x {} pixels of {} x {} deg, pixel {}, {} at {}, {} deg ({}, {})", wcs->naxis[0], wcs->naxis[1],
                     wcs->cdelt_deg[0], wcs->cdelt_deg[1], wcs->crpix[0], wcs->crpix[1], wcs->crval_deg[0],
                     wcs->crval_deg[1], wcs->ctype[0], wcs->ctype[1]);
}

}  // namespace

std::optional<GridDefinition> fixed_grid(const MapmakeConfig& config) {
  if (config.wcs == "dynamic") return std::nullopt;
  if (is_healpix(config)) return HealpixDefinition{config.nside, parse_sky_frame(config.frame)};
  if (config.wcs == "inline") return config.wcs_inline;
  return named_wcs(config.wcs_file, config.wcs);
}

PointingExtent extent_of_all(const PointingExtent& mine, const Communicator& ranks) {
  PointingExtent all;
  for (const PointingExtent& of_rank : all_gather(ranks, mine)) all.combine(of_rank);
  return all;
}

void check_grid_memory(const GridDefinition& definition, int n_channels) {
  const auto* wcs = std::get_if<WcsDefinition>(&definition);
  if (wcs == nullptr) return;
  const double bytes =
      kBytesPerPixel * static_cast<double>(wcs->naxis[0]) * static_cast<double>(wcs->naxis[1]) * n_channels;
  const double available = available_memory_bytes();
  if (bytes <= available) return;
  throw ConfigError(fmt::format(
      "[mapmake]: the images of a map of {} x {} pixels of {} deg take {:.3g} GB, and there are {:.3g} GB of "
      "memory; take larger pixels (cdelt_deg), less padding_deg or fewer observations, or wcs = \"healpix\", "
      "which keeps hit pixels only",
      wcs->naxis[0], wcs->naxis[1], std::abs(wcs->cdelt_deg[1]), bytes / kGigabyte, available / kGigabyte));
}

void check_coverage(const MapGrid& grid, MapShare& share, const Communicator& ranks) {
  PointingExtent all;
  std::int64_t n_positions = 0;
  // One feed of each observation nearly always settles it.
  for (const bool first_feeds : {true, false}) {
    const GridLook mine = look(grid, share, first_feeds);
    if (ranks.sum(mine.n_inside) > 0) return;
    n_positions = ranks.sum(mine.n_positions);
    all = extent_of_all(mine.extent, ranks);
  }
  if (all.empty()) return;
  throw ConfigError(fmt::format(
      "[mapmake] wcs: the grid holds none of the data: {} positions that were looked at lie at {}; the grid is {}",
      n_positions, where_data_are(all, grid.frame()), describe(grid.definition())));
}

}  // namespace comap
