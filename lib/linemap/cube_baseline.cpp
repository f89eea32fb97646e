#include "linemap/cube_baseline.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "core/constants.hpp"

namespace comap {
namespace {

/// Powers 0 to `order` of a coordinate from -1 to 1 [channel][power].
Eigen::MatrixXd powers(std::size_t n_channels, int order) {
  Eigen::MatrixXd matrix(static_cast<Eigen::Index>(n_channels), order + 1);
  for (Eigen::Index channel = 0; channel < matrix.rows(); ++channel) {
    const double x =
        2.0 * static_cast<double>(channel) / static_cast<double>(std::max<Eigen::Index>(matrix.rows() - 1, 1)) - 1.0;
    for (Eigen::Index power = 0; power <= order; ++power) matrix(channel, power) = std::pow(x, power);
  }
  return matrix;
}

/// Channels of a spectrum that the baseline is fitted to.
std::vector<Eigen::Index> fitted_channels(std::span<const float> temperature_K,
                                          std::span<const std::uint8_t> in_window) {
  std::vector<Eigen::Index> channels;
  for (std::size_t channel = 0; channel < temperature_K.size(); ++channel) {
    if (in_window[channel] == 0 && std::isfinite(temperature_K[channel])) {
      channels.push_back(static_cast<Eigen::Index>(channel));
    }
  }
  return channels;
}

Eigen::VectorXd fit(const Eigen::MatrixXd& model, const std::vector<Eigen::Index>& channels,
                    std::span<const float> temperature_K, std::span<const float> rms_K) {
  Eigen::MatrixXd rows = model(channels, Eigen::indexing::all);
  Eigen::VectorXd values(rows.rows());
  for (Eigen::Index i = 0; i < rows.rows(); ++i) {
    const auto channel = static_cast<std::size_t>(channels[i]);
    const double root_weight = 1.0 / static_cast<double>(rms_K[channel]);
    rows.row(i) *= root_weight;
    values(i) = root_weight * static_cast<double>(temperature_K[channel]);
  }
  return rows.householderQr().solve(values);
}

}  // namespace

void subtract_baselines(CubeSpectra& spectra, std::span<const std::uint8_t> in_window, int order) {
  const auto n_channels = static_cast<std::size_t>(spectra.n_channels);
  const Eigen::MatrixXd model = powers(n_channels, order);
  for (std::size_t pixel = 0; pixel < spectra.n_pixels(); ++pixel) {
    const auto row = [&](std::vector<float>& values) {
      return std::span(values).subspan(pixel * n_channels, n_channels);
    };
    const std::span<float> temperature_K = row(spectra.temperature_K);
    const std::vector<Eigen::Index> channels = fitted_channels(temperature_K, in_window);
    if (std::ssize(channels) <= order) {
      for (auto* values : {&spectra.temperature_K, &spectra.rms_K, &spectra.hits}) {
        std::ranges::fill(row(*values), kFloatNan);
      }
      continue;
    }
    const Eigen::VectorXd baseline_K = model * fit(model, channels, temperature_K, row(spectra.rms_K));
    for (std::size_t channel = 0; channel < n_channels; ++channel) {
      temperature_K[channel] -= static_cast<float>(baseline_K(static_cast<Eigen::Index>(channel)));
    }
  }
}

}  // namespace comap
