#include "math/moving_median.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/error.hpp"

namespace comap {
namespace {

/// By the definition: pad, cut out, sort.
std::vector<double> by_definition(const std::vector<double>& values, std::int64_t window) {
  const auto n = static_cast<std::int64_t>(values.size());
  std::vector<double> result;
  for (std::int64_t i = 0; i < n; ++i) {
    std::vector<double> inside;
    for (std::int64_t k = i - window / 2; k < i - window / 2 + window; ++k) {
      inside.push_back(values[static_cast<std::size_t>(std::clamp<std::int64_t>(k, 0, n - 1))]);
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
