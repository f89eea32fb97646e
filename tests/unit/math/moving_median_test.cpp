#include "math/moving_median.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/error.hpp"

namespace comap {
namespace {

/// By the definition: pad, cut out, leave out NaN, sort.
std::vector<double> by_definition(const std::vector<double>& values, std::int64_t window) {
  const auto n = static_cast<std::int64_t>(values.size());
  std::vector<double> result;
  for (std::int64_t i = 0; i < n; ++i) {
    std::vector<double> inside;
    for (std::int64_t k = i - window / 2; k < i - window / 2 + window; ++k) {
      const double value = values[static_cast<std::size_t>(std::clamp<std::int64_t>(k, 0, n - 1))];
      if (!std::isnan(value)) inside.push_back(value);
    }
    if (inside.empty()) {
      result.push_back(std::nan(""));
      continue;
    }
    std::ranges::sort(inside);
    const auto middle = inside.size() / 2;
    result.push_back(inside.size() % 2 == 1 ? inside[middle] : 0.5 * (inside[middle - 1] + inside[middle]));
  }
  return result;
}

TEST(MovingMedian, EqualsTheDefinition) {
  std::mt19937 generator(1);
  std::uniform_int_distribution<int> draw(0, 30);  // with ties
  for (const std::size_t n : {1U, 2U, 5U, 64U, 333U}) {
    std::vector<double> values(n);
    for (double& value : values) value = draw(generator);
    for (const std::int64_t window : {1, 2, 3, 4, 50, 51, 700}) {
      EXPECT_EQ(moving_median(values, static_cast<std::size_t>(window)), by_definition(values, window))
          << n << " samples, window " << window;
    }
  }
}

TEST(MovingMedian, NanAreLeftOut) {
  std::mt19937 generator(2);
  std::uniform_int_distribution<int> draw(0, 30);
  std::vector<double> values(200);
  for (double& value : values) {
    value = draw(generator);
    if (value < 10) value = std::nan("");
  }
  for (std::size_t i = 60; i < 120; ++i) values[i] = std::nan("");
  values.front() = std::nan("");
  for (const std::int64_t window : {1, 2, 7, 30, 31, 500}) {
    const std::vector<double> found = moving_median(values, static_cast<std::size_t>(window));
    const std::vector<double> expected = by_definition(values, window);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(expected[i])) {
        EXPECT_TRUE(std::isnan(found[i])) << "sample " << i << ", window " << window;
      } else {
        EXPECT_EQ(found[i], expected[i]) << "sample " << i << ", window " << window;
      }
    }
  }
}

TEST(MovingMedian, WindowOfFourHoldsTwoBeforeAndOneAfter) {
  const std::vector<double> values = {0, 0, 0, 8, 0, 0, 4, 4};
  EXPECT_EQ(moving_median(values, 4), (std::vector<double>{0, 0, 0, 0, 0, 2, 2, 4}));
}

TEST(MovingMedian, NothingInNothingOut) {
  EXPECT_TRUE(moving_median({}, 5).empty());
  EXPECT_THROW(moving_median(std::vector<double>{1.0}, 0), Bug);
}

}  // namespace
}  // namespace comap
