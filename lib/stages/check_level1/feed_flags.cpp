#include "stages/check_level1/feed_flags.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/constants.hpp"
#include "data/sample_flag.hpp"
#include "stages/check_level1/pointing_screen.hpp"
#include "stages/feed_row.hpp"

namespace comap {
namespace {

constexpr double kPercent = 100.0;
constexpr const char* kTod = "spectrometer/tod";
constexpr const char* kPointingGroup = "spectrometer/pixel_pointing";
constexpr std::int64_t kUsuallyMissing = 10;  ///< samples of a feed that are NaN in any file
constexpr double kMostHeld = 0.3;             ///< of the samples in scans, with the direction of the one before
constexpr const char* kSamplesMissing = "these samples are missing";

/// A flag that the power of a sample can have.
struct PowerFault {
  std::uint8_t flag;
  TroubleKind kind;
};
constexpr std::array<PowerFault, 5> kPowerFaults = {{
    {sample_flag::kMissing, TroubleKind::samples_missing},
    {sample_flag::kNotPositive, TroubleKind::counts_not_positive},
    {sample_flag::kAbsurd, TroubleKind::counts_absurd},
    {sample_flag::kRepeated, TroubleKind::samples_repeated},
    {sample_flag::kQuiet, TroubleKind::noise_too_low},
}};

std::string text_of(std::uint8_t flag, const CheckLevel1Config& limits) {
  switch (flag) {
    case sample_flag::kMissing:
      return "no counts (NaN)";
    case sample_flag::kNotPositive:
      return "counts of 0 or less";
    case sample_flag::kAbsurd:
      return fmt::format("counts above {:g} times the channel's level, or that leap by more than {:g} % and back",
                         limits.max_counts_ratio, kPercent * limits.max_leap);
    case sample_flag::kRepeated:
      return "spectra equal to the one before";
    default:
      return fmt::format("scans with less than {:g} times the variance of the radiometer equation",
                         limits.min_noise_ratio);
  }
}

}  // namespace

FeedFlags::FeedFlags(const ObservationContext& observation, int feed, const CheckLevel1Config& limits)
    : observation_(observation),
      feed_(feed),
      limits_(limits),
      flags_(kBands * observation.level1.n_samples, std::uint8_t{0}) {}

std::span<std::uint8_t> FeedFlags::of(int band, std::int64_t start, std::int64_t n_samples) {
  return std::span(flags_).subspan(band * observation_.level1.n_samples + start, n_samples);
}

void FeedFlags::finish(std::uint8_t in_single_channels, std::vector<Trouble>& troubles) {
  add_sample_troubles(in_single_channels, troubles);
  leave_out_repeated(troubles);
  flag_pointing(troubles);
}

void FeedFlags::add_sample_troubles(std::uint8_t in_single_channels, std::vector<Trouble>& troubles) const {
  const std::int64_t n = observation_.level1.n_samples;
  for (const auto& [flag, kind] : kPowerFaults) {
    std::vector<std::uint8_t> bands_of(n, 0);
    std::vector<int> bands;
    for (int band = 0; band < kBands; ++band) {
      const std::span<const std::uint8_t> flags = std::span(flags_).subspan(band * n);
      bool found = false;
      for (std::size_t i = 0; i < bands_of.size(); ++i) {
        const bool has = (flags[i] & flag) != 0;
        bands_of[i] |= has;
        found |= has;
      }
      if (found) bands.push_back(band);
    }
    const std::int64_t n_flagged = std::ranges::count(bands_of, std::uint8_t{1});
    const std::string text = text_of(flag, limits_);
    if (n_flagged > (flag == sample_flag::kMissing ? kUsuallyMissing : 0)) {
      troubles.push_back({kind, kLevel1Stage, kTod, text + in_bands(bands), kSamplesMissing, {feed_}, n_flagged});
    }
    if ((in_single_channels & flag) != 0) {
      troubles.push_back(
          {kind, kLevel1Stage, kTod, text + " in single channels", "these channels are missing there", {feed_}, 0});
    }
  }
}

void FeedFlags::leave_out_repeated(std::vector<Trouble>& troubles) {
  std::vector<int> bands;
  for (int band = 0; band < kBands; ++band) {
    std::int64_t n_samples = 0, n_repeated = 0;
    for (const auto& [start, end] : observation_.scans) {
      n_samples += end - start;
      n_repeated += std::ranges::count_if(of(band, start, end - start),
                                          [](std::uint8_t flags) { return (flags & sample_flag::kRepeated) != 0; });
    }
    const double most = limits_.max_repeated_fraction * static_cast<double>(n_samples);
    if (!(static_cast<double>(n_repeated) > most)) continue;
    bands.push_back(band);
    for (const auto& [start, end] : observation_.scans) {
      for (std::uint8_t& flags : of(band, start, end - start)) flags |= sample_flag::kRepeated;
    }
  }
  if (bands.empty()) return;
  troubles.push_back({TroubleKind::samples_repeated,
                      kLevel1Stage,
                      kTod,
                      fmt::format("more than {:g} % of the spectra{} are equal to the one before",
                                  kPercent * limits_.max_repeated_fraction, in_bands(bands)),
                      bands.size() == kBands ? "the feed is left out" : "these bands of the feed are left out",
                      {feed_},
                      0});
}

void FeedFlags::flag_pointing(std::vector<Trouble>& troubles) {
  if (observation_.pointing_faults.empty()) return;
  const Level1Metadata& level1 = observation_.level1;
  const std::size_t n = level1.n_samples;
  const auto whole = std::span(observation_.pointing_faults).subspan(row_of_feed(level1, feed_) * n, n);
  std::vector<PointingFault> faults(whole.begin(), whole.end());
  const FeedDirections directions = {level1.mjd, feed_samples(level1, level1.azimuth_deg, feed_, {0, level1.n_samples}),
                                     feed_samples(level1, level1.elevation_deg, feed_, {0, level1.n_samples})};
  const std::int64_t n_standing = mark_frozen(directions, observation_.scans, limits_, faults);
  std::int64_t n_in_scans = 0;
  std::array<std::int64_t, 5> n_of{};
  for (const auto& [start, end] : observation_.scans) {
    n_in_scans += end - start;
    for (std::int64_t i = start; i < end; ++i) {
      const PointingFault fault = faults[i];
      ++n_of.at(static_cast<std::size_t>(fault));
      if (fault == PointingFault::none) continue;
      for (int band = 0; band < kBands; ++band) of(band, i, 1)[0] |= sample_flag::kPointing;
    }
  }
  const auto add = [&](TroubleKind kind, std::string what, const char* done, std::int64_t n_samples) {
    if (n_samples > 0)
      troubles.push_back({kind, kLevel1Stage, kPointingGroup, std::move(what), done, {feed_}, n_samples});
  };
  constexpr const char* kDone = "these samples are left out of maps";
  const auto count = [&](PointingFault fault) { return n_of.at(static_cast<std::size_t>(fault)); };
  add(TroubleKind::pointing_missing, "azimuth or elevation not finite, exactly 0 or outside 0-90 deg", kDone,
      count(PointingFault::missing));
  add(TroubleKind::pointing_jump,
      fmt::format("directions out of reach from those before and after at {:g} deg/s",
                  limits_.max_pointing_speed_deg_s),
      kDone, count(PointingFault::jump));
  add(TroubleKind::pointing_frozen,
      fmt::format("directions that stand still for more than {:g} s in a moving scan", limits_.max_pointing_hold_s),
      kDone, count(PointingFault::frozen));
  add(TroubleKind::pointing_frozen, "the telescope stands still in most of the scans", "kept", n_standing);
  const std::int64_t n_held = n_held_briefly(directions, observation_.scans, limits_);
  if (static_cast<double>(n_held) > kMostHeld * static_cast<double>(n_in_scans)) {
    add(TroubleKind::pointing_frozen, "directions are those of the sample before: recorded more rarely than the counts",
        "kept", n_held);
  }
}

std::int64_t n_samples_left(const ObservationContext& observation, std::span<const std::uint8_t> flags) {
  std::int64_t n_left = 0;
  for (int band = 0; band < kBands; ++band) {
    const auto of_band = flags.subspan(band * observation.level1.n_samples);
    for (const auto& [start, end] : observation.scans) {
      const auto scan = of_band.subspan(start, end - start);
      n_left += std::ranges::count_if(scan, [](std::uint8_t bits) { return (bits & sample_flag::kLost) == 0; });
    }
  }
  return n_left;
}

std::string flag_meanings() {
  std::string text;
  for (int bit = 0; bit < sample_flag::kBits; ++bit) {
    text += fmt::format("{}{} {}", bit > 0 ? ", " : "", 1 << bit, sample_flag::kTexts.at(bit));
  }
  return text;
}

}  // namespace comap
