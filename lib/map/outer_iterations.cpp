#include "map/outer_iterations.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "core/log.hpp"
#include "destripe/destriper.hpp"
#include "io/plot/line_plot.hpp"
#include "map/products/map_pieces.hpp"
#include "sky/sky_smoothing.hpp"

namespace comap {
namespace {

SkyPositions centres_of(const MapGrid& grid, std::span<const std::int64_t> pixel) {
  SkyPositions positions{std::vector<double>(pixel.size()), std::vector<double>(pixel.size())};
  grid.pixel_centres(pixel, positions.longitude_deg, positions.latitude_deg);
  return positions;
}

double prior_at(const HealpixSky& prior, SkyFrame frame, SkyPosition position) {
  return prior.temperature_K(frame == SkyFrame::galactic ? position : icrs_to_galactic(position));
}

/// Mixes the large scales of one map in place. NaN of the prior and pixels without it near keep their value.
void mix(std::span<const std::int64_t> pixel, const MapGrid& grid, const MapmakeConfig& config, const HealpixSky& prior,
         std::span<double> sky_K) {
  const SkyPositions at = centres_of(grid, pixel);
  std::vector<double> difference_K(pixel.size());
  for (std::size_t i = 0; i < pixel.size(); ++i) {
    difference_K[i] = prior_at(prior, grid.frame(), {at.longitude_deg[i], at.latitude_deg[i]}) - sky_K[i];
  }
  const std::vector<double> large_K =
      smooth_on_sky(at.longitude_deg, at.latitude_deg, difference_K, config.prior_smoothing_fwhm_deg);
  for (std::size_t i = 0; i < pixel.size(); ++i) {
    if (std::isfinite(large_K[i])) sky_K[i] += config.prior_mixing_alpha * large_K[i];
  }
}

/// Takes the sky out of the samples of a stream, besides what `structure_K` [sample, or empty] has.
void take_out(const HitPixels& hit, std::span<const double> sky_K, std::span<const float> structure_K,
              const LargeVector<std::int32_t>& pixel, LargeVector<float>& taken_K) {
  taken_K = LargeVector<float>(pixel.size(), 0.0F, pixel.get_allocator());
  for (std::size_t i = 0; i < pixel.size(); ++i) {
    passed_over(pixel, 3);
    const std::size_t place = hit.place(pixel[i]);
    if (place != HitPixels::kNone) taken_K[i] = static_cast<float>(sky_K[place]);
    if (!structure_K.empty()) taken_K[i] += structure_K[i];
  }
}

}  // namespace

std::vector<double> sky_estimate(const MapPiece& map, const MapGrid& grid, const MapmakeConfig& config,
                                 const HealpixSky* prior) {
  std::vector<double> sky_K = map.destriped_K;
  if (prior == nullptr || config.prior_mixing_alpha == 0.0) return sky_K;
  const std::span<const std::int64_t> pixel(map.pixel);
  for (std::size_t begin = 0; begin < pixel.size();) {
    const std::int64_t next_map = (pixel[begin] / grid.n_pixels() + 1) * grid.n_pixels();
    const std::size_t end = std::ranges::lower_bound(pixel, next_map) - pixel.begin();
    mix(pixel.subspan(begin, end - begin), grid, config, *prior, std::span(sky_K).subspan(begin, end - begin));
    begin = end;
  }
  return sky_K;
}

MapChange map_change(const MapPiece& before, const MapPiece& after, const Communicator& ranks) {
  std::array<double, 3> sums{};
  for (std::size_t i = 0; i < after.pixel.size(); ++i) {
    const double change_K = after.destriped_K[i] - before.destriped_K[i];
    sums[0] += 1.0;
    sums[1] += change_K * change_K;
    sums[2] += change_K * change_K * after.weight_per_K2[i];
  }
  ranks.sum(std::span<double>(sums));
  const double n = std::max(sums[0], 1.0);
  return {std::sqrt(sums[1] / n), std::sqrt(sums[2] / n)};
}

OuterIterations iterate(LoadedBands& bands, const MapmakeConfig& config, const DestriperSettings& settings,
                        const MapGrid& grid, const HealpixSky* prior, const Communicator& ranks) {
  const std::size_t n_streams = bands.data.streams.size();
  OuterIterations result{std::vector<MapPiece>(n_streams), std::vector<std::vector<MapChange>>(n_streams)};
  std::vector<LargeVector<float>> structure_K;
  for (const DestriperStream& stream : bands.data.streams) structure_K.push_back(stream.subpixel_K);
  for (int solve = 1; solve < config.n_destriper_iterations; ++solve) {
    std::vector<DestriperResult> solved = destripe(std::as_const(bands.data), settings, ranks);
    for (std::size_t stream = 0; stream < n_streams; ++stream) {
      MapPiece& map = solved[stream].map;
      if (solve > 1) result.changes[stream].push_back(map_change(result.last[stream], map, ranks));
      if (config.prior_mixing_alpha > 0.0) {
        const MapPiece whole = share_map(map, ranks);
        take_out(HitPixels(whole.pixel), sky_estimate(whole, grid, config, prior), structure_K[stream],
                 bands.data.pixel, bands.data.streams[stream].subpixel_K);
      }
      result.last[stream] = std::move(map);
    }
  }
  return result;
}

void log_changes(int frequency_band, const std::vector<MapChange>& changes) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    log_info("frequency band {}: solve {} of {} changed the map by {:.3e} K rms, {:.3g} of its white noise",
             frequency_band, i + 2, changes.size() + 1, changes[i].rms_K, changes[i].rms_in_noise);
  }
}

void plot_convergence(const std::string& png_path, const std::string& title, const std::vector<MapChange>& changes) {
  Curve in_kelvin{"", {}, {}, CurveStyle::line, 0};
  Curve in_noise{"", {}, {}, CurveStyle::line, 1};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto solve = static_cast<double>(i + 2);
    in_kelvin.x.push_back(solve);
    in_kelvin.y.push_back(changes[i].rms_K);
    in_noise.x.push_back(solve);
    in_noise.y.push_back(changes[i].rms_in_noise);
  }
  constexpr double kTicks = 8.0;
  const double tick = std::max(1.0, std::ceil(static_cast<double>(changes.size()) / kTicks));  // of whole solves
  const auto panel = [tick](const char* heading, const char* unit, Curve curve) {
    Curve points = curve;
    points.style = CurveStyle::points;
    return CurvePanel{heading, "solve", unit, false, true, {std::move(curve), std::move(points)}, tick};
  };
  write_line_plot(
      png_path, title,
      {panel("Change from the solve before", "rms [K]", in_kelvin), panel("In units of white noise", "rms", in_noise)},
      2);
}

}  // namespace comap
