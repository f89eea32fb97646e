#include "math/random_stream.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace comap::simulate {
namespace {

// Reference outputs of SplitMix64 for the state 1234567 (published with the Java and Rust implementations).
TEST(SplitMix, GivesThePublishedSequence) {
  std::uint64_t state = 1234567;
  for (const std::uint64_t expected : {6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL,
                                       4593380528125082431ULL, 16408922859458223821ULL}) {
    EXPECT_EQ(split_mix(state), expected);
  }
}

TEST(StreamKey, DependsOnEveryPart) {
  const std::uint64_t key = stream_key(1, Purpose::gain, {2, 3});
  EXPECT_EQ(key, stream_key(1, Purpose::gain, {2, 3}));
  EXPECT_NE(key, stream_key(2, Purpose::gain, {2, 3}));
  EXPECT_NE(key, stream_key(1, Purpose::radiometer, {2, 3}));
  EXPECT_NE(key, stream_key(1, Purpose::gain, {3, 2}));
  EXPECT_NE(key, stream_key(1, Purpose::gain, {2}));
}

TEST(RandomStream, IntegersStayBelowTheirLimit) {
  RandomStream random(7);
  std::vector<int> counts(5, 0);
  for (int i = 0; i < 50000; ++i) ++counts.at(static_cast<std::size_t>(random.integer(5)));
  for (const int count : counts) EXPECT_NEAR(count, 10000, 500);  // 5.6 sigma
}

}  // namespace
}  // namespace comap::simulate
