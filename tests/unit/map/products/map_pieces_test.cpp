#include "map/products/map_pieces.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace comap {
namespace {

TEST(HitPixels, FindsEveryPixelAndNoOther) {
  std::vector<std::int64_t> pixel;
  for (std::int64_t i = 0; i < 500; ++i) pixel.push_back(7'000'000'000 + i * i + (i % 3) * 1000 * i);
  std::sort(pixel.begin(), pixel.end());
  pixel.erase(std::unique(pixel.begin(), pixel.end()), pixel.end());
  const HitPixels hit(pixel);
  for (std::size_t i = 0; i < pixel.size(); ++i) EXPECT_EQ(hit.place(pixel[i]), i);
  for (std::size_t i = 1; i < pixel.size(); ++i) {
    const bool follows = pixel[i] == pixel[i - 1] + 1;
    EXPECT_EQ(hit.place(pixel[i] - 1), follows ? i - 1 : HitPixels::kNone);
  }
  for (const std::int64_t absent : {std::int64_t{-1}, std::int64_t{0}, pixel.back() + 1}) {
    EXPECT_EQ(hit.place(absent), HitPixels::kNone);
  }
  EXPECT_EQ(HitPixels({}).place(0), HitPixels::kNone);
  EXPECT_EQ(HitPixels({5}).place(5), 0U);
}

}  // namespace
}  // namespace comap
