#pragma once
/// \file
/// Samples that are no power: taken out of the TOD before any stage sees it.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "config/level2_config.hpp"
#include "io/level1/level1_metadata.hpp"
#include "stages/feed_block.hpp"

namespace comap {

/// Looks at one band of a stretch of time after the other; what it finds depends on the samples of the block alone. In
/// place become NaN:
///
/// - a channel where its counts are 0 or less, infinite, or above `max_counts_ratio` times its level, the median of
///   its power; of a channel far above the others of the band, that of the others times `max_counts_ratio`
/// - all channels where they repeat the sample before, more than `max_repeats` times in a row
/// - all channels of a scan where the power of the band leaps by more than `max_leap` within a sample and is back
///   within a second
/// - the block, when it is a scan whose noise is below `min_noise_ratio` of the radiometer equation: the median over a
///   few channels of the variance of first differences over 2 / (channel width x sample time)
/// - all channels of a sample that more than half of the channels lack which have any
///
/// The last four get flags (data/sample_flag.hpp). Costs one pass over rows in the cache.
class SampleScreen {
 public:
  /// Both outlive the screen.
  SampleScreen(const Level1Metadata& level1, const CheckLevel1Config& limits);

  /// `tod` is that of `block` (stride = n_samples); `flags` [sample of the block] are set to what is found.
  void begin(const FeedBlock& block, float* tod, std::span<std::uint8_t> flags);
  /// Channels [first, end) of the block; all of them once, in order.
  void screen_channels(int first, int end);
  void end();
  /// All of the above.
  void screen(const FeedBlock& block, float* tod, std::span<std::uint8_t> flags);

  /// Bits kNotPositive and kAbsurd of samples that were missing in less than half of the channels, in all blocks.
  std::uint8_t in_single_channels() const { return in_single_channels_; }

 private:
  /// NaN, not positive, absurd: what is wrong with a value, in this order.
  static constexpr std::size_t kReasons = 3;
  struct Probe {
    std::span<const float> row;
    float limit = 0.0F;  ///< counts above are absurd
    double level = 0.0;
  };

  std::span<float> row(int channel) const;
  float limit_of(double level) const;
  std::size_t reason_of(float value, float limit) const;
  void find_probes();
  void find_repeats();
  void find_band_power();
  void find_leaps();
  bool is_repeat(const Probe& probe, std::size_t sample) const;
  bool is_quiet();
  void screen_row(std::span<float> values);
  void lose_row(std::span<float> values);
  void lose_samples(std::span<float> values, std::size_t start, std::size_t end, float limit);
  void flag_shared();

  const Level1Metadata& level1_;
  const CheckLevel1Config& limits_;
  double difference_variance_ = 0.0;  ///< of the radiometer equation, relative; 0 = not known
  FeedBlock block_;
  float* tod_ = nullptr;
  std::span<std::uint8_t> flags_;
  std::vector<Probe> probes_;
  double highest_level_ = 0.0;                                ///< of any channel
  bool is_lost_ = false;                                      ///< the whole block
  std::vector<std::size_t> lost_;                             ///< samples that all channels lose
  std::array<std::vector<std::uint32_t>, kReasons> n_wrong_;  ///< [reason][sample] channels; empty = none
  std::array<std::int64_t, kReasons> n_wrong_in_dead_{};      ///< values of channels without any power
  std::uint32_t n_live_ = 0;                                  ///< channels with power
  std::uint8_t in_single_channels_ = 0;
  std::vector<float> scratch_;
};

}  // namespace comap
