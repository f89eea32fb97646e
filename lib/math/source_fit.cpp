#include "math/source_fit.hpp"

#include <ceres/ceres.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <complex>

namespace comap {
namespace {

/// Value and derivatives of the source at one position.
double source_with_gradient(const double* source, double x_deg, double y_deg, double* gradient) {
  const double cosine = std::cos(source[kAngle]), sine = std::sin(source[kAngle]);
  const double dx = x_deg - source[kX], dy = y_deg - source[kY];
  const double u = dx * cosine + dy * sine, v = dy * cosine - dx * sine;
  const double sigma_x = source[kSigmaX], sigma_y = source[kSigmaY];
  const double along = u / (sigma_x * sigma_x), across = v / (sigma_y * sigma_y);
  const double shape = std::exp(-0.5 * (u * along + v * across));
  const double value = source[kAmplitude] * shape;
  if (gradient != nullptr) {
    gradient[kAmplitude] = shape;
    gradient[kX] = value * (along * cosine - across * sine);
    gradient[kY] = value * (along * sine + across * cosine);
    gradient[kSigmaX] = value * u * along / sigma_x;
    gradient[kSigmaY] = value * v * across / sigma_y;
    gradient[kAngle] = value * u * v * (1.0 / (sigma_y * sigma_y) - 1.0 / (sigma_x * sigma_x));
  }
  return value;
}

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Model minus data of all samples, the background taken out.
class SourceResiduals final : public ceres::CostFunction {
 public:
  explicit SourceResiduals(const SourceSamples& samples)
      : samples_(samples), data_K_(samples.values_K.begin(), samples.values_K.end()) {
    samples.background.take_out(data_K_);
    set_num_residuals(static_cast<int>(data_K_.size()));
    mutable_parameter_block_sizes()->push_back(static_cast<int>(kSourceParameters));
  }

  bool Evaluate(const double* const* parameters, double* residuals, double** jacobians) const override {
    const std::size_t n = data_K_.size();
    double* rows = jacobians == nullptr ? nullptr : jacobians[0];
    for (std::size_t i = 0; i < n; ++i) {
      double* row = rows == nullptr ? nullptr : rows + i * kSourceParameters;
      residuals[i] = source_with_gradient(parameters[0], samples_.x_deg[i], samples_.y_deg[i], row);
      if (!std::isfinite(residuals[i])) return false;
    }
    samples_.background.take_out({residuals, n});
    for (std::size_t i = 0; i < n; ++i) residuals[i] -= data_K_[i];
    for (std::size_t k = 0; rows != nullptr && k < kSourceParameters; ++k) take_out_of_column(rows, k);
    return true;
  }

 private:
  void take_out_of_column(double* rows, std::size_t k) const {
    std::vector<double> column(data_K_.size());
    for (std::size_t i = 0; i < column.size(); ++i) column[i] = rows[i * kSourceParameters + k];
    samples_.background.take_out(column);
    for (std::size_t i = 0; i < column.size(); ++i) rows[i * kSourceParameters + k] = column[i];
  }

  const SourceSamples& samples_;
  std::vector<double> data_K_;
};

ceres::Solver::Options solver_options() {
  constexpr double kTolerance = 1e-12;
  ceres::Solver::Options options;
  options.linear_solver_type = ceres::DENSE_QR;
  options.max_num_iterations = 200;
  options.function_tolerance = kTolerance;
  options.gradient_tolerance = kTolerance;
  options.parameter_tolerance = kTolerance;
  options.logging_type = ceres::SILENT;
  return options;
}

/// Inverse of J^T J over the parameters that are fitted; nothing when it is singular.
std::optional<SourceMatrix> inverse_normal(const RowMajor& jacobian, bool fit_angle) {
  Eigen::MatrixXd normal = jacobian.transpose() * jacobian;
  if (!fit_angle) normal(kAngle, kAngle) = 1.0;
  const Eigen::VectorXd scale = normal.diagonal().cwiseSqrt().cwiseInverse();
  if (!scale.allFinite()) return std::nullopt;
  const Eigen::LDLT<Eigen::MatrixXd> factors(scale.asDiagonal() * normal * scale.asDiagonal());
  constexpr double kSingular = 1e-14;
  if (factors.info() != Eigen::Success || !(factors.vectorD().minCoeff() > kSingular)) return std::nullopt;
  const Eigen::MatrixXd inverse = factors.solve(Eigen::MatrixXd::Identity(normal.rows(), normal.cols()));
  SourceMatrix result{};
  for (std::size_t i = 0; i < kSourceParameters; ++i) {
    for (std::size_t j = 0; j < kSourceParameters; ++j) {
      if (!fit_angle && (i == kAngle || j == kAngle)) continue;
      const auto row = static_cast<Eigen::Index>(i), column = static_cast<Eigen::Index>(j);
      result[i][j] = scale[row] * inverse(row, column) * scale[column];
    }
  }
  return result;
}

/// Everything else that is known at the minimum; nothing when it is not determined.
std::optional<SourceFit> fit_at(const SourceResiduals& residuals, const SourceVector& source, bool fit_angle) {
  const std::size_t n = residuals.num_residuals();
  SourceFit fit;
  fit.value = source;
  fit.residual_K.resize(n);
  RowMajor jacobian(residuals.num_residuals(), static_cast<Eigen::Index>(kSourceParameters));
  const double* block = source.data();
  double* jacobian_data = jacobian.data();
  if (!residuals.Evaluate(&block, fit.residual_K.data(), &jacobian_data)) return std::nullopt;
  for (double& residual : fit.residual_K) residual = -residual;
  if (!fit_angle) jacobian.col(kAngle).setZero();
  const auto inverse = inverse_normal(jacobian, fit_angle);
  if (!inverse) return std::nullopt;
  fit.inverse_normal = *inverse;
  for (std::size_t k = 0; k < kSourceParameters; ++k) {
    const auto column = jacobian.col(static_cast<Eigen::Index>(k));
    fit.gradient[k].assign(column.begin(), column.end());
  }
  return fit;
}

/// a b c of symmetric matrices.
SourceMatrix sandwich(const SourceMatrix& outer, const SourceMatrix& inner) {
  using Map = Eigen::Map<const Eigen::Matrix<double, kSourceParameters, kSourceParameters, Eigen::RowMajor>>;
  const Map a(outer[0].data()), b(inner[0].data());
  SourceMatrix result;
  Eigen::Map<Eigen::Matrix<double, kSourceParameters, kSourceParameters, Eigen::RowMajor>>(result[0].data()) =
      a * b * a;
  return result;
}

}  // namespace

double source_model_K(const SourceVector& source, double x_deg, double y_deg) {
  return source_with_gradient(source.data(), x_deg, y_deg, nullptr);
}

std::optional<SourceFit> fit_source(const SourceSamples& samples, const SourceVector& start, bool fit_angle) {
  const std::size_t n = samples.values_K.size();
  if (n <= kSourceParameters + samples.background.n_parameters()) return std::nullopt;
  SourceVector source = start;
  SourceResiduals residuals(samples);
  ceres::Problem::Options ownership;
  ownership.cost_function_ownership = ceres::DO_NOT_TAKE_OWNERSHIP;
  ceres::Problem problem(ownership);
  problem.AddResidualBlock(&residuals, nullptr, source.data());
  if (!fit_angle) {
    const auto size = static_cast<int>(kSourceParameters);
    problem.SetManifold(source.data(), new ceres::SubsetManifold(size, {static_cast<int>(kAngle)}));
  }
  ceres::Solver::Summary summary;
  ceres::Solve(solver_options(), &problem, &summary);
  if (summary.termination_type != ceres::CONVERGENCE) return std::nullopt;
  // The model depends on the squares of the widths.
  source[kSigmaX] = std::abs(source[kSigmaX]);
  source[kSigmaY] = std::abs(source[kSigmaY]);
  return fit_at(residuals, source, fit_angle);
}

SourceMatrix correlated_covariance(const SourceFit& fit, std::span<const std::size_t> place,
                                   std::span<const double> power_K2, RealFft& fft) {
  std::array<std::vector<std::complex<double>>, kSourceParameters> spectra;
  for (std::size_t k = 0; k < kSourceParameters; ++k) {
    std::ranges::fill(fft.samples(), 0.0);
    for (std::size_t i = 0; i < place.size(); ++i) fft.samples()[place[i]] = fit.gradient[k][i];
    fft.forward();
    spectra[k].assign(fft.spectrum().begin(), fft.spectrum().end());
  }
  const std::size_t n = fft.size();
  SourceMatrix noise{};
  for (std::size_t k = 0; k < power_K2.size(); ++k) {
    const double both_signs = k == 0 || 2 * k == n ? 1.0 : 2.0;
    for (std::size_t i = 0; i < kSourceParameters; ++i) {
      for (std::size_t j = 0; j < kSourceParameters; ++j) {
        noise[i][j] +=
            both_signs * power_K2[k] / static_cast<double>(n) * (std::conj(spectra[i][k]) * spectra[j][k]).real();
      }
    }
  }
  return sandwich(fit.inverse_normal, noise);
}

}  // namespace comap
