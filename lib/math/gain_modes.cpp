#include "math/gain_modes.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace comap {

GainModes gain_modes(const BandMatrix& information, const GainPrior& prior) {
  using Matrix = Eigen::Matrix<double, kBands, kBands>;
  // root root^T = sigma_b^2 1 + sigma_c^2 (all ones), also where sigma is 0.
  const double variance_common = prior.sigma_common * prior.sigma_common;
  const double variance_band = prior.sigma_band * prior.sigma_band;
  const Matrix ones = Matrix::Ones();
  const double together = std::sqrt(variance_band + kBands * variance_common) - prior.sigma_band;
  const Matrix root = prior.sigma_band * Matrix::Identity() + together / kBands * ones;
  Matrix of_data;
  for (int row = 0; row < kBands; ++row) {
    for (int column = 0; column < kBands; ++column) {
      of_data(row, column) = information[row][column];
    }
  }
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(root * of_data * root);
  const Matrix to_gain = root * eigen.eigenvectors();
  GainModes modes;
  for (int mode = 0; mode < kBands; ++mode) {
    modes.information[mode] = std::max(0.0, eigen.eigenvalues()(mode));
    for (int band = 0; band < kBands; ++band) {
      modes.to_gain[band][mode] = to_gain(band, mode);
    }
  }
  return modes;
}

double gain_error_power(const GainModes& modes, std::size_t band, double shape) {
  double power = 0.0;
  for (std::size_t mode = 0; mode < kBands; ++mode) {
    power += modes.to_gain[band][mode] * modes.to_gain[band][mode] * shape / (1.0 + shape * modes.information[mode]);
  }
  return power;
}

std::function<double(double)> filtered_gain_power_K2(const GainNoise& noise) {
  const GainModes modes = gain_modes(noise.information, {noise.sigma_common, noise.sigma_band, noise.alpha});
  const double k2 = noise.effective_tsys_K * noise.effective_tsys_K;
  return [modes, k2, band = noise.band, alpha = noise.alpha](double frequency_Hz) {
    return k2 * gain_error_power(modes, band, std::pow(frequency_Hz / kGainReferenceFrequency_Hz, alpha));
  };
}

}  // namespace comap
