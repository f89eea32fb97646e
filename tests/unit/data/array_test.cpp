#include "data/array.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace comap {
namespace {

/// [2][3][4] with the number of each element.
Array<int, 3> counted() {
  std::vector<int> values(24);
  std::iota(values.begin(), values.end(), 0);
  return {shape_of(2, 3, 4), std::move(values)};
}

TEST(Array, LastAxisIsContiguous) {
  const Array<int, 3> array = counted();
  for (int i = 0, n = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      for (Index k = 0; k < 4; ++k, ++n) EXPECT_EQ(array(i, j, k), n);
    }
  }
  EXPECT_EQ(array.size(), 24);
  EXPECT_EQ(array.shape(1), 3);
}

TEST(Array, PartsLookAtTheSameElements) {
  Array<int, 3> array = counted();
  const View<int, 2> second = array.view()(1);
  EXPECT_EQ(second.shape(), shape_of(3, 4));
  second(2, 3) = -1;
  EXPECT_EQ(array(1, 2, 3), -1);
  EXPECT_EQ(array.view()(0, 2).shape(), shape_of(4));
  const std::span<int> row = array.row(0, 2);
  EXPECT_EQ(row.size(), 4U);
  EXPECT_EQ(row[1], 9);
  const std::span<int> piece = array.view().piece(1, 2, 0, 2);
  EXPECT_EQ(piece.size(), 2U);
  EXPECT_EQ(piece.data(), &array(0, 2, 1));
}

TEST(Array, AViewMayPromiseNotToChangeAnything) {
  Array<int, 3> array = counted();
  const View<const int, 3> constant = array.view();
  EXPECT_EQ(&constant(1, 0, 0), &array(1, 0, 0));
  EXPECT_EQ(constant.flat().size(), 24U);
}

TEST(Array, CopiesAreItsOwn) {
  const Array<int, 3> array = counted();
  Array<int, 3> copy = array;
  Array<int, 2> part(array.view()(1));
  copy(0, 0, 0) = 7;
  part(0, 0) = 8;
  EXPECT_EQ(array(0, 0, 0), 0);
  EXPECT_EQ(array(1, 0, 0), 12);
  EXPECT_EQ(std::move(copy).take().front(), 7);
}

TEST(Array, MayBeEmpty) {
  const Array<double, 2> nothing, no_scans(shape_of(4, 0), 1.0);
  EXPECT_TRUE(nothing.empty());
  EXPECT_TRUE(no_scans.view().empty());
  EXPECT_EQ(no_scans.shape(0), 4);
  EXPECT_TRUE(no_scans.row(3).empty());
}

TEST(Array, AListHasItsLength) { EXPECT_EQ((Array<double, 1>(std::vector<double>{1.0, 2.0})).shape(), shape_of(2)); }

}  // namespace
}  // namespace comap
