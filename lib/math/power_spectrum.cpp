#include "math/power_spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numeric>

#include "core/error.hpp"
#include "math/least_squares.hpp"

namespace comap {
namespace {

/// Mean square of the window 1/2 - cos(2 pi i / n) / 2, whose transform has the three modes 1/2, -1/4, -1/4.
constexpr double kHannMeanSquare = 0.375;

}  // namespace

std::vector<double> windowed_power(std::span<const double> series, RealFft& fft) {
  const std::size_t n = series.size();
  if (fft.size() != n || n < 2) throw Bug("power spectrum with a transform of another length");
  const double mean = std::accumulate(series.begin(), series.end(), 0.0) / static_cast<double>(n);
  std::ranges::transform(series, fft.samples().begin(), [mean](double value) { return value - mean; });
  fft.forward();
  const auto spectrum = fft.spectrum();
  const std::size_t last = spectrum.size() - 1;
  // Modes of negative frequency are the conjugates of those of positive frequency.
  const std::complex<double> beyond = std::conj(spectrum[n % 2 == 0 ? last - 1 : last]);
  const double normalisation = 1.0 / (kHannMeanSquare * static_cast<double>(n));
  std::vector<double> power(spectrum.size());
  for (std::size_t k = 0; k <= last; ++k) {
    const std::complex<double> below = k > 0 ? spectrum[k - 1] : std::conj(spectrum[1]);
    const std::complex<double> above = k < last ? spectrum[k + 1] : beyond;
    power[k] = normalisation * std::norm(0.5 * spectrum[k] - 0.25 * (below + above));
  }
  return power;
}

BinnedSpectrum::BinnedSpectrum(double low_Hz, double high_Hz, std::size_t n_bins)
    : low_Hz_(low_Hz), log_range_(std::log(high_Hz / low_Hz)), sums_(n_bins) {}

void BinnedSpectrum::add(std::span<const double> power, double frequency_step_Hz, double white_level) {
  for (std::size_t k = 1; k < power.size(); ++k) {
    const double log_frequency = std::log(static_cast<double>(k) * frequency_step_Hz / low_Hz_);
    if (log_frequency < 0.0 || log_frequency >= log_range_) continue;
    const auto bin = static_cast<std::size_t>(log_frequency / log_range_ * static_cast<double>(sums_.size()));
    Sums& sums = sums_[std::min(bin, sums_.size() - 1)];
    sums.log_frequency += log_frequency;
    sums.power += power[k];
    sums.white_level += white_level;
    sums.n_modes += 1.0;
  }
}

std::vector<BinnedSpectrum::Bin> BinnedSpectrum::bins() const {
  std::vector<Bin> bins;
  for (const Sums& sums : sums_) {
    if (sums.n_modes == 0.0) continue;
    bins.push_back({low_Hz_ * std::exp(sums.log_frequency / sums.n_modes), sums.power / sums.n_modes,
                    sums.white_level / sums.n_modes, sums.n_modes});
  }
  return bins;
}

namespace {

/// ln sigma^2 and alpha.
using WhittleParameters = Vector2;

struct Range {
  double low;
  double high;
  int n_steps;
};

// Where the search starts; relative to the mean level of the spectrum for ln sigma^2.
constexpr Range kStartLogVariance{-14.0, 8.0, 45};
constexpr Range kStartAlpha{-3.0, 0.0, 13};
constexpr int kMaxSteps = 100;
constexpr double kConvergedStep = 1e-10;

double at_step(const Range& range, int step) {
  return range.low + (range.high - range.low) * step / (range.n_steps - 1);
}

/// Minus the logarithm of the posterior, with its gradient and expected curvature (Fisher information).
struct Objective {
  double value = 0.0;
  Vector2 gradient{};
  Matrix2 curvature{};
};

struct WhittleProblem {
  std::span<const BinnedSpectrum::Bin> bins;
  double reference_Hz;
  PowerLawPrior prior;

  Objective evaluate(const WhittleParameters& parameters) const;
};

Objective WhittleProblem::evaluate(const WhittleParameters& parameters) const {
  Objective result;
  for (const BinnedSpectrum::Bin& bin : bins) {
    const double log_frequency = std::log(bin.frequency_Hz / reference_Hz);
    const double red = std::exp(parameters[0] + parameters[1] * log_frequency);
    const double model = bin.white_level + red;
    const Vector2 derivative = {red / model, red / model * log_frequency};
    result.value += bin.n_modes * (std::log(model) + bin.power / model);
    for (std::size_t i = 0; i < 2; ++i) {
      result.gradient[i] += bin.n_modes * (1.0 - bin.power / model) * derivative[i];
      for (std::size_t j = 0; j < 2; ++j) result.curvature[i][j] += bin.n_modes * derivative[i] * derivative[j];
    }
  }
  const double deviation = (parameters[1] - prior.alpha_mean) / prior.alpha_error;
  result.value += 0.5 * deviation * deviation;
  result.gradient[1] += deviation / prior.alpha_error;
  result.curvature[1][1] += 1.0 / (prior.alpha_error * prior.alpha_error);
  if (prior.fixed_sigma) {
    result.gradient[0] = 0.0;
    result.curvature[0] = {1.0, 0.0};
    result.curvature[1][0] = 0.0;
  }
  if (prior.fixed_alpha) {
    result.gradient[1] = 0.0;
    result.curvature[1] = {0.0, 1.0};
    result.curvature[0][1] = 0.0;
  }
  return result;
}

double mean_power(std::span<const BinnedSpectrum::Bin> bins) {
  double power = 0.0;
  double n_modes = 0.0;
  for (const BinnedSpectrum::Bin& bin : bins) {
    power += bin.power * bin.n_modes;
    n_modes += bin.n_modes;
  }
  return power / n_modes;
}

WhittleParameters best_start(const WhittleProblem& problem) {
  const double level = std::log(mean_power(problem.bins));
  WhittleParameters best{};
  double best_value = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kStartLogVariance.n_steps; ++i) {
    for (int j = 0; j < kStartAlpha.n_steps; ++j) {
      WhittleParameters start = {level + at_step(kStartLogVariance, i), at_step(kStartAlpha, j)};
      if (problem.prior.fixed_sigma) start[0] = 2.0 * std::log(*problem.prior.fixed_sigma);
      if (problem.prior.fixed_alpha) start[1] = *problem.prior.fixed_alpha;
      const double value = problem.evaluate(start).value;
      if (value < best_value) {
        best_value = value;
        best = start;
      }
    }
  }
  return best;
}

/// Fisher scoring: Newton's method with the expected curvature, steps halved until they lead downwards.
WhittleParameters descend(const WhittleProblem& problem, WhittleParameters parameters) {
  Objective here = problem.evaluate(parameters);
  for (int iteration = 0; iteration < kMaxSteps; ++iteration) {
    const std::optional<Vector2> step = solve(here.curvature, here.gradient);
    if (!step) break;
    double length = 1.0;
    WhittleParameters next;
    Objective there;
    do {
      next = {parameters[0] - length * (*step)[0], parameters[1] - length * (*step)[1]};
      there = problem.evaluate(next);
      length *= 0.5;
    } while (!(there.value <= here.value) && length > kConvergedStep);
    if (!(there.value <= here.value)) break;
    const bool converged = std::abs(next[0] - parameters[0]) + std::abs(next[1] - parameters[1]) < kConvergedStep;
    parameters = next;
    here = there;
    if (converged) break;
  }
  return parameters;
}

}  // namespace

PowerLaw fit_power_law(std::span<const BinnedSpectrum::Bin> bins, double reference_Hz, const PowerLawPrior& prior) {
  if (prior.fixed_sigma && prior.fixed_alpha) return {*prior.fixed_sigma, *prior.fixed_alpha};
  if (bins.empty() || !(mean_power(bins) > 0.0)) {
    return {prior.fixed_sigma.value_or(0.0), prior.fixed_alpha.value_or(prior.alpha_mean)};
  }
  const WhittleProblem problem{bins, reference_Hz, prior};
  const WhittleParameters fit = descend(problem, best_start(problem));
  return {std::exp(0.5 * fit[0]), fit[1]};
}

}  // namespace comap
