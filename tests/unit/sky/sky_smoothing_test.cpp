#include "sky/sky_smoothing.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "core/constants.hpp"

namespace comap {
namespace {

struct Field {
  std::vector<double> longitude_deg, latitude_deg, value;
};

/// Scattered over 4 x 3 deg around longitude 0, a gradient and waves of a degree.
Field scattered_field() {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  Field field;
  for (int i = 0; i < 3000; ++i) {
    const double x = 2.0 * uniform(random), y = 1.5 * uniform(random);
    field.longitude_deg.push_back(std::fmod(x / std::cos(40.0 * kDegree_rad) + 360.0, 360.0));
    field.latitude_deg.push_back(40.0 + y);
    field.value.push_back(0.3 * x + std::sin(2.0 * std::numbers::pi * y) + 0.2 * uniform(random));
  }
  return field;
}

double angle_deg(const Field& field, std::size_t i, std::size_t j) {
  const double dl = (field.longitude_deg[i] - field.longitude_deg[j]) * kDegree_rad;
  const double b = field.latitude_deg[i] * kDegree_rad, c = field.latitude_deg[j] * kDegree_rad;
  const double h = std::pow(std::sin((b - c) / 2), 2) + std::cos(b) * std::cos(c) * std::pow(std::sin(dl / 2), 2);
  return 2.0 * std::asin(std::sqrt(h)) / kDegree_rad;
}

TEST(SmoothOnSky, IsTheSumOverAllPairs) {
  const Field field = scattered_field();
  const double fwhm_deg = 0.5, sigma_deg = fwhm_deg / std::sqrt(8.0 * std::log(2.0));
  const auto smooth = smooth_on_sky(field.longitude_deg, field.latitude_deg, field.value, fwhm_deg);
  double difference = 0.0, scale = 0.0;
  for (std::size_t i = 0; i < smooth.size(); i += 7) {
    double sum = 0.0, n = 0.0;
    for (std::size_t j = 0; j < smooth.size(); ++j) {
      const double weight = std::exp(-0.5 * std::pow(angle_deg(field, i, j) / sigma_deg, 2));
      sum += weight * field.value[j];
      n += weight;
    }
    difference += std::pow(smooth[i] - sum / n, 2);
    scale += std::pow(sum / n, 2);
  }
  EXPECT_LT(std::sqrt(difference / scale), 0.01);
}

TEST(SmoothOnSky, KeepsAConstantAndLeavesNanOut) {
  Field field = scattered_field();
  for (std::size_t i = 0; i < field.value.size(); ++i) field.value[i] = i % 3 == 0 ? std::nan("") : 2.5;
  field.longitude_deg.push_back(180.0);
  field.latitude_deg.push_back(-80.0);
  field.value.push_back(std::nan(""));
  const auto smooth = smooth_on_sky(field.longitude_deg, field.latitude_deg, field.value, 0.5);
  for (std::size_t i = 0; i + 1 < smooth.size(); ++i) ASSERT_NEAR(smooth[i], 2.5, 1e-12);
  EXPECT_TRUE(std::isnan(smooth.back()));
}

}  // namespace
}  // namespace comap
