#include "stages/check_level1/check_metadata.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <span>

#include "core/constants.hpp"
#include "io/level1/sample_times.hpp"

namespace comap {
namespace {

constexpr const char* kMjd = "spectrometer/MJD";
constexpr const char* kFrequency = "spectrometer/frequency";
constexpr double kMostIrregular = 0.05;      ///< of the steps, that are far from the sample time
constexpr double kRegularStep = 0.5;         ///< relative: steps within this of the sample time are regular
constexpr double kLeastSampleTime_s = 1e-4;  ///< a stated sample time outside these is in another unit, or none
constexpr double kMostSampleTime_s = 10.0;
constexpr const char* kLeaveOut = "leave the observation out, or fetch it again";

/// One file under inspection.
class MetadataCheck {
 public:
  MetadataCheck(const Level1Metadata& level1, const CheckLevel1Config& config) : level1_(level1), config_(config) {}

  MetadataVerdict run() {
    check_range_of_times();
    check_gaps();
    check_steps();
    check_sample_time();
    check_range_of_frequencies();
    check_bands();
    return std::move(verdict_);
  }

 private:
  void found(TroubleKind kind, const char* dataset, std::string what, std::string done) {
    verdict_.troubles.push_back({kind, "check_level1", dataset, std::move(what), std::move(done)});
  }
  void refuse(const char* dataset, const std::string& what, const std::string& remedy) {
    verdict_.refusals.push_back({dataset, what, remedy});
  }

  void check_range_of_times();
  void check_gaps();
  void check_steps();
  void check_sample_time();
  void check_range_of_frequencies();
  void check_bands();
  double step_s(std::size_t i) const { return (level1_.mjd[i] - level1_.mjd[i - 1]) * kSecondsPerDay; }
  double stated_sample_time_s() const;
  std::span<const double> band(int band) const {
    const std::size_t n = level1_.n_channels;
    return std::span(level1_.frequency_GHz).subspan(band * n, n);
  }

  const Level1Metadata& level1_;
  const CheckLevel1Config& config_;
  MetadataVerdict verdict_;
};

/// The scale of a time that is no MJD of our days.
std::string other_clock(double time) {
  constexpr double kModifiedJulian_d = 2400000.5, kUnixEpoch_mjd = 40587.0, kJ2000_mjd = 51544.5;
  constexpr double kFirst_mjd = 50000.0, kLast_mjd = 80000.0;
  struct Clock {
    const char* text;
    double mjd;
  };
  for (const Clock& clock :
       {Clock{"a Julian date: subtract 2400000.5", time - kModifiedJulian_d},
        Clock{"seconds since 1970: divide by 86400 and add 40587", time / kSecondsPerDay + kUnixEpoch_mjd},
        Clock{"milliseconds since 1970: divide by 86400000 and add 40587",
              time / (1e3 * kSecondsPerDay) + kUnixEpoch_mjd},
        Clock{"days since 1970: add 40587", time + kUnixEpoch_mjd},
        Clock{"days since J2000: add 51544.5", time + kJ2000_mjd},
        Clock{"seconds of MJD: divide by 86400", time / kSecondsPerDay}}) {
    if (clock.mjd > kFirst_mjd && clock.mjd < kLast_mjd) return std::string("; it looks like ") + clock.text;
  }
  return "";
}

void MetadataCheck::check_range_of_times() {
  for (const double time : {level1_.mjd.front(), level1_.mjd.back()}) {
    if (time >= config_.min_mjd && time <= config_.max_mjd) continue;
    return refuse(
        kMjd, fmt::format("{} is outside MJD {} to {}{}", time, config_.min_mjd, config_.max_mjd, other_clock(time)),
        "correct the times, or set level2.check_level1.min_mjd and max_mjd");
  }
}

void MetadataCheck::check_gaps() {
  int n_gaps = 0;
  double longest_s = 0.0;
  for (std::size_t i = 1; i < level1_.mjd.size(); ++i) {
    longest_s = std::max(longest_s, step_s(i));
    n_gaps += step_s(i) > config_.max_time_gap_s ? 1 : 0;
  }
  // Between samples that are far apart every step is a gap: check_sample_time() has more to say.
  if (n_gaps == 0 || level1_.sample_time_s > config_.max_time_gap_s) return;
  found(TroubleKind::recording_gap, kMjd,
        fmt::format("gaps of more than {} s: {}, the longest {:.1f} s", config_.max_time_gap_s, n_gaps, longest_s),
        "the sample time is that of the stretches between them");
}

void MetadataCheck::check_steps() {
  std::size_t n_irregular = 0;
  for (std::size_t i = 1; i < level1_.mjd.size(); ++i) {
    n_irregular += std::abs(step_s(i) / level1_.sample_time_s - 1.0) > kRegularStep ? 1U : 0U;
  }
  const double share = static_cast<double>(n_irregular) / static_cast<double>(level1_.mjd.size() - 1);
  if (share <= kMostIrregular) return;
  found(TroubleKind::time_step, kMjd,
        fmt::format("{:.1f} % of the steps are not within {:.0f} % of the sample time of {:.4g} s", 100.0 * share,
                    100.0 * kRegularStep, level1_.sample_time_s),
        "noise is estimated as if they were regular");
}

/// NaN when the file states none that can be one.
double MetadataCheck::stated_sample_time_s() const {
  const auto attribute = level1_.attributes.find("tsamp");
  const auto number = attribute == level1_.attributes.end() ? std::nullopt : h5::to_number(attribute->second);
  return number && *number >= kLeastSampleTime_s && *number <= kMostSampleTime_s ? *number : kNan;
}

void MetadataCheck::check_sample_time() {
  const double measured_s = level1_.sample_time_s, stated_s = stated_sample_time_s();
  const auto differ = [&](double a, double b) { return std::abs(a / b - 1.0) > config_.max_sample_time_error; };
  if (!std::isfinite(stated_s) || !differ(measured_s, stated_s)) return;
  const std::string what =
      fmt::format("the sample time is {:.4g} s, but the attribute tsamp states {:.4g} s", measured_s, stated_s);
  // Another clock of the file tells which of the two is wrong: the housekeeping runs as long as the spectrometer.
  const auto span_s = [](const std::vector<double>& mjd) { return (mjd.back() - mjd.front()) * kSecondsPerDay; };
  const double mjd_span_s = span_s(level1_.mjd);
  const double housekeeping_span_s = level1_.vane.utc_mjd.empty() ? kNan : span_s(level1_.vane.utc_mjd);
  if (differ(mjd_span_s, housekeeping_span_s) && !differ(mjd_span_s * stated_s / measured_s, housekeeping_span_s)) {
    return refuse(kMjd,
                  fmt::format("{}, and so do the {:.0f} s of hk/antenna0/vane/utc against {:.0f} s here", what,
                              housekeeping_span_s, mjd_span_s),
                  kLeaveOut);
  }
  found(TroubleKind::time_step, kMjd, what, "the time steps of MJD are used");
}

void MetadataCheck::check_range_of_frequencies() {
  const auto is_good = [&](double value) {
    return value >= config_.min_frequency_GHz && value <= config_.max_frequency_GHz;
  };
  const auto bad = std::ranges::find_if_not(level1_.frequency_GHz, is_good);
  if (bad == level1_.frequency_GHz.end()) return;
  refuse(kFrequency,
         fmt::format("{:g} is outside {:g} to {:g} GHz, and no other unit puts all of them there", *bad,
                     config_.min_frequency_GHz, config_.max_frequency_GHz),
         "correct the frequencies, or set level2.check_level1.min_frequency_GHz and max_frequency_GHz");
}

void MetadataCheck::check_bands() {
  double highest_before = 0.0;
  for (int number = 0; number < kBands; ++number) {
    const std::span<const double> channels = band(number);
    const bool is_falling = std::ranges::adjacent_find(channels, std::ranges::less_equal()) == channels.end();
    const bool is_rising = std::ranges::adjacent_find(channels, std::ranges::greater_equal()) == channels.end();
    if (!is_falling && !is_rising) {
      return refuse(kFrequency, fmt::format("the frequencies of band {} do not run one way", number), kLeaveOut);
    }
    const auto [lowest, highest] = std::ranges::minmax(channels);
    if (lowest <= highest_before) {
      return refuse(kFrequency, fmt::format("bands {} and {} overlap at {:g} GHz", number - 1, number, lowest),
                    kLeaveOut);
    }
    highest_before = highest;
  }
}

}  // namespace

MetadataVerdict check_metadata(const Level1Metadata& level1, const CheckLevel1Config& config) {
  return MetadataCheck(level1, config).run();
}

}  // namespace comap
