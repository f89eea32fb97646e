#include "math/noise_spectrum.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/constants.hpp"
#include "math/fft.hpp"
#include "math/median.hpp"

namespace comap {
namespace {

constexpr NoiseModel kFailed = {kNan, kNan, kNan};
constexpr double kAlphaLimit = 4.0;
constexpr std::size_t kParameters = 3;
constexpr int kMaxIterations = 300;
constexpr double kConverged = 1e-12;    ///< relative change of the cost by an accepted step
constexpr double kNearlyNewton = 1e-3;  ///< above, a step is short because it is damped
constexpr double kLargestStep = 0.3;    ///< of ln sigma: a sigma that runs to 0 never comes back
constexpr double kSmallestDamping = 1e-12;
constexpr double kSmallestStep = 1e-9;  ///< of the parameters: at the minimum to rounding
constexpr std::size_t kFirstCosineMode = 3;
constexpr double kFewestKept = 0.95;  ///< of a mode: red noise leaks from slower ones into what a template leaves

/// ln white, ln red, alpha
using Parameters = Eigen::Vector3d;

struct Point {
  double log_ratio;  ///< ln(f / f_0)
  double log_power;
  double weight;
};

struct Expansion {
  double cost = 0.0;
  Eigen::Matrix3d curvature = Eigen::Matrix3d::Zero();
  Eigen::Vector3d descent = Eigen::Vector3d::Zero();
};

/// The points of a spectrum and the kind of fit to them.
struct Problem {
  std::vector<Point> points;
  SpectrumFit fit;
  bool hold_white;

  Expansion expand(const Parameters& parameters) const;
  Parameters damped_step(const Expansion& here, const Parameters& parameters, double damping) const;
};

Expansion Problem::expand(const Parameters& parameters) const {
  Expansion result;
  for (const Point& point : points) {
    const double white = std::exp(2.0 * parameters[0]);
    const double red = std::exp(2.0 * parameters[1] + parameters[2] * point.log_ratio);
    const double model = white + red;
    const Eigen::Vector3d slope(2.0 * white / model, 2.0 * red / model, red / model * point.log_ratio);
    double residual = point.log_power - std::log(model);
    double cost = residual * residual;
    if (fit == SpectrumFit::likelihood) {
      const double ratio = std::exp(residual);
      cost = ratio - residual;  // ln model + P / model, less what no parameter changes
      residual = ratio - 1.0;
    }
    result.cost += point.weight * cost;
    result.curvature += point.weight * slope * slope.transpose();
    result.descent += point.weight * residual * slope;
  }
  return result;
}

void hold(int parameter, Eigen::Matrix3d& matrix, Eigen::Vector3d& descent) {
  matrix.row(parameter).setZero();
  matrix.col(parameter).setZero();
  matrix(parameter, parameter) = 1.0;
  descent[parameter] = 0.0;
}

Parameters Problem::damped_step(const Expansion& here, const Parameters& parameters, double damping) const {
  Eigen::Matrix3d matrix = here.curvature;
  matrix.diagonal() *= 1.0 + damping;
  matrix.diagonal().array() += std::numeric_limits<double>::min();
  Eigen::Vector3d descent = here.descent;
  const bool at_limit = std::abs(parameters[2]) >= kAlphaLimit && descent[2] * parameters[2] > 0.0;
  if (at_limit) hold(2, matrix, descent);
  if (hold_white) hold(0, matrix, descent);
  Eigen::Vector3d step = matrix.ldlt().solve(descent);
  step *= std::min(1.0, kLargestStep / step.cwiseAbs().maxCoeff());
  Parameters next = parameters + step;
  next[2] = std::clamp(next[2], -kAlphaLimit, kAlphaLimit);
  return next;
}

std::vector<Point> usable_points(std::span<const SpectrumBin> bins, double reference_Hz, SpectrumFit fit) {
  std::vector<Point> points;
  for (const SpectrumBin& bin : bins) {
    if (!(bin.power > 0.0) || !std::isfinite(bin.power)) continue;
    points.push_back({std::log(bin.frequency_Hz / reference_Hz), std::log(bin.power),
                      fit == SpectrumFit::likelihood ? bin.n_modes : std::sqrt(bin.n_modes)});
  }
  return points;
}

}  // namespace

std::vector<SpectrumBin> binned_power_spectrum(std::span<const double> values, double sample_time_s,
                                               std::size_t n_bins) {
  const std::size_t n = values.size();
  if (n < 4) return {};
  RealFft fft(n);
  const double middle = median(values);
  std::ranges::transform(values, fft.samples().begin(), [&](double value) { return value - middle; });
  fft.forward();

  const double step_Hz = 1.0 / (static_cast<double>(n) * sample_time_s);
  const std::size_t n_modes = n / 2;
  const double log_width = std::log(static_cast<double>(n_modes)) / static_cast<double>(n_bins);
  std::vector<SpectrumBin> bins(n_bins);
  for (std::size_t mode = 1; mode <= n_modes; ++mode) {
    const auto index = static_cast<std::size_t>(std::log(static_cast<double>(mode)) / log_width);
    SpectrumBin& bin = bins[std::min(index, n_bins - 1)];
    bin.power += std::norm(fft.spectrum()[mode]) / static_cast<double>(n);
    bin.n_modes += 1.0;
  }
  for (std::size_t i = 0; i < n_bins; ++i) {
    bins[i].frequency_Hz = step_Hz * std::exp((static_cast<double>(i) + 0.5) * log_width);
    bins[i].power /= bins[i].n_modes;
  }
  std::erase_if(bins, [](const SpectrumBin& bin) { return bin.n_modes == 0.0; });
  return bins;
}

std::vector<double> part_of_modes(std::span<const double> shape) {
  const double square = std::inner_product(shape.begin(), shape.end(), shape.begin(), 0.0);
  if (!(square > 0.0)) return {};
  std::vector<double> part(shape.begin(), shape.end());
  CosineTransform(part.size()).forward(part);
  for (double& mode : part) mode *= mode / square;
  return part;
}

std::vector<SpectrumBin> binned_cosine_spectrum(std::span<const double> values, std::span<const double> lost,
                                                double sample_time_s, std::size_t n_bins) {
  const std::size_t n = values.size();
  if (n <= kFirstCosineMode) return {};
  std::vector<double> modes(values.begin(), values.end());
  CosineTransform(n).forward(modes);
  const double step_Hz = 0.5 / (static_cast<double>(n) * sample_time_s);
  const double bins_per_unit = static_cast<double>(n_bins) / std::log(static_cast<double>(n));
  std::vector<SpectrumBin> bins(n_bins);
  for (std::size_t mode = kFirstCosineMode; mode < n; ++mode) {
    const double kept = lost.empty() ? 1.0 : 1.0 - lost[mode];
    if (kept < kFewestKept) continue;
    const double log_mode = std::log(static_cast<double>(mode));
    SpectrumBin& bin = bins[std::min(static_cast<std::size_t>(log_mode * bins_per_unit), n_bins - 1)];
    bin.frequency_Hz += log_mode;
    bin.power += modes[mode] * modes[mode] / kept;
    bin.n_modes += 1.0;
  }
  std::erase_if(bins, [](const SpectrumBin& bin) { return bin.n_modes == 0.0; });
  for (SpectrumBin& bin : bins) {
    bin.frequency_Hz = step_Hz * std::exp(bin.frequency_Hz / bin.n_modes);
    bin.power /= bin.n_modes;
  }
  return bins;
}

NoiseModel fit_noise_model(std::span<const SpectrumBin> bins, double reference_Hz, const NoiseModel& start,
                           SpectrumFit fit, bool hold_white) {
  const Problem problem{usable_points(bins, reference_Hz, fit), fit, hold_white};
  if (problem.points.size() <= kParameters || !(start.sigma_white > 0.0) || !(start.sigma_red > 0.0)) return kFailed;
  Parameters parameters(std::log(start.sigma_white), std::log(start.sigma_red), start.alpha);
  Expansion here = problem.expand(parameters);
  double damping = 1e-3;
  const auto model = [&] { return NoiseModel{std::exp(parameters[0]), std::exp(parameters[1]), parameters[2]}; };
  for (int i = 0; i < kMaxIterations && std::isfinite(here.cost); ++i) {
    const Parameters next = problem.damped_step(here, parameters, damping);
    const Expansion there = problem.expand(next);
    if ((next - parameters).norm() <= kSmallestStep) return model();
    if (!(there.cost <= here.cost)) {
      damping *= 10.0;
      continue;
    }
    const bool converged = damping <= kNearlyNewton && here.cost - there.cost <= kConverged * std::abs(here.cost);
    parameters = next;
    here = there;
    damping = std::max(damping / 10.0, kSmallestDamping);
    if (converged) return model();
  }
  return kFailed;
}

}  // namespace comap
