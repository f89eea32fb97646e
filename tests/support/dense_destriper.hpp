#pragma once
/// \file
/// The destriper with dense matrices, sample by sample.

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "destripe/problem.hpp"

namespace comap::test {

/// The equations of docs/destriper.md with dense matrices, sample by sample.
struct DenseSolution {
  Eigen::VectorXd offsets;
  Eigen::VectorXd amplitudes;
  std::map<std::int64_t, double> map_K;
};

struct DenseProblem {
  Eigen::MatrixXd columns;  ///< [sample][unknown] F, then airmass
  Eigen::MatrixXd pixels;   ///< [sample][pixel] P
  Eigen::VectorXd tod_K, solver_weight, map_weight;
  Eigen::Index n_offsets = 0;
  std::vector<Eigen::Index> first_offset;
};

inline DenseProblem dense_problem(const DestriperData& data, const DestriperSettings& settings) {
  DenseProblem dense;
  const auto n_samples = static_cast<Eigen::Index>(data.pixel.size());
  const auto n_segments = static_cast<Eigen::Index>(data.segments.size());
  for (const DestriperSegment& segment : data.segments) {
    dense.first_offset.push_back(dense.n_offsets);
    dense.n_offsets += (segment.n_samples + settings.offset_length - 1) / settings.offset_length;
  }
  dense.first_offset.push_back(dense.n_offsets);
  dense.columns = Eigen::MatrixXd::Zero(n_samples, dense.n_offsets + n_segments);
  dense.pixels = Eigen::MatrixXd::Zero(n_samples, settings.n_pixels);
  dense.tod_K = dense.solver_weight = dense.map_weight = Eigen::VectorXd::Zero(n_samples);
  for (Eigen::Index s = 0; s < n_segments; ++s) {
    const DestriperSegment& segment = data.segments[static_cast<std::size_t>(s)];
    const double weight_per_K2 = data.streams[0].weight_per_K2[static_cast<std::size_t>(s)];
    double weighted = 0.0;
    double weights = 0.0;
    for (std::int64_t i = 0; i < segment.n_samples; ++i) {
      const std::int64_t t = segment.start + i;
      const auto sample = static_cast<std::size_t>(t);
      dense.columns(t, dense.first_offset[static_cast<std::size_t>(s)] + i / settings.offset_length) = 1.0;
      if (segment.fits_airmass) dense.columns(t, dense.n_offsets + s) = data.airmass[sample];
      if (data.pixel[sample] < 0) continue;
      dense.pixels(t, data.pixel[sample]) = 1.0;
      dense.map_weight[t] = weight_per_K2;
      dense.solver_weight[t] = weight_per_K2 * (data.solver_factor.empty() ? 1.0 : data.solver_factor[sample]);
      dense.tod_K[t] = data.streams[0].tod_K[sample];
      weighted += dense.solver_weight[t] * dense.tod_K[t];
      weights += dense.solver_weight[t];
    }
    for (std::int64_t t = segment.start; t < segment.start + segment.n_samples; ++t)
      dense.tod_K[t] -= weighted / weights;
  }
  return dense;
}

inline Eigen::MatrixXd dense_regularisation(const DenseProblem& dense, const DestriperSettings& settings,
                                            const Eigen::VectorXd& offset_weight) {
  std::vector<double> sorted(offset_weight.begin(), offset_weight.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t half = sorted.size() / 2;
  const double median = sorted.size() % 2 == 1 ? sorted[half] : 0.5 * (sorted[half] + sorted[half - 1]);
  Eigen::MatrixXd gradient = Eigen::MatrixXd::Zero(dense.n_offsets, dense.n_offsets);
  for (std::size_t s = 0; s + 1 < dense.first_offset.size(); ++s) {
    for (Eigen::Index o = dense.first_offset[s]; o + 1 < dense.first_offset[s + 1]; ++o) {
      Eigen::VectorXd difference = Eigen::VectorXd::Zero(dense.n_offsets);
      difference[o] = -1.0;
      difference[o + 1] = 1.0;
      gradient += difference * difference.transpose();
    }
  }
  const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(dense.n_offsets, dense.n_offsets);
  return median * (settings.lambda_ridge * identity + settings.alpha_grad * gradient +
                   settings.alpha_curv * gradient * gradient);
}

/// Rows are the orthonormal cosine modes.
inline Eigen::MatrixXd cosine_modes(Eigen::Index n) {
  Eigen::MatrixXd modes(n, n);
  for (Eigen::Index k = 0; k < n; ++k) {
    for (Eigen::Index j = 0; j < n; ++j) {
      const double phase = std::numbers::pi * static_cast<double>(k) * (static_cast<double>(j) + 0.5);
      modes(k, j) = std::sqrt((k == 0 ? 1.0 : 2.0) / static_cast<double>(n)) * std::cos(phase / static_cast<double>(n));
    }
  }
  return modes;
}

inline Eigen::MatrixXd dense_prior(const DenseProblem& dense, const DestriperData& data) {
  Eigen::MatrixXd prior = Eigen::MatrixXd::Zero(dense.n_offsets, dense.n_offsets);
  for (std::size_t s = 0; s < data.segments.size(); ++s) {
    if (data.streams[0].prior_variance_K2.empty()) break;
    const auto& variance = data.streams[0].prior_variance_K2[s];
    const auto n = static_cast<Eigen::Index>(variance.size());
    if (n == 0) continue;
    const Eigen::VectorXd inverse = Eigen::Map<const Eigen::VectorXd>(variance.data(), n).cwiseInverse();
    const Eigen::MatrixXd modes = cosine_modes(n);
    prior.block(dense.first_offset[s], dense.first_offset[s], n, n) = modes.transpose() * inverse.asDiagonal() * modes;
  }
  return prior;
}

inline DenseSolution solve_dense(const DestriperData& data, const DestriperSettings& settings) {
  const DenseProblem dense = dense_problem(data, settings);
  const Eigen::MatrixXd weighted = dense.solver_weight.asDiagonal() * dense.columns;
  const Eigen::MatrixXd binned = dense.pixels.transpose() * weighted;
  const Eigen::VectorXd pixel_weight = dense.pixels.transpose() * dense.solver_weight;
  const Eigen::VectorXd inverse = pixel_weight.unaryExpr([](double w) { return w > 0.0 ? 1.0 / w : 0.0; });
  Eigen::MatrixXd matrix = dense.columns.transpose() * weighted - binned.transpose() * inverse.asDiagonal() * binned;
  const Eigen::VectorXd rhs = weighted.transpose() * dense.tod_K - binned.transpose() * inverse.asDiagonal() *
                                                                       dense.pixels.transpose() *
                                                                       dense.solver_weight.asDiagonal() * dense.tod_K;
  const Eigen::VectorXd offset_weight = (dense.columns.transpose() * dense.solver_weight).head(dense.n_offsets);
  matrix.topLeftCorner(dense.n_offsets, dense.n_offsets) +=
      dense_regularisation(dense, settings, offset_weight) + dense_prior(dense, data);

  const Eigen::VectorXd solution = matrix.completeOrthogonalDecomposition().solve(rhs);
  const Eigen::VectorXd clean = dense.map_weight.asDiagonal() * (dense.tod_K - dense.columns * solution);
  const Eigen::VectorXd sum = dense.pixels.transpose() * clean;
  const Eigen::VectorXd weight = dense.pixels.transpose() * dense.map_weight;
  DenseSolution result{solution.head(dense.n_offsets), solution.tail(solution.size() - dense.n_offsets), {}};
  for (Eigen::Index pixel = 0; pixel < sum.size(); ++pixel) {
    if (weight[pixel] > 0.0) result.map_K[pixel] = sum[pixel] / weight[pixel];
  }
  return result;
}

}  // namespace comap::test
