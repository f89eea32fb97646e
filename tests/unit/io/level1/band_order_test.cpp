// The order of bands and channels of a file against ours, and the unit of its frequencies.

#include "io/level1/band_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace comap {
namespace {

/// Three channels a band, as the telescope writes them.
const std::vector<double> kFrequencies = {27.9, 27.0, 26.1, 28.1, 29.0, 29.9, 31.9, 31.0, 30.1, 32.1, 33.0, 33.9};

std::vector<double> stored_as(const std::vector<int>& bands, const std::vector<bool>& reversed) {
  std::vector<double> stored;
  for (const int band : bands) {
    std::vector<double> channels(kFrequencies.begin() + 3 * band, kFrequencies.begin() + 3 * band + 3);
    if (reversed[static_cast<std::size_t>(band)]) std::ranges::reverse(channels);
    stored.insert(stored.end(), channels.begin(), channels.end());
  }
  return stored;
}

TEST(BandOrder, OursIsKept) {
  EXPECT_TRUE(band_order_of(kFrequencies).is_ours());
  EXPECT_TRUE(band_order_of(std::vector<double>(12, 30.0)).is_ours()) << "nothing to go by";
  EXPECT_TRUE(band_order_of(std::vector<double>{27.0, 29.0, 31.0, 33.0}).is_ours()) << "one channel";
}

TEST(BandOrder, EveryOtherIsPutIntoOurs) {
  std::vector<int> bands = {0, 1, 2, 3};
  do {
    for (unsigned bits = 0; bits < 16; ++bits) {
      const std::vector<bool> reversed = {(bits & 1U) != 0, (bits & 2U) != 0, (bits & 4U) != 0, (bits & 8U) != 0};
      const std::vector<double> stored = stored_as(bands, reversed);
      const BandOrder order = band_order_of(stored);
      EXPECT_EQ(in_our_order<double>(order, stored), kFrequencies);
    }
  } while (std::ranges::next_permutation(bands).found);
}

TEST(BandOrder, Describes) {
  EXPECT_EQ(describe_order(band_order_of(stored_as({1, 0, 2, 3}, {false, false, true, false}))),
            "the bands are stored as 1, 0, 2, 3, the channels of band 2 the other way");
  EXPECT_EQ(describe_order(band_order_of(stored_as({0, 1, 2, 3}, {true, false, true, false}))),
            "the channels of bands 0, 2 the other way");
}

TEST(FrequencyUnit, IsToldByTheRange) {
  for (const double unit : {1.0, 1e3, 1e6, 1e9}) {
    std::vector<double> frequencies = kFrequencies;
    for (double& value : frequencies) value *= unit;
    EXPECT_EQ(frequency_unit_divisor(frequencies), unit);
  }
  std::vector<double> mixed = kFrequencies;
  mixed[5] *= 1e3;
  EXPECT_EQ(frequency_unit_divisor(mixed), 1.0);
  EXPECT_EQ(frequency_unit_divisor(std::vector<double>(12, 0.0)), 1.0);
}

}  // namespace
}  // namespace comap
