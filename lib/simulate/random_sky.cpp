#include "simulate/random_sky.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/constants.hpp"
#include "math/fft.hpp"
#include "math/random_stream.hpp"

namespace comap::simulate {
namespace {

constexpr double kPointsPerBeam = 4.0;

/// Square root of the power at a wave number [1/deg], with an arbitrary scale.
double amplitude(const RandomSkySettings& settings, double wave_number_per_deg) {
  if (wave_number_per_deg == 0.0) return 0.0;
  const double sigma_deg = settings.beam_fwhm_arcmin / 60.0 / std::sqrt(8.0 * std::numbers::ln2);
  const double x = wave_number_per_deg * sigma_deg;
  return std::pow(wave_number_per_deg, 0.5 * settings.slope) * std::exp(-0.5 * x * x);
}

/// White noise with the amplitudes of the settings.
void shape_spectrum(const RandomSkySettings& settings, std::size_t n, RealFft2d& fft) {
  const double step_per_deg = 2.0 * std::numbers::pi / settings.size_deg;
  const std::size_t n_columns = n / 2 + 1;
  fft.forward();
  for (std::size_t row = 0; row < n; ++row) {
    const double ky = static_cast<double>(std::min(row, n - row));
    for (std::size_t column = 0; column < n_columns; ++column) {
      const double wave_number_per_deg = step_per_deg * std::hypot(ky, static_cast<double>(column));
      fft.spectrum()[row * n_columns + column] *= amplitude(settings, wave_number_per_deg);
    }
  }
  fft.inverse();
}

/// A coordinate as index of the grid point below and weights of the four around (Keys 1981, a = -1/2).
struct CubicStencil {
  std::size_t first = 0;  ///< of the four, one below that point
  std::array<double, 4> weight{};
};

CubicStencil stencil_at(double coordinate, std::size_t n) {
  const double below = std::floor(coordinate);
  const double t = coordinate - below;
  const double wrapped = std::fmod(below - 1.0, static_cast<double>(n));
  const double first = wrapped < 0.0 ? wrapped + static_cast<double>(n) : wrapped;
  return {static_cast<std::size_t>(first) % n,
          {t * (-0.5 + t * (1.0 - 0.5 * t)), 1.0 + t * t * (-2.5 + 1.5 * t), t * (0.5 + t * (2.0 - 1.5 * t)),
           t * t * (-0.5 + 0.5 * t)}};
}

}  // namespace

RandomSkySettings random_sky_settings(const SimulateConfig& config) {
  return {config.random_rms_K,    config.random_slope,
          config.random_beta,     config.beam_fwhm_arcmin,
          config.random_size_deg, config.field_l_deg,
          config.field_b_deg,     stream_key(config.sky_seed, Purpose::random_sky, {})};
}

RandomSky::RandomSky(const RandomSkySettings& settings)
    : settings_(settings),
      n_(static_cast<std::size_t>(std::ceil(settings.size_deg * 60.0 * kPointsPerBeam / settings.beam_fwhm_arcmin))),
      cos_b_(std::cos(settings.b_deg * kDegree_rad)) {
  RealFft2d fft(n_, n_);
  RandomStream random(settings.key);
  for (double& value : fft.image()) value = random.normal();
  shape_spectrum(settings_, n_, fft);
  double power = 0.0;
  for (const double value : fft.image()) power += value * value;
  const double scale = power > 0.0 ? settings.rms_K / std::sqrt(power / static_cast<double>(n_ * n_)) : 0.0;
  for (const double value : fft.image()) values_K_.push_back(static_cast<float>(scale * value));
}

double RandomSky::brightness_K(double l_deg, double b_deg) const {
  if (!std::isfinite(l_deg) || !std::isfinite(b_deg)) return kNan;
  const double points_per_deg = static_cast<double>(n_) / settings_.size_deg;
  const CubicStencil x = stencil_at(std::remainder(l_deg - settings_.l_deg, 360.0) * cos_b_ * points_per_deg, n_);
  const CubicStencil y = stencil_at((b_deg - settings_.b_deg) * points_per_deg, n_);
  double sum = 0.0;
  for (std::size_t j = 0; j < y.weight.size(); ++j) {
    const std::size_t row = (y.first + j) % n_ * n_;
    for (std::size_t i = 0; i < x.weight.size(); ++i) {
      sum += y.weight[j] * x.weight[i] * values_K_[row + (x.first + i) % n_];
    }
  }
  return sum;
}

}  // namespace comap::simulate
