#include "stages/gain_filter/maximum_posterior.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <random>

namespace comap::test {
namespace {

constexpr std::size_t kN = 18;
constexpr std::size_t kSubBands = 8;
constexpr std::size_t kChannels = 5;  // of a sub-band
constexpr std::size_t kAll = kSubBands * kChannels;
constexpr double kVariance = 3e-5;
constexpr double kSampleTime_s = 0.02;
constexpr GainPrior kPrior{2e-3, 1e-3, -1.3};

/// Channels with templates of their own and y, no structure in it.
struct TinyFeed {
  Eigen::VectorXd s{kAll}, x{kAll};
  Eigen::MatrixXd y{kAll, kN};

  TinyFeed() {
    std::mt19937 generator(11);
    std::normal_distribution<double> normal(0.0, 1e-2);
    for (Eigen::Index c = 0; c < s.size(); ++c) {
      const double nu_GHz = 26.1 + 0.2 * static_cast<double>(c);
      x(c) = std::log(nu_GHz / 30.0);
      s(c) = (c % 5 == 3 ? 1.0 / 150.0 : 1.0 / (42.0 + static_cast<double>(c % 7))) * std::pow(nu_GHz / 30.0, -2.4);
      for (Eigen::Index t = 0; t < y.cols(); ++t) y(c, t) = normal(generator);
    }
  }

  std::vector<TemplateSums> sums() const {
    std::vector<TemplateSums> all(kSubBands);
    for (Eigen::Index c = 0; c < s.size(); ++c) {
      TemplateSums& target = all[static_cast<std::size_t>(c) / kChannels];
      target.moments.add(s(c), x(c));
      for (auto& sum : target.sums) sum.resize(kN, 0.0);
      for (std::size_t t = 0; t < kN; ++t) {
        const double value = y(c, static_cast<Eigen::Index>(t));
        target.sums[0][t] += value;
        target.sums[1][t] += s(c) * value;
        target.sums[2][t] += s(c) * x(c) * value;
      }
    }
    return all;
  }
};

double shape_at(std::size_t k) {
  const double step_Hz = 1.0 / (kN * kSampleTime_s);
  const auto power = [&](std::size_t mode) {
    return std::pow(static_cast<double>(mode) * step_Hz / 0.1, kPrior.alpha);
  };
  return k == 0 ? 1000.0 * power(1) : power(std::min(k, kN - k));
}

/// Prior covariance of g [band * kN + t]: circulant in time.
Eigen::MatrixXd prior_covariance() {
  Eigen::MatrixXd covariance(kBands * kN, kBands * kN);
  for (std::size_t i = 0; i < kBands * kN; ++i) {
    for (std::size_t j = 0; j < kBands * kN; ++j) {
      const double lag = static_cast<double>(i % kN) - static_cast<double>(j % kN);
      double shape = 0.0;
      for (std::size_t k = 0; k < kN; ++k) {
        shape += shape_at(k) * std::cos(2.0 * std::numbers::pi * static_cast<double>(k) * lag / kN) / kN;
      }
      const double own = i / kN == j / kN ? kPrior.sigma_band * kPrior.sigma_band : 0.0;
      covariance(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) =
          shape * (kPrior.sigma_common * kPrior.sigma_common + own);
    }
  }
  return covariance;
}

struct DenseSolution {
  Eigen::MatrixXd gain;        // [band][t]
  Eigen::MatrixXd covariance;  // of g [band * kN + t]
};

/// Generalised least squares with everything written out: unknowns g [band][t] and, for every group of channels and t,
/// a and b; `group_of` gives the group of a channel.
template <typename GroupOf>
DenseSolution solve_densely(const TinyFeed& feed, std::size_t n_groups, GroupOf group_of) {
  const std::size_t n_gain = kBands * kN;
  const std::size_t n_unknowns = n_gain + 2 * n_groups * kN;
  Eigen::MatrixXd design = Eigen::MatrixXd::Zero(kAll * kN, static_cast<Eigen::Index>(n_unknowns));
  Eigen::VectorXd data(kAll * kN);
  for (std::size_t c = 0; c < kAll; ++c) {
    for (std::size_t t = 0; t < kN; ++t) {
      const auto row = static_cast<Eigen::Index>(c * kN + t);
      const auto channel = static_cast<Eigen::Index>(c);
      const std::size_t sky = n_gain + 2 * (group_of(c) * kN + t);
      design(row, static_cast<Eigen::Index>(c / (2 * kChannels) * kN + t)) = 1.0;
      design(row, static_cast<Eigen::Index>(sky)) = feed.s(channel);
      design(row, static_cast<Eigen::Index>(sky + 1)) = feed.s(channel) * feed.x(channel);
      data(row) = feed.y(channel, static_cast<Eigen::Index>(t));
    }
  }
  Eigen::MatrixXd normal = design.transpose() * design / kVariance;
  const auto n = static_cast<Eigen::Index>(n_gain);
  normal.topLeftCorner(n, n) += prior_covariance().inverse();
  const Eigen::MatrixXd covariance = normal.inverse();
  const Eigen::VectorXd solution = covariance * (design.transpose() * data / kVariance);
  DenseSolution result{Eigen::MatrixXd(kBands, kN), covariance.topLeftCorner(n, n)};
  for (Eigen::Index i = 0; i < n; ++i) result.gain(i / kN, i % kN) = solution(i);
  return result;
}

/// Power of the error of g of a band at frequency k, from its circulant covariance.
double dense_error_power(const DenseSolution& dense, std::size_t band, std::size_t k) {
  const auto first = static_cast<Eigen::Index>(band * kN);
  double power = 0.0;
  for (std::size_t t = 0; t < kN; ++t) {
    power += dense.covariance(first + static_cast<Eigen::Index>(t), first) *
             std::cos(2.0 * std::numbers::pi * static_cast<double>(k * t) / kN);
  }
  return power;
}

void expect_equal(const GainEvidence& evidence, const DenseSolution& dense) {
  RealFft fft(kN);
  const auto gain = estimate_gain(evidence, kPrior, kSampleTime_s, fft);
  const GainModes modes = gain_modes(evidence.information, kPrior);
  const double scale = dense.gain.cwiseAbs().maxCoeff();
  for (std::size_t band = 0; band < kBands; ++band) {
    for (std::size_t t = 0; t < kN; ++t) {
      EXPECT_NEAR(gain[band][t], dense.gain(static_cast<Eigen::Index>(band), static_cast<Eigen::Index>(t)),
                  1e-7 * scale);
    }
    for (std::size_t k = 1; k <= kN / 2; ++k) {
      const double expected = dense_error_power(dense, band, k);
      EXPECT_NEAR(gain_error_power(modes, band, shape_at(k)), expected, 1e-6 * expected) << band << " " << k;
    }
  }
}

TEST(MaximumPosterior, FreeSkyIsTheDenseSolution) {
  const TinyFeed feed;
  expect_equal(project_out_free_sky(feed.sums(), kVariance),
               solve_densely(feed, kSubBands, [](std::size_t c) { return c / kChannels; }));
}

TEST(MaximumPosterior, CommonSkyIsTheDenseSolution) {
  const TinyFeed feed;
  expect_equal(project_out_common_sky(feed.sums(), kVariance),
               solve_densely(feed, 1, [](std::size_t) { return std::size_t{0}; }));
}

// D_b = P_b e_b + e_b^2 / (1/P_c + sum M e), e_b = 1/(1 + M_b P_b), where M is diagonal.
TEST(MaximumPosterior, ErrorPowerInClosedForm) {
  const GainEvidence evidence = project_out_free_sky(TinyFeed().sums(), kVariance);
  const GainModes modes = gain_modes(evidence.information, kPrior);
  for (const double shape : {1e-3, 1.0, 30.0}) {
    const double power_band = kPrior.sigma_band * kPrior.sigma_band * shape;
    const double power_common = kPrior.sigma_common * kPrior.sigma_common * shape;
    std::array<double, kBands> e{};
    double sum = 1.0 / power_common;
    for (std::size_t b = 0; b < kBands; ++b) {
      e[b] = 1.0 / (1.0 + evidence.information[b][b] * power_band);
      sum += evidence.information[b][b] * e[b];
    }
    for (std::size_t b = 0; b < kBands; ++b) {
      const double expected = power_band * e[b] + e[b] * e[b] / sum;
      EXPECT_NEAR(gain_error_power(modes, b, shape), expected, 1e-9 * expected);
    }
  }
}

TEST(MaximumPosterior, NothingExpectedNothingFound) {
  const GainEvidence evidence = project_out_common_sky(TinyFeed().sums(), kVariance);
  RealFft fft(kN);
  for (const auto& band : estimate_gain(evidence, {0.0, 0.0, -1.3}, kSampleTime_s, fft)) {
    for (const double value : band) EXPECT_EQ(value, 0.0);
  }
}

TEST(MaximumPosterior, MissingSubBandsSayNothing) {
  std::vector<TemplateSums> sums = TinyFeed().sums();
  sums[2] = {};
  sums[3] = {};
  const GainEvidence evidence = project_out_common_sky(sums, kVariance);
  RealFft fft(kN);
  const auto gain = estimate_gain(evidence, kPrior, kSampleTime_s, fft);
  for (std::size_t b = 0; b < kBands; ++b) EXPECT_EQ(evidence.information[1][b], 0.0);
  // The band without data has the part of the gain that is common to the bands.
  EXPECT_NE(gain[1][3], 0.0);
  EXPECT_TRUE(project_out_common_sky(std::vector<TemplateSums>(kSubBands), kVariance).empty());
}

}  // namespace
}  // namespace comap::test
