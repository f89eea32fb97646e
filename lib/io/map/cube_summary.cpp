#include "io/map/cube_summary.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "core/constants.hpp"

namespace comap {
namespace {

std::vector<std::size_t> channels_in_window(const SpectralCube& cube, const std::vector<double>& velocity_km_s) {
  std::vector<std::size_t> inside, all;
  for (std::size_t channel = 0; channel < velocity_km_s.size(); ++channel) {
    all.push_back(channel);
    if (velocity_km_s[channel] >= cube.window_km_s[0] && velocity_km_s[channel] <= cube.window_km_s[1]) {
      inside.push_back(channel);
    }
  }
  return inside.empty() ? all : inside;
}

struct Intensity {
  double value_K_km_s = kNan;
  double rms_K_km_s = kNan;
};

Intensity intensity_of(const SpectralCube& cube, std::size_t pixel, const std::vector<std::size_t>& channels,
                       double width_km_s) {
  const std::size_t n_channels = cube.axis.n_channels;
  double sum_K = 0.0, variance_K2 = 0.0, n = 0.0;
  for (const std::size_t channel : channels) {
    const double value = cube.spectra.temperature_K[pixel * n_channels + channel];
    if (!std::isfinite(value)) continue;
    sum_K += value;
    variance_K2 += std::pow(static_cast<double>(cube.spectra.rms_K[pixel * n_channels + channel]), 2);
    n += 1.0;
  }
  if (n == 0.0) return {};
  const double scale = width_km_s * static_cast<double>(channels.size()) / n;
  return {sum_K * scale, std::sqrt(variance_K2) * scale};
}

/// Mean over the pixels that `wanted` accepts.
std::vector<double> mean_spectrum(const SpectralCube& cube, const std::function<bool(std::int64_t)>& wanted) {
  const std::size_t n_channels = cube.axis.n_channels;
  std::vector<double> sum(n_channels, 0.0), weights(n_channels, 0.0);
  for (std::size_t pixel = 0; pixel < cube.spectra.n_pixels(); ++pixel) {
    if (!wanted(cube.spectra.pixel[pixel])) continue;
    for (std::size_t channel = 0; channel < n_channels; ++channel) {
      const double value = cube.spectra.temperature_K[pixel * n_channels + channel];
      const double rms = cube.spectra.rms_K[pixel * n_channels + channel];
      if (!std::isfinite(value)) continue;
      sum[channel] += value / (rms * rms);
      weights[channel] += 1.0 / (rms * rms);
    }
  }
  for (std::size_t channel = 0; channel < n_channels; ++channel) {
    sum[channel] = weights[channel] > 0.0 ? sum[channel] / weights[channel] : kNan;
  }
  return sum;
}

std::function<bool(std::int64_t)> within(double radius_deg, std::int64_t centre, const WcsDefinition& wcs) {
  return [=](std::int64_t pixel) {
    const std::int64_t n_x = wcs.naxis[0];
    const std::int64_t columns = pixel % n_x - centre % n_x, rows = pixel / n_x - centre / n_x;
    return std::hypot(static_cast<double>(columns) * wcs.cdelt_deg[0], static_cast<double>(rows) * wcs.cdelt_deg[1]) <=
           radius_deg;
  };
}

}  // namespace

CubeSummary summary_of(const SpectralCube& cube) {
  CubeSummary summary;
  for (int channel = 0; channel < cube.axis.n_channels; ++channel) {
    summary.velocity_km_s.push_back(kLightSpeed_km_s * (1.0 - cube.axis.frequency_GHz(channel) / cube.rest_GHz));
  }
  const double width_km_s = kLightSpeed_km_s * std::abs(cube.axis.step_GHz) / cube.rest_GHz;
  const std::vector<std::size_t> channels = channels_in_window(cube, summary.velocity_km_s);
  summary.intensity_K_km_s.assign(cube.wcs.naxis[0] * cube.wcs.naxis[1], static_cast<float>(kNan));
  double highest = -std::numeric_limits<double>::infinity();
  for (std::size_t pixel = 0; pixel < cube.spectra.n_pixels(); ++pixel) {
    const Intensity intensity = intensity_of(cube, pixel, channels, width_km_s);
    const std::int64_t place = cube.spectra.pixel[pixel];
    summary.intensity_K_km_s[place] = static_cast<float>(intensity.value_K_km_s);
    if (!(intensity.value_K_km_s / intensity.rms_K_km_s > highest)) continue;
    highest = intensity.value_K_km_s / intensity.rms_K_km_s;
    summary.peak_pixel = place;
  }
  summary.mean_K = mean_spectrum(cube, [](std::int64_t) { return true; });
  summary.peak_K = mean_spectrum(cube, within(0.5 * cube.beam_fwhm_deg, summary.peak_pixel, cube.wcs));
  return summary;
}

}  // namespace comap
