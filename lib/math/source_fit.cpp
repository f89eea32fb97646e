#include "math/source_fit.hpp"

#include <ceres/ceres.h>

#include <Eigen/Dense>
#include <cmath>
#include <numeric>

namespace comap {
namespace {

constexpr double kDependent = 1e-6;  // what is left of a template, over its norm, when it depends on the others

/// Constant and templates, orthogonal and of mean square 1 [template][sample].
std::vector<std::vector<double>> orthogonal_templates(const SourceSamples& samples) {
  const std::size_t n = samples.values_K.size();
  std::vector<std::vector<double>> basis = {std::vector<double>(n, 1.0)};
  const auto product = [n](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0) / static_cast<double>(n);
  };
  for (std::vector<double> candidate : samples.templates) {
    const double norm = std::sqrt(product(candidate, candidate));
    for (const auto& earlier : basis) {
      const double part = product(candidate, earlier);
      for (std::size_t i = 0; i < n; ++i) candidate[i] -= part * earlier[i];
    }
    const double rest = std::sqrt(product(candidate, candidate));
    if (!(rest > kDependent * norm)) continue;
    for (double& value : candidate) value /= rest;
    basis.push_back(std::move(candidate));
  }
  return basis;
}

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

/// (model - data) / noise of all samples; parameters: the source, then one for each template.
class SourceResiduals final : public ceres::CostFunction {
 public:
  SourceResiduals(const SourceSamples& samples, const std::vector<std::vector<double>>& basis)
      : samples_(samples), basis_(basis) {
    set_num_residuals(static_cast<int>(samples.values_K.size()));
    mutable_parameter_block_sizes()->push_back(static_cast<int>(kSourceParameters + basis.size()));
  }

  bool Evaluate(const double* const* parameters, double* residuals, double** jacobians) const override {
    const double* source = parameters[0];
    const std::size_t n_parameters = kSourceParameters + basis_.size();
    double* rows = jacobians == nullptr ? nullptr : jacobians[0];
    const double scale = 1.0 / samples_.noise_K;
    for (std::size_t i = 0; i < samples_.values_K.size(); ++i) {
      double* row = rows == nullptr ? nullptr : rows + i * n_parameters;
      double model = source_with_gradient(source, samples_.x_deg[i], samples_.y_deg[i], row);
      for (std::size_t k = 0; k < basis_.size(); ++k) model += source[kSourceParameters + k] * basis_[k][i];
      residuals[i] = (model - samples_.values_K[i]) * scale;
      if (!std::isfinite(residuals[i])) return false;
      if (row == nullptr) continue;
      for (std::size_t k = 0; k < basis_.size(); ++k) row[kSourceParameters + k] = basis_[k][i];
      for (std::size_t k = 0; k < n_parameters; ++k) row[k] *= scale;
    }
    return true;
  }

 private:
  const SourceSamples& samples_;
  const std::vector<std::vector<double>>& basis_;
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

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Inverse of J^T J over the parameters that are fitted; nothing when it is singular.
std::optional<std::array<SourceVector, kSourceParameters>> covariance_of(const SourceResiduals& residuals,
                                                                         const std::vector<double>& parameters,
                                                                         bool fit_angle) {
  const auto n_rows = residuals.num_residuals();
  const auto n_columns = static_cast<Eigen::Index>(parameters.size());
  RowMajor jacobian(n_rows, n_columns);
  std::vector<double> values(static_cast<std::size_t>(n_rows));
  const double* block = parameters.data();
  double* jacobian_data = jacobian.data();
  if (!residuals.Evaluate(&block, values.data(), &jacobian_data)) return std::nullopt;
  if (!fit_angle) jacobian.col(kAngle).setZero();
  Eigen::MatrixXd normal = jacobian.transpose() * jacobian;
  if (!fit_angle) normal(kAngle, kAngle) = 1.0;
  const Eigen::VectorXd scale = normal.diagonal().cwiseSqrt().cwiseInverse();
  if (!scale.allFinite()) return std::nullopt;
  const Eigen::LDLT<Eigen::MatrixXd> factors(scale.asDiagonal() * normal * scale.asDiagonal());
  constexpr double kSingular = 1e-14;
  if (factors.info() != Eigen::Success || !(factors.vectorD().minCoeff() > kSingular)) return std::nullopt;
  const Eigen::MatrixXd inverse = factors.solve(Eigen::MatrixXd::Identity(n_columns, n_columns));
  std::array<SourceVector, kSourceParameters> covariance{};
  for (std::size_t i = 0; i < kSourceParameters; ++i) {
    for (std::size_t j = 0; j < kSourceParameters; ++j) {
      if (!fit_angle && (i == kAngle || j == kAngle)) continue;
      const auto row = static_cast<Eigen::Index>(i), column = static_cast<Eigen::Index>(j);
      covariance[i][j] = scale[row] * inverse(row, column) * scale[column];
    }
  }
  return covariance;
}

}  // namespace

double source_model_K(const SourceVector& source, double x_deg, double y_deg) {
  return source_with_gradient(source.data(), x_deg, y_deg, nullptr);
}

std::optional<SourceFit> fit_source(const SourceSamples& samples, const SourceVector& start, bool fit_angle) {
  const std::size_t n = samples.values_K.size();
  if (n == 0) return std::nullopt;
  const auto basis = orthogonal_templates(samples);
  std::vector<double> parameters(start.begin(), start.end());
  parameters.resize(kSourceParameters + basis.size(), 0.0);
  if (n <= parameters.size()) return std::nullopt;

  SourceResiduals residuals(samples, basis);
  ceres::Problem::Options ownership;
  ownership.cost_function_ownership = ceres::DO_NOT_TAKE_OWNERSHIP;
  ceres::Problem problem(ownership);
  problem.AddResidualBlock(&residuals, nullptr, parameters.data());
  if (!fit_angle) {
    const auto size = static_cast<int>(parameters.size());
    problem.SetManifold(parameters.data(), new ceres::SubsetManifold(size, {static_cast<int>(kAngle)}));
  }
  ceres::Solver::Summary summary;
  ceres::Solve(solver_options(), &problem, &summary);
  if (summary.termination_type != ceres::CONVERGENCE) return std::nullopt;

  // The model depends on the squares of the widths.
  parameters[kSigmaX] = std::abs(parameters[kSigmaX]);
  parameters[kSigmaY] = std::abs(parameters[kSigmaY]);
  const auto covariance = covariance_of(residuals, parameters, fit_angle);
  if (!covariance) return std::nullopt;
  SourceFit fit;
  std::copy_n(parameters.begin(), kSourceParameters, fit.value.begin());
  fit.covariance = *covariance;
  fit.residual_K.resize(n);
  const double* block = parameters.data();
  residuals.Evaluate(&block, fit.residual_K.data(), nullptr);
  for (double& residual : fit.residual_K) residual *= -samples.noise_K;
  return fit;
}

}  // namespace comap
