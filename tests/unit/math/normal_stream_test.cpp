#include "math/normal_stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "math/random_stream.hpp"

namespace comap::simulate {
namespace {

// Reference outputs of SplitMix64 for the state 1234567 (published with the Java and Rust implementations).
TEST(NormalStream, SequenceDoesNotDependOnTheCalls) {
  std::vector<float> at_once(1000);
  NormalStream(42).fill(at_once);
  std::vector<float> in_pieces(1000);
  NormalStream stream(42);
  std::size_t done = 0;
  for (std::size_t length = 1; done < in_pieces.size(); length = length * 3 % 101 + 1) {
    const std::size_t n = std::min(length, in_pieces.size() - done);
    stream.fill(std::span(in_pieces).subspan(done, n));
    done += n;
  }
  EXPECT_EQ(at_once, in_pieces);
}

TEST(NormalStream, HasTheMomentsAndTailsOfTheNormalDistribution) {
  constexpr std::size_t kN = 4'000'000;
  std::vector<float> values(kN);
  NormalStream(3).fill(values);
  double m1 = 0.0, m2 = 0.0, m3 = 0.0, m4 = 0.0;
  std::vector<std::size_t> beyond(5, 0);  // |x| > 1, 2, 3, 4, 5
  for (const float value : values) {
    const auto x = static_cast<double>(value);
    m1 += x;
    m2 += x * x;
    m3 += x * x * x;
    m4 += x * x * x * x;
    for (std::size_t k = 0; k < beyond.size(); ++k) beyond[k] += std::abs(x) > static_cast<double>(k + 1) ? 1 : 0;
  }
  const double n = kN;
  const double error = 1.0 / std::sqrt(n);
  EXPECT_NEAR(m1 / n, 0.0, 4.0 * error);
  EXPECT_NEAR(m2 / n, 1.0, 4.0 * std::sqrt(2.0) * error);
  EXPECT_NEAR(m3 / n, 0.0, 4.0 * std::sqrt(15.0) * error);
  EXPECT_NEAR(m4 / n, 3.0, 4.0 * std::sqrt(96.0) * error);
  for (std::size_t k = 0; k < beyond.size(); ++k) {
    const double expected = n * std::erfc(static_cast<double>(k + 1) / std::sqrt(2.0));
    EXPECT_NEAR(static_cast<double>(beyond[k]), expected, 4.0 * std::sqrt(expected) + 1.0) << k + 1 << " sigma";
  }
}

// Neighbours, and the two numbers of one Box-Muller pair, are independent.
TEST(NormalStream, NeighboursAndPairsAreUncorrelated) {
  constexpr std::size_t kN = 1'000'000;
  std::vector<float> values(kN);
  NormalStream(4).fill(values);
  for (const std::size_t lag : {std::size_t{1}, NormalStream::kLanes, NormalStream::kBatch}) {
    double product = 0.0, squares = 0.0;
    for (std::size_t i = 0; i + lag < kN; ++i) {
      const auto a = static_cast<double>(values[i]);
      const auto b = static_cast<double>(values[i + lag]);
      product += a * b;
      squares += (a * a - 1.0) * (b * b - 1.0);
    }
    EXPECT_NEAR(product / kN, 0.0, 4e-3) << "lag " << lag;
    EXPECT_NEAR(squares / kN, 0.0, 8e-3) << "lag " << lag;
  }
}

TEST(NormalStream, KeysGiveIndependentStreams) {
  constexpr std::size_t kN = 100'000;
  std::vector<float> a(kN), b(kN);
  NormalStream(stream_key(1, Purpose::radiometer, {0})).fill(a);
  NormalStream(stream_key(1, Purpose::radiometer, {1})).fill(b);
  double product = 0.0;
  for (std::size_t i = 0; i < kN; ++i) product += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  EXPECT_NEAR(product / kN, 0.0, 4.0 / std::sqrt(kN));
}

}  // namespace
}  // namespace comap::simulate
