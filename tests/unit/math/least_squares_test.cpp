#include "math/least_squares.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/constants.hpp"
#include "math/gaps.hpp"

namespace comap {
namespace {

TEST(Solve, TwoAndThreeUnknowns) {
  const auto x = solve(Matrix2{{{4.0, 1.0}, {1.0, 3.0}}}, Vector2{1.0, 2.0});
  ASSERT_TRUE(x);
  EXPECT_NEAR((*x)[0], 1.0 / 11.0, 1e-15);
  EXPECT_NEAR((*x)[1], 7.0 / 11.0, 1e-15);
  // A (1, -2, 3) for A = [[4, 1, 2], [1, 5, 3], [2, 3, 6]]
  const auto y = solve(Matrix3{{{4, 1, 2}, {1, 5, 3}, {2, 3, 6}}}, Vector3{8.0, 0.0, 14.0});
  ASSERT_TRUE(y);
  EXPECT_NEAR((*y)[0], 1.0, 1e-14);
  EXPECT_NEAR((*y)[1], -2.0, 1e-14);
  EXPECT_NEAR((*y)[2], 3.0, 1e-14);
}

TEST(Solve, SingularMatrixHasNoSolution) {
  EXPECT_FALSE(solve(Matrix2{{{1.0, 2.0}, {2.0, 4.0}}}, Vector2{1.0, 2.0}));
  EXPECT_FALSE(inverse(Matrix3{{{1, 1, 1}, {1, 1, 1}, {1, 1, 1}}}));
  EXPECT_FALSE(solve(Matrix2{}, Vector2{1.0, 2.0}));
}

TEST(Inverse, TimesMatrixIsIdentity) {
  const Matrix3 a = {{{4, 1, 2}, {1, 5, 3}, {2, 3, 6}}};
  const auto b = inverse(a);
  ASSERT_TRUE(b);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      double sum = 0.0;
      for (std::size_t k = 0; k < 3; ++k) sum += a[i][k] * (*b)[k][j];
      EXPECT_NEAR(sum, i == j ? 1.0 : 0.0, 1e-14);
    }
  }
}

TEST(BridgeGaps, StraightLinesInsideNearestValueAtTheEnds) {
  std::vector<double> series = {kNan, 2.0, kNan, kNan, 5.0, kNan};
  EXPECT_EQ(bridge_gaps(series), 2U);
  EXPECT_EQ(series, (std::vector<double>{2.0, 2.0, 3.0, 4.0, 5.0, 5.0}));
  std::vector<double> nothing = {kNan, kNan};
  EXPECT_EQ(bridge_gaps(nothing), 0U);
  EXPECT_EQ(nothing, (std::vector<double>{0.0, 0.0}));
}

}  // namespace
}  // namespace comap
