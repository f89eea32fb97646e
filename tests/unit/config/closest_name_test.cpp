#include "config/closest_name.hpp"

#include <gtest/gtest.h>

namespace comap {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("abc", ""), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("lenght", "length"), 1);
  EXPECT_EQ(edit_distance("Tsys", "tsys"), 0);
  EXPECT_EQ(edit_distance("flaw", "lawn"), 2);
}

TEST(ClosestName, TakesTheFirstOfTheBest) {
  EXPECT_EQ(closest_name("feed", {"feeds", "band", "need"}), "feeds");
  EXPECT_EQ(closest_name("x", {}), "");
}

}  // namespace
}  // namespace comap
