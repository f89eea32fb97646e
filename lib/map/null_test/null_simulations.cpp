#include "map/null_test/null_simulations.hpp"

#include <algorithm>
#include <utility>

#include "core/log.hpp"
#include "map/null_test/noise_simulation.hpp"
#include "map/null_test/split_solve.hpp"
#include "map/products/map_pieces.hpp"
#include "map/solve_passes.hpp"

namespace comap {
namespace {

constexpr std::size_t kStreamsTogether = 8;  // that the solver takes through the pointing at once

/// Streams of noise: all bands of realisation `first`, then of the next.
std::vector<DestriperStream> noise_streams(const LoadedBands& bands, const std::vector<DestriperStream>& data,
                                           const std::vector<LargeVector<float>>& sky_K, int first, int end) {
  std::vector<DestriperStream> streams;
  for (int realisation = first; realisation < end; ++realisation) {
    for (std::size_t band = 0; band < data.size(); ++band) {
      streams.push_back(
          simulated_stream(bands.data.segments, data[band], bands.segments[band], sky_K[band], realisation));
    }
  }
  return streams;
}

/// On rank 0.
NullStatistic gathered_statistic(const std::vector<LabelMap>& maps, const MapmakeConfig& config,
                                 const DestriperSettings& settings, const Communicator& ranks) {
  std::vector<MapPiece> gathered;
  for (const LabelMap& map : maps) gathered.push_back(gather_map(map.map, ranks));
  if (ranks.rank() != 0) return {};
  return null_statistic(gathered, min_hits_of(gathered, config.hit_percentile), settings.n_columns);
}

}  // namespace

std::vector<std::vector<std::vector<NullStatistic>>> simulate_null_tests(
    LoadedBands& bands, std::span<const ScanPlace> places, const std::vector<LabelledSplit>& splits,
    const MapmakeConfig& config, const DestriperSettings& settings, const MapGrid& grid, const Communicator& ranks) {
  const std::size_t n_bands = bands.frequency_bands.size();
  std::vector statistics(splits.size(), std::vector<std::vector<NullStatistic>>(n_bands));
  const bool any =
      std::ranges::any_of(splits, [](const LabelledSplit& split) { return split.split.labels.size() > 1; });
  const int n_simulations = any ? config.null_test_simulations : 0;
  const auto n_together = static_cast<int>(std::max<std::size_t>(kStreamsTogether / n_bands, 1));
  std::vector<LargeVector<float>> sky_K(n_bands);
  if (n_simulations > 0 && config.null_test_noise == "residual") {
    sky_K = fit_noise_to_residual(bands, places, settings, grid, n_simulations, ranks);
  }
  std::vector<DestriperStream> data = std::move(bands.data.streams);
  for (int first = 0; first < n_simulations; first += n_together) {
    const int end = std::min(first + n_together, n_simulations);
    bands.data.streams = noise_streams(bands, data, sky_K, first, end);
    std::vector<DestriperResult> first_pass;
    if (config.subpixel_pass) {
      first_pass = find_subpixel_structure(bands.data, bands.within_pixel, settings, grid, ranks);
    }
    for (std::size_t i = 0; i < splits.size(); ++i) {
      const auto n_labels = static_cast<int>(splits[i].split.labels.size());
      if (n_labels < 2) continue;
      auto maps = solve_labels(bands.data, splits[i].labels, n_labels, settings, ranks, AfterSolve::keep, first_pass);
      for (std::size_t stream = 0; stream < maps.size(); ++stream) {
        statistics[i][stream % n_bands].push_back(gathered_statistic(maps[stream], config, settings, ranks));
      }
    }
    if (ranks.rank() == 0) log_info("null tests: {} of {} simulations", end, n_simulations);
  }
  bands.data.streams = std::move(data);
  return statistics;
}

}  // namespace comap
