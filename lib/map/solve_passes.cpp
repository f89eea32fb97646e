#include "map/solve_passes.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/log.hpp"
#include "destripe/destriper.hpp"
#include "map/prepare/subpixel.hpp"
#include "map/products/map_pieces.hpp"
#include "map/products/residual.hpp"

namespace comap {
namespace {

/// Without a prior offsets must not be shorter: they would follow the sky.
constexpr int kOffsetsWithoutPrior = 100;

/// The maps of a solve, by pixel, on every rank [stream]. Collective.
std::vector<MapLookup> look_up(std::span<const DestriperResult> solved, const MapGrid& grid,
                               const Communicator& ranks) {
  std::vector<MapLookup> maps;
  for (const DestriperResult& result : solved) maps.emplace_back(share_map(result.map, ranks), grid);
  return maps;
}

void find_prior(LoadedBands& bands, DestriperSettings settings, const MapGrid& grid, const Communicator& ranks) {
  const int offset_length = settings.offset_length;
  settings.offset_length = std::max(offset_length, kOffsetsWithoutPrior);
  const auto solved = destripe(std::as_const(bands.data), settings, ranks);
  const std::vector<MapLookup> maps = look_up(solved, grid, ranks);
  for (std::size_t stream = 0; stream < solved.size(); ++stream) {
    bands.data.streams[stream].prior_variance_K2 =
        prior_from_residual(bands.data, bands.data.streams[stream], maps[stream], offset_length, bands.sample_time_s);
  }
}

std::int64_t n_used(const LoadedBands& bands, std::size_t stream, std::size_t segment) {
  const DestriperSegment& place = bands.data.segments[segment];
  std::int64_t n = 0;
  for (std::int64_t i = place.start; i < place.start + place.n_samples; ++i) {
    n += bands.data.pixel[i] >= 0 && std::isfinite(bands.data.streams[stream].tod_K[i]);
  }
  return n;
}

void find_long_glitches(LoadedBands& bands, const MapmakeConfig& config, const DestriperSettings& settings,
                        const MapGrid& grid, const Communicator& ranks) {
  const std::vector<DestriperResult> solved = destripe(std::as_const(bands.data), settings, ranks);
  const std::int64_t n_flagged = ranks.sum(flag_long_glitches(bands.data, look_up(solved, grid, ranks), solved,
                                                              settings.offset_length, config.glitch_sigma));
  if (ranks.rank() == 0) log_info("second glitch pass: {} samples", n_flagged);
  for (std::size_t stream = 0; stream < bands.segments.size(); ++stream) {
    for (std::size_t segment = 0; segment < bands.segments[stream].size(); ++segment) {
      ScanCuts& cuts = bands.segments[stream][segment].cuts;
      if (cuts.n_used == 0) continue;
      const std::int64_t left = n_used(bands, stream, segment);
      cuts.n_glitches += cuts.n_used - left;
      cuts.n_used = left;
    }
  }
}

}  // namespace

void find_noise_and_glitches(LoadedBands& bands, const MapmakeConfig& config, const DestriperSettings& settings,
                             const MapGrid& grid, const Communicator& ranks) {
  if (config.noise_prior == "residual") find_prior(bands, settings, grid, ranks);
  if (config.glitch_second_pass) find_long_glitches(bands, config, settings, grid, ranks);
}

std::vector<DestriperResult> find_subpixel_structure(DestriperData& data, std::span<const WithinPixel> within_pixel,
                                                     const DestriperSettings& settings, const MapGrid& grid,
                                                     const Communicator& ranks) {
  std::vector<DestriperResult> first = destripe(std::as_const(data), settings, ranks);
  for (std::size_t stream = 0; stream < first.size(); ++stream) {
    const MapSurface surface(share_map(first[stream].map, ranks), grid);
    data.streams[stream].subpixel_K = subpixel_structure(surface, data.pixel, within_pixel);
    first[stream].map = {};
  }
  return first;
}

}  // namespace comap
