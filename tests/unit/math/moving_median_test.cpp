#include "math/moving_median.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/error.hpp"
#include "support/moving_median_by_definition.hpp"

namespace comap {
namespace {

TEST(MovingMedian, EqualsTheDefinition) {
  std::mt19937 generator(1);
  std::uniform_int_distribution<int> draw(0, 30);  // with ties
  for (const std::size_t n : {1U, 2U, 5U, 64U, 333U}) {
    std::vector<double> values(n);
    for (double& value : values) value = draw(generator);
    for (const std::int64_t window : {1, 2, 3, 4, 50, 51, 700}) {
      EXPECT_EQ(moving_median(values, static_cast<std::size_t>(window)),
                test::moving_median_by_definition(values, window))
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
    const std::vector<double> expected = test::moving_median_by_definition(values, window);
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
