#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "destripe/destriper.hpp"
#include "support/white_noise.hpp"

namespace comap {
namespace {

constexpr int kOffsetLength = 25;
constexpr std::int64_t kSamples = 2000, kSegments = 400, kPixels = 150;
constexpr double kPrior_K2 = 0.5;  // of every mode: offsets that know nothing of each other

/// White noise of variance 1 and offsets of `variance_K2`, on pixels that many segments share.
DestriperData noise_data(double variance_K2, bool with_prior) {
  DestriperData data;
  DestriperStream stream;
  std::mt19937_64 random(7);
  std::normal_distribution<double> offset(0.0, std::sqrt(variance_K2));
  std::uniform_int_distribution<std::int32_t> pixel(0, kPixels - 1);
  const std::vector<float> white = white_noise(kSamples * kSegments, 1.0, 3);
  for (std::int64_t segment = 0; segment < kSegments; ++segment) {
    data.segments.push_back({segment * kSamples, kSamples, false});
    stream.weight_per_K2.push_back(1.0);
    if (with_prior) stream.prior_variance_K2.emplace_back(kSamples / kOffsetLength, kPrior_K2);
    double offset_K = 0.0;
    for (std::int64_t i = 0; i < kSamples; ++i) {
      if (i % kOffsetLength == 0) offset_K = offset(random);
      const auto sample = static_cast<std::size_t>(segment * kSamples + i);
      stream.tod_K.push_back(white[sample] + static_cast<float>(offset_K));
      data.pixel.push_back(pixel(random));
    }
  }
  data.streams.push_back(std::move(stream));
  return data;
}

double ratio_of(const DestriperData& data) {
  DestriperSettings settings;
  settings.n_pixels = kPixels;
  settings.offset_length = kOffsetLength;
  settings.threshold = 1e-9;
  return destripe(data, settings, SerialCommunicator()).front().report.residual_ratio;
}

TEST(ResidualRatio, IsOneWhereThePriorIsRight) { EXPECT_NEAR(ratio_of(noise_data(kPrior_K2, true)), 1.0, 0.08); }

// Expected (variance + u) / (prior + u) with u = 1/25 the white noise of an offset.
TEST(ResidualRatio, SaysHowMuchMoreNoiseThereIs) {
  EXPECT_NEAR(ratio_of(noise_data(4.0 * kPrior_K2, true)) / ((2.0 + 0.04) / (0.5 + 0.04)), 1.0, 0.08);
}

TEST(ResidualRatio, OneScanOfManyDoesNotTell) {
  DestriperData data = noise_data(kPrior_K2, true);
  for (std::size_t i = 0; i < static_cast<std::size_t>(kSamples); ++i) {
    data.streams[0].tod_K[i] += 20.0F * std::sin(0.03F * static_cast<float>(i));
  }
  EXPECT_NEAR(ratio_of(data), 1.0, 0.08);
}

TEST(ResidualRatio, NoPriorNoRatio) { EXPECT_TRUE(std::isnan(ratio_of(noise_data(kPrior_K2, false)))); }

}  // namespace
}  // namespace comap
