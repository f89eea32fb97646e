#include "math/normal_stream.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "math/random_stream.hpp"

namespace comap::simulate {
namespace {

constexpr float kTwoToMinus31 = 0x1.0p-31F;
constexpr float kTwoToMinus32 = 0x1.0p-32F;
constexpr auto kLn2 = std::numbers::ln2_v<float>;
constexpr float kQuarterPi = std::numbers::pi_v<float> / 4.0F;

/// -2 ln(u) for u in (0, 1]: exponent and, for the mantissa m in [sqrt(1/2), sqrt(2)), the series of
/// ln m = 2 artanh((m - 1) / (m + 1)).
inline float minus_two_log(float u) {
  constexpr std::int32_t kSqrtHalfBits = 0x3f3504f3;
  const auto bits = std::bit_cast<std::int32_t>(u) - kSqrtHalfBits;
  const std::int32_t exponent = bits >> 23;
  const auto m = std::bit_cast<float>((bits & 0x007fffff) + kSqrtHalfBits);
  const float z = (m - 1.0F) / (m + 1.0F);
  const float z2 = z * z;
  const float log_m = 2.0F * z * (1.0F + z2 * (1.0F / 3 + z2 * (1.0F / 5 + z2 * (1.0F / 7 + z2 * (1.0F / 9)))));
  const float log_u = static_cast<float>(exponent) * kLn2 + log_m;
  return std::max(-2.0F * log_u, 0.0F);
}

/// Taylor polynomials on [-pi/4, pi/4].
inline float sine(float x) {
  const float x2 = x * x;
  return x * (1.0F + x2 * (-1.0F / 6 + x2 * (1.0F / 120 + x2 * (-1.0F / 5040 + x2 * (1.0F / 362880)))));
}
inline float cosine(float x) {
  const float x2 = x * x;
  return 1.0F + x2 * (-0.5F + x2 * (1.0F / 24 + x2 * (-1.0F / 720 + x2 * (1.0F / 40320))));
}

/// Two independent normal numbers from 64 random bits. The angle is uniform in one quadrant around the first axis;
/// one bit turns the quadrant round, one exchanges the axes.
inline void box_muller(std::uint32_t a, std::uint32_t b, float& first, float& second) {
  const float u = static_cast<float>(static_cast<std::int32_t>(a >> 1)) * kTwoToMinus31 + kTwoToMinus32;
  const float radius = std::sqrt(minus_two_log(u));
  const float angle = static_cast<float>(static_cast<std::int32_t>(b << 2)) * (kTwoToMinus31 * kQuarterPi);
  const auto cosine_bits = std::bit_cast<std::uint32_t>(radius * cosine(angle)) ^ (b & 0x80000000U);
  const auto sine_bits = std::bit_cast<std::uint32_t>(radius * sine(angle));
  const std::uint32_t exchange = 0U - ((b >> 30) & 1U);
  const std::uint32_t difference = (cosine_bits ^ sine_bits) & exchange;
  first = std::bit_cast<float>(cosine_bits ^ difference);
  second = std::bit_cast<float>(sine_bits ^ difference);
}

}  // namespace

NormalStream::NormalStream(std::uint64_t key) {
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (std::size_t word = 0; word < state_.size(); word += 2) {
      const std::uint64_t bits = split_mix(key);
      state_[word][lane] = static_cast<std::uint32_t>(bits);
      state_[word + 1][lane] = static_cast<std::uint32_t>(bits >> 32);
    }
  }
}

void NormalStream::fill_batches(float* values, std::size_t n_batches) {
  alignas(64) std::array<Words, 4> s = state_;
  alignas(64) Words first_bits;
  alignas(64) Words second_bits;
  const auto advance = [&s](Words& out) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      out[lane] = std::rotl(s[0][lane] + s[3][lane], 7) + s[0][lane];
      const std::uint32_t shifted = s[1][lane] << 9;
      s[2][lane] ^= s[0][lane];
      s[3][lane] ^= s[1][lane];
      s[1][lane] ^= s[2][lane];
      s[0][lane] ^= s[3][lane];
      s[2][lane] ^= shifted;
      s[3][lane] = std::rotl(s[3][lane], 11);
    }
  };
  for (std::size_t batch = 0; batch < n_batches; ++batch) {
    advance(first_bits);
    advance(second_bits);
    float* out = values + batch * kBatch;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      box_muller(first_bits[lane], second_bits[lane], out[lane], out[kLanes + lane]);
    }
  }
  state_ = s;
}

void NormalStream::fill(std::span<float> values) {
  const std::size_t n_kept = std::min(n_rest_, values.size());
  std::copy_n(rest_.end() - n_rest_, n_kept, values.begin());
  n_rest_ -= n_kept;
  values = values.subspan(n_kept);

  const std::size_t n_batches = values.size() / kBatch;
  fill_batches(values.data(), n_batches);
  values = values.subspan(n_batches * kBatch);
  if (values.empty()) return;

  fill_batches(rest_.data(), 1);
  n_rest_ = kBatch - values.size();
  std::copy_n(rest_.begin(), values.size(), values.begin());
}

}  // namespace comap::simulate
