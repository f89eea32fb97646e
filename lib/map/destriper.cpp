#include "map/destriper.hpp"

#include <chrono>
#include <cmath>

#include "map/components.hpp"
#include "map/conjugate_gradient.hpp"
#include "map/map_binning.hpp"
#include "map/offset_system.hpp"
#include "map/pixel_runs.hpp"
#include "map/shared_pixels.hpp"

namespace comap {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kGradientVectors = 5;  // of conjugate_gradient, among them residual and solution

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

CgResult solve(OffsetSystem& system, std::span<double> residual, std::span<double> solution,
               const DestriperSettings& settings) {
  const auto apply = [&](std::span<const double> x, std::span<double> y) { system.apply(x, y); };
  const auto precondition = [&](std::span<const double> r, std::span<double> z) { system.precondition(r, z); };
  const auto dot = [&](auto&&... vectors) { return system.dot(vectors...); };
  return conjugate_gradient(apply, precondition, dot, residual, solution, settings.threshold, settings.max_iterations);
}

void report_solution(const CgResult& result, const OffsetSystem& system, std::span<const double> residual,
                     SolverReport& report) {
  report.iterations = result.iterations;
  report.reason = result.reason;
  report.relative_residual = result.relative_residual;
  report.converged = result.reason == StopReason::threshold || result.reason == StopReason::nothing_to_solve;
  const auto [square, n] = system.noise_square(residual);
  report.residual_in_noise = n > 0.0 ? std::sqrt(square / n) : 0.0;
}

void count_offsets(std::span<const double> offset_weight, const Communicator& ranks, SolverReport& report) {
  std::vector<std::int64_t> counts(2, 0);
  for (const double weight : offset_weight) {
    ++counts[0];
    if (!(weight > 0.0)) ++counts[1];
  }
  ranks.sum(counts);
  report.n_offsets = counts[0];
  report.n_offsets_without_data = counts[1];
}

/// Memory of the sums that lives through the iterations.
std::size_t bytes_kept(const SampleSums& sums) {
  return (sums.map_weighted_tod.capacity() + sums.map_weight.capacity() + sums.hits.capacity()) * sizeof(double);
}

/// What is not needed once the right-hand side is made.
void release_solver_sums(SampleSums& sums) {
  for (auto* sum : {&sums.solver_weighted_tod, &sums.solver_weight, &sums.offset_weight, &sums.offset_weighted_tod,
                    &sums.mean_airmass, &sums.airmass_rounding}) {
    *sum = {};
  }
}

/// `release` is called when the samples are not needed any more.
template <typename Release>
DestriperResult destripe_and_release(const DestriperData& data, const DestriperSettings& settings,
                                     const Communicator& ranks, Release release) {
  const Clock::time_point start = Clock::now();
  const auto n_samples = static_cast<double>(std::max<std::size_t>(data.pixel.size(), 1));
  const PixelNumbering numbering = number_pixels(data, settings);
  SharedPixels shared(numbering, ranks);
  SampleSums sums;
  const PixelRuns runs = make_pixel_runs(data, settings, numbering, sums);
  OffsetPrior prior(data.segments, runs.layout);
  const std::vector<std::int32_t> map_pixels = numbering.map_pixels();
  const std::size_t bytes_of_caller = release();

  DestriperResult result;
  count_offsets(sums.offset_weight, ranks, result.report);
  result.report.n_components = count_components(runs, map_pixels, shared, ranks);
  OffsetSystem system(runs, sums, prior, shared, settings, ranks);
  std::vector<double> residual = system.right_hand_side(sums);
  release_solver_sums(sums);

  std::vector<double> solution(system.n_unknowns());
  const Clock::time_point before = Clock::now();
  const CgResult solved = solve(system, residual, solution, settings);
  const double solver_seconds = seconds_since(before);
  report_solution(solved, system, residual, result.report);
  result.report.seconds_per_iteration = solver_seconds / std::max(solved.iterations, 1);
  const std::size_t bytes = runs.bytes() + system.bytes() + shared.bytes() + bytes_kept(sums) + bytes_of_caller +
                            kGradientVectors * solution.capacity() * sizeof(double) +
                            map_pixels.capacity() * sizeof(std::int32_t);
  result.report.solver_bytes_per_sample = static_cast<double>(bytes) / n_samples;

  const auto [offsets, amplitudes] = system.with_segment_means(solution);
  result.map = bin_map(runs, {offsets, amplitudes}, map_pixels, sums, shared);
  OffsetSystem::Solution physical = system.physical(solution);
  result.offsets_K = std::move(physical.offsets_K);
  result.airmass_K = std::move(physical.amplitudes_K);
  result.report.seconds = seconds_since(start);
  return result;
}

}  // namespace

DestriperResult destripe(const DestriperData& data, const DestriperSettings& settings, const Communicator& ranks) {
  const auto keep = [&] {
    std::size_t bytes = (data.tod_K.size() + data.weight_factor.size() + data.solver_factor.size()) * sizeof(float) +
                        data.pixel.size() * sizeof(std::int32_t);
    for (const DestriperSegment& segment : data.segments) bytes += segment.airmass.size() * sizeof(float);
    return bytes;
  };
  return destripe_and_release(data, settings, ranks, keep);
}

DestriperResult destripe(DestriperData&& data, const DestriperSettings& settings, const Communicator& ranks) {
  DestriperData samples = std::move(data);
  const auto release = [&] {
    samples = DestriperData{};
    return std::size_t{0};
  };
  return destripe_and_release(samples, settings, ranks, release);
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
