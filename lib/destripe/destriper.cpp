#include "destripe/destriper.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "core/stopping.hpp"
#include "destripe/components.hpp"
#include "destripe/conjugate_gradient.hpp"
#include "destripe/map_binning.hpp"
#include "destripe/offset_inverse.hpp"
#include "destripe/pixel_runs.hpp"
#include "destripe/pixel_system.hpp"
#include "destripe/residual_ratio.hpp"
#include "destripe/run_maker.hpp"
#include "destripe/shared_pixels.hpp"

namespace comap {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kGradientVectors = 5;  // of conjugate_gradient, among them residual and solution

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// A lane of interleaved numbers.
std::vector<double> take_lane(std::span<const double> values, std::size_t n_lanes, std::size_t lane) {
  std::vector<double> one;
  one.reserve(values.size() / n_lanes);
  for (std::size_t i = lane; i < values.size(); i += n_lanes) one.push_back(values[i]);
  return one;
}

void put_lane(const std::vector<double>& one, std::size_t n_lanes, std::size_t lane, std::span<double> values) {
  for (std::size_t i = 0; i < one.size(); ++i) values[i * n_lanes + lane] = one[i];
}

/// Memory of the sums that lives through the iterations.
std::size_t bytes_kept(const SampleSums& sums) {
  return (sums.map_weighted_tod.capacity() + sums.map_weight.capacity() + sums.hits.capacity()) * sizeof(double);
}

/// Frees the sums that are not needed once the right-hand side is made.
void release_solver_sums(SampleSums& sums) {
  for (auto* sum : {&sums.offset_weight, &sums.mean_airmass, &sums.airmass_rounding}) *sum = {};
}

/// Up to kMaxLanes streams of one call of destripe().
struct StreamGroup {
  std::span<const DestriperStream> streams;
  std::span<const DestriperResult> start;  ///< [stream] or empty
};

void count_offsets(const SampleSums& sums, std::size_t n_lanes, std::span<DestriperResult> results,
                   const Communicator& ranks) {
  for (std::size_t lane = 0; lane < results.size(); ++lane) {
    std::vector<std::int64_t> counts(2, 0);
    for (std::size_t i = lane; i < sums.offset_weight.size(); i += n_lanes) {
      ++counts[0];
      if (!(sums.offset_weight[i] > 0.0)) ++counts[1];
    }
    ranks.sum(counts);
    results[lane].report.n_offsets = counts[0];
    results[lane].report.n_offsets_without_data = counts[1];
  }
}

/// [lane]; those that have weight in the same parts on all ranks have the same ones.
using ComponentsOfLanes = std::vector<std::shared_ptr<const Components>>;

ComponentsOfLanes find_all_components(const PixelRuns& runs, std::span<const std::int32_t> map_pixels,
                                      SharedPixels& shared, std::span<DestriperResult> results,
                                      const Communicator& ranks) {
  ComponentsOfLanes components;
  for (std::size_t lane = 0; lane < results.size(); ++lane) {
    std::vector<std::int64_t> differ(lane, 0);
    for (std::size_t other = 0; other < lane; ++other) {
      for (std::size_t i = 0; i < runs.weight_per_K2.size(); i += runs.n_lanes) {
        differ[other] += (runs.weight_per_K2[i + lane] > 0.0) != (runs.weight_per_K2[i + other] > 0.0);
      }
    }
    ranks.sum(std::span<std::int64_t>(differ));
    const std::size_t same = std::ranges::find(differ, 0) - differ.begin();
    components.push_back(
        same < lane ? components[same]
                    : std::make_shared<const Components>(find_components(runs, lane, map_pixels, shared, ranks)));
    results[lane].report.n_components = components[lane]->count;
    results[lane].report.n_pixels_of_component =
        same < lane ? results[same].report.n_pixels_of_component : median_component(*components[lane], shared, ranks);
  }
  return components;
}

std::size_t bytes_of(const ComponentsOfLanes& components) {
  std::size_t bytes = 0;
  for (std::size_t lane = 0; lane < components.size(); ++lane) {
    const bool first =
        std::find(components.begin(), components.begin() + lane, components[lane]) == components.begin() + lane;
    if (first) bytes += components[lane]->of_pixel.capacity() * sizeof(std::int32_t);
  }
  return bytes;
}

LargeVector<double> start_of(PixelSystem& system, const PixelRuns& runs, const StreamGroup& group) {
  if (group.start.empty()) return LargeVector<double>(system.size(), 0.0);
  PixelSystem::Solution start;
  start.offsets_K.resize(runs.layout.n_offsets() * runs.n_lanes, 0.0);
  start.amplitudes_K.resize(runs.layout.n_segments() * runs.n_lanes, 0.0);
  for (std::size_t lane = 0; lane < group.start.size(); ++lane) {
    put_lane(group.start[lane].offsets_K, runs.n_lanes, lane, start.offsets_K);
    put_lane(group.start[lane].airmass_K, runs.n_lanes, lane, start.amplitudes_K);
  }
  return system.map_for(std::move(start));
}

/// |r|^2 of each lane.
LaneValues square_of(const PixelSystem& system, std::span<const double> r) {
  LargeVector<double> z(system.size());
  return system.precondition(r, z).second;
}

/// |r|^2 at which each lane is done: as the settings have it, but not below rounding errors. A lane that offsets
/// explain but for those has nothing to solve: negative.
LaneValues residual_limits(PixelSystem& system, const LaneValues& rhs, const DestriperSettings& settings) {
  constexpr double kRounding = 1e-13;  // of the data
  const LaneValues offsets = system.offsets_square();
  LaneValues limits{};
  for (std::size_t lane = 0; lane < kMaxLanes; ++lane) {
    const double rounding = kRounding * kRounding * (offsets[lane] + rhs[lane]);
    const double relative = settings.threshold * settings.threshold * rhs[lane];
    const double in_noise = settings.noise_threshold * settings.noise_threshold * system.n_pixels()[lane];
    limits[lane] = rhs[lane] > rounding ? std::max({relative, in_noise, rounding}) : -1.0;
  }
  return limits;
}

/// Solves for `map`, which holds the start: zeros, or any other; returns its residual but for a level set since. Throws
/// Stopped on all ranks after an iteration in which any was asked to stop.
LargeVector<double> solve(PixelSystem& system, std::size_t n_lanes, const DestriperSettings& settings, bool from_zero,
                          const ComponentsOfLanes& components, const Communicator& ranks, std::span<double> map,
                          std::span<DestriperResult> results) {
  const Clock::time_point before = Clock::now();
  LargeVector<double> residual = system.right_hand_side();
  const LaneValues rhs = square_of(system, residual);
  const CgLimits limits{settings.max_iterations, residual_limits(system, rhs, settings)};
  for (std::size_t lane = 0; lane < n_lanes; ++lane) {
    if (limits.square[lane] >= 0.0) continue;
    for (std::size_t i = lane; i < map.size(); i += n_lanes) map[i] = 0.0;
  }
  if (!from_zero) residual = system.residual(map);
  const auto apply = [&](std::span<const double> x, std::span<double> y) {
    throw_when_stopped(ranks);
    system.apply(x, y);
  };
  const auto precondition = [&](std::span<const double> r, std::span<double> z) { return system.precondition(r, z); };
  const auto dot = [&](std::span<const double> x, std::span<const double> y) { return system.dot(x, y); };
  const auto lanes = conjugate_gradient(apply, precondition, dot, n_lanes, residual, map, limits);
  for (std::size_t lane = 0; lane < results.size(); ++lane) {
    if (lanes[lane].reason != StopReason::nothing_to_solve) system.set_level(residual, *components[lane], lane, map);
  }
  const double seconds = seconds_since(before);
  int iterations = 1;
  for (const CgResult& lane : lanes) iterations = std::max(iterations, lane.iterations);
  for (std::size_t lane = 0; lane < results.size(); ++lane) {
    SolverReport& report = results[lane].report;
    report.iterations = lanes[lane].iterations;
    report.reason = lanes[lane].reason;
    report.relative_residual = rhs[lane] > 0.0 ? std::sqrt(lanes[lane].square / rhs[lane]) : 0.0;
    const double n_pixels = system.n_pixels()[lane];
    report.residual_in_noise = n_pixels > 0.0 ? std::sqrt(lanes[lane].square / n_pixels) : 0.0;
    report.converged = report.reason == StopReason::threshold || report.reason == StopReason::nothing_to_solve;
    report.seconds_per_iteration = seconds / iterations;
  }
  return residual;
}

bool any_prior(const StreamGroup& group, const Communicator& ranks) {
  const bool mine = std::ranges::any_of(group.streams, [](const DestriperStream& stream) {
    return std::ranges::any_of(stream.prior_variance_K2, [](const auto& variance) { return !variance.empty(); });
  });
  return ranks.sum(std::int64_t{mine ? 1 : 0}) > 0;
}

/// One for each stream. Collective.
std::vector<Regularisation> regularisation_of(const SampleSums& sums, std::size_t n_streams, std::size_t n_lanes,
                                              const DestriperSettings& settings, const Communicator& ranks) {
  std::vector<Regularisation> result;
  for (std::size_t lane = 0; lane < n_streams; ++lane) {
    result.push_back(make_regularisation(settings, take_lane(sums.offset_weight, n_lanes, lane), ranks));
  }
  return result;
}

/// `release` is called when the samples are not needed any more, and returns the bytes that stay.
template <typename Release>
std::vector<DestriperResult> destripe_group(const DestriperData& data, const StreamGroup& group,
                                            const PixelNumbering& numbering, SharedPixels& shared,
                                            const DestriperSettings& settings, const Communicator& ranks,
                                            Release release) {
  const Clock::time_point start = Clock::now();
  std::vector<DestriperResult> results(group.streams.size());
  const auto n_numbers = static_cast<double>(std::max<std::size_t>(data.pixel.size(), 1) * results.size());
  SampleSums sums;
  const PixelRuns runs = make_pixel_runs(data, group.streams, settings, numbering, sums);
  const std::vector<std::int32_t> map_pixels = numbering.map_pixels();
  count_offsets(sums, runs.n_lanes, results, ranks);
  const ComponentsOfLanes components = find_all_components(runs, map_pixels, shared, results, ranks);
  OffsetInverse inverse(runs, sums, group.streams,
                        regularisation_of(sums, results.size(), runs.n_lanes, settings, ranks), ranks);
  const bool has_priors = any_prior(group, ranks);
  PixelSystem system(runs, sums, inverse, shared, numbering, settings, ranks);
  LargeVector<double> map = start_of(system, runs, group);
  const std::size_t bytes_of_caller = release();
  release_solver_sums(sums);
  const LargeVector<double> residual =
      solve(system, runs.n_lanes, settings, group.start.empty(), components, ranks, map, results);

  const std::size_t bytes = runs.bytes() + inverse.bytes() + system.bytes() + shared.bytes() + bytes_kept(sums) +
                            bytes_of_caller + kGradientVectors * map.capacity() * sizeof(double) +
                            map_pixels.capacity() * sizeof(std::int32_t) + bytes_of(components);
  PixelSystem::Solution solution = system.offsets_of(map);
  std::vector<MapPiece> maps = bin_map(runs, {solution.offsets_K, solution.amplitudes_K},
                                       system.binned_with_offsets_of(map, residual), map_pixels, sums, shared);
  system.take_off_airmass(solution);
  for (std::size_t lane = 0; lane < results.size(); ++lane) {
    DestriperResult& result = results[lane];
    result.map = std::move(maps[lane]);
    result.offsets_K = take_lane(solution.offsets_K, runs.n_lanes, lane);
    result.airmass_K = take_lane(solution.amplitudes_K, runs.n_lanes, lane);
    if (has_priors) {
      result.report.residual_ratio = residual_ratio(inverse, runs.layout, result.offsets_K, lane, ranks);
    }
    result.report.solver_bytes_per_sample = static_cast<double>(bytes) / n_numbers;
    result.report.seconds = seconds_since(start);
  }
  return results;
}

/// release(n): the first n streams are not needed any more.
template <typename Release>
std::vector<DestriperResult> destripe_in_groups(const DestriperData& data, const DestriperSettings& settings,
                                                const Communicator& ranks, std::span<const DestriperResult> start,
                                                Release release) {
  const Clock::time_point begin = Clock::now();
  const PixelNumbering numbering = number_pixels(data, settings);
  SharedPixels shared(numbering, ranks);
  const double seconds_shared = seconds_since(begin);
  const std::size_t n_streams = data.streams.size();
  std::vector<DestriperResult> results;
  for (std::size_t first = 0; first < n_streams; first += kMaxLanes) {
    const std::size_t count = std::min(kMaxLanes, n_streams - first);
    const StreamGroup group{std::span(data.streams).subspan(first, count),
                            start.empty() ? start : start.subspan(first, count)};
    auto solved =
        destripe_group(data, group, numbering, shared, settings, ranks, [&] { return release(first + count); });
    for (DestriperResult& result : solved) {
      result.report.seconds += seconds_shared;
      results.push_back(std::move(result));
    }
  }
  return results;
}

std::size_t bytes_of(const DestriperData& data) {
  std::size_t bytes = (data.weight_factor.size() + data.solver_factor.size() + data.airmass.size()) * sizeof(float) +
                      data.pixel.size() * sizeof(std::int32_t);
  for (const DestriperStream& stream : data.streams) {
    bytes += (stream.tod_K.size() + stream.subpixel_K.size()) * sizeof(float);
  }
  return bytes;
}

}  // namespace

std::vector<DestriperResult> destripe(const DestriperData& data, const DestriperSettings& settings,
                                      const Communicator& ranks, std::span<const DestriperResult> start) {
  return destripe_in_groups(data, settings, ranks, start, [&](std::size_t) { return bytes_of(data); });
}

std::vector<DestriperResult> destripe(DestriperData&& data, const DestriperSettings& settings,
                                      const Communicator& ranks, std::span<const DestriperResult> start) {
  DestriperData samples = std::move(data);
  return destripe_in_groups(samples, settings, ranks, start, [&](std::size_t n_done) {
    for (std::size_t stream = 0; stream < n_done; ++stream) {
      samples.streams[stream].tod_K = {};
      samples.streams[stream].subpixel_K = {};
      samples.streams[stream].prior_variance_K2 = {};
    }
    if (n_done == samples.streams.size()) {
      samples.pixel = {};
      samples.airmass = {};
      samples.solver_factor = {};
      samples.weight_factor = {};
      samples.segments = {};
    }
    return bytes_of(samples);
  });
}

std::string to_text(StopReason reason) {
  switch (reason) {
    case StopReason::threshold:
      return "threshold reached";
    case StopReason::max_iterations:
      return "maximum number of iterations";
    case StopReason::breakdown:
      return "rounding errors leave nothing to gain";
    case StopReason::nothing_to_solve:
      return "nothing to solve";
  }
  return "unknown";
}

}  // namespace comap
