#include "map/plan/selection.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "io/level1/level1_identity.hpp"

namespace comap {
namespace {

constexpr std::string_view kCalibratorGroup = "Calibrator";

bool is_good(const std::vector<QualityFlag>& flags, int feed, int frequency_band) {
  const auto found = std::ranges::find_if(
      flags, [&](const QualityFlag& flag) { return flag.feed == feed && flag.frequency_band == frequency_band; });
  return found == flags.end() || found->is_good;
}

bool is_usable(double calibration_factor) {
  return std::isfinite(calibration_factor) && calibration_factor >= kMinCalibrationFactor;
}

MapObservation observation_of_file(const std::string& path, const std::string& deadly, const std::string& dataset) {
  MapObservation offered;
  offered.observation.level2_path = path;
  offered.observation.obsid = obsid_of_file_name(path);
  offered.deadly = deadly;
  if (!deadly.empty()) return offered;
  try {
    const Level2Reader file(path, dataset);
    offered.observation.obsid = file.obsid();
    offered.observation.source = source_name_of(file.attribute_text("source"));
    offered.observation.source_group = source_group_of(file.attribute_text("source"), file.attribute_text("comment"));
    offered.observation.utc_start = file.attribute_text("utc_start");
  } catch (const Error&) {
    return offered;
  }
  return offered;
}

}  // namespace

double MapObservation::calibration_factor(int feed, int frequency_band) const {
  const auto found = std::ranges::find_if(calibration, [&](const CalibrationFactor& factor) {
    return factor.feed == feed && factor.frequency_band == frequency_band;
  });
  return found == calibration.end() ? 1.0 : found->gain_ratio;
}

std::vector<QualityFlag> bad_flags(std::vector<QualityFlag> flags) {
  std::erase_if(flags, [](const QualityFlag& flag) { return flag.is_good; });
  return flags;
}

std::vector<MapObservation> observations_of_files(const std::vector<std::string>& level2_files,
                                                  const std::map<std::string, std::string>& deadly,
                                                  const std::string& dataset) {
  std::vector<MapObservation> offered;
  for (const std::string& path : level2_files) {
    const auto found = deadly.find(path);
    offered.push_back(observation_of_file(path, found == deadly.end() ? "" : found->second, dataset));
  }
  return offered;
}

std::string_view exclusion_text(Exclusion reason) {
  switch (reason) {
    case Exclusion::no_path:
      return "no Level-2 file in the catalogue";
    case Exclusion::file_missing:
      return "Level-2 file missing";
    case Exclusion::file_unreadable:
      return "Level-2 file unreadable";
    case Exclusion::dataset_missing:
      return "Level-2 file incomplete";
    case Exclusion::level1_unusable:
      return "Level-1 file missing, unreadable or of another observation";
    case Exclusion::other_observation:
      return "Level-2 file of another observation";
    case Exclusion::same_observation:
      return "observation that is used already";
    case Exclusion::other_half_bands:
      return "another number of half bands than most files";
    case Exclusion::other_unit:
      return "another unit than most files";
    case Exclusion::other_frequencies:
      return "other frequencies than most files";
    case Exclusion::other_gain_filter:
      return "another gain filter than most files";
    case Exclusion::file_replaced:
      return "Level-2 file replaced meanwhile";
    case Exclusion::all_flags_bad:
      return "all flags bad";
    case Exclusion::element_flagged:
      return "flagged bad";
    case Exclusion::feed_absent:
      return "feed not in the file";
    case Exclusion::bad_calibration:
      return "calibration factor not finite or below 0.3";
    case Exclusion::auto_rms_not_finite:
      return "auto_rms not finite";
    case Exclusion::auto_rms_above_cap:
      return "auto_rms above auto_rms_cap_K";
    case Exclusion::sigma_red_above_cutoff:
      return "sigma_red above sigma_red_cutoff_K";
    case Exclusion::bad_elevation:
      return "elevation outside 0-90 deg";
    case Exclusion::too_few_good_samples:
      return "too few good samples";
  }
  throw Bug("an exclusion without a text");
}

std::int64_t SelectionReport::n_used() const {
  return std::ranges::count_if(observations, [](const MapOutcome& outcome) { return outcome.used; });
}

std::int64_t SelectionReport::n_bad_files() const {
  return std::ranges::count_if(observations, [](const MapOutcome& outcome) { return outcome.bad_file; });
}

std::map<TroubleKind, std::int64_t> SelectionReport::n_with_trouble() const {
  std::map<TroubleKind, std::int64_t> n;
  for (const MapOutcome& outcome : observations) {
    std::set<TroubleKind> kinds;
    for (const Trouble& trouble : outcome.troubles) kinds.insert(trouble.kind);
    for (const TroubleKind kind : kinds) n[kind] += outcome.used ? 1 : 0;
  }
  std::erase_if(n, [](const auto& entry) { return entry.second == 0; });
  return n;
}

std::vector<std::string> SelectionReport::lines() const {
  std::vector<std::string> lines;
  lines.push_back(fmt::format("used: {} of {}, {}", n_used(), counted(std::ssize(observations), "observation"),
                              counted(n_scans, "scan of a feed and band", "scans of a feed and band")));
  for (std::size_t reason = 0; reason < kExclusions; ++reason) {
    if (counts[reason] == 0) continue;
    const auto exclusion = static_cast<Exclusion>(reason);
    const bool of_observation = exclusion <= Exclusion::all_flags_bad;
    const bool of_element = !of_observation && exclusion <= Exclusion::bad_calibration;
    const std::string what = of_observation ? counted(counts[reason], "observation")
                             : of_element   ? counted(counts[reason], "feed and band", "feeds and bands")
                                            : counted(counts[reason], "scan");
    lines.push_back(fmt::format("excluded: {}: {}", what, exclusion_text(exclusion)));
  }
  for (const auto& [kind, n] : n_with_trouble()) {
    lines.push_back(fmt::format("trouble: {}: {}", counted(n, "observation"), trouble_text(kind)));
  }
  if (n_without_sigma_red > 0) {
    lines.push_back(
        fmt::format("no cut on sigma_red (no fit, or one of sky or air): {}", counted(n_without_sigma_red, "scan")));
  }
  return lines;
}

bool all_flags_bad(const MapmakeConfig& config, const std::vector<QualityFlag>& flags) {
  for (const int feed : config.feeds) {
    for (const int band : config.bands) {
      if (is_good(flags, feed, band)) return false;
    }
  }
  return true;
}

std::optional<Exclusion> noise_exclusion(const MapmakeConfig& config, std::optional<double> auto_rms_K,
                                         std::optional<double> sigma_red_K, bool calibrator) {
  if (calibrator) return std::nullopt;
  if (auto_rms_K && !std::isfinite(*auto_rms_K)) return Exclusion::auto_rms_not_finite;
  if (auto_rms_K && *auto_rms_K > config.auto_rms_cap_K) return Exclusion::auto_rms_above_cap;
  // NaN means that the noise fit was not done, e.g. on a bright source: no reason to leave the scan out.
  if (sigma_red_K && std::isfinite(*sigma_red_K) && *sigma_red_K > config.sigma_red_cutoff_K) {
    return Exclusion::sigma_red_above_cutoff;
  }
  return std::nullopt;
}

ScanSelection::ScanSelection(const MapmakeConfig& config, const MapObservation& observation, const Level2Reader& file)
    : n_scans_(file.scans().size()),
      reason_(std::size_t{kScienceFeeds} * kFrequencyBands * file.scans().size(), Exclusion::feed_absent) {
  const bool calibrator = observation.observation.source_group == kCalibratorGroup;
  for (const int feed : config.feeds) {
    for (const int band : config.bands) {
      if (band >= file.n_frequency_bands()) {
        throw ObservationError(
            fmt::format("{}: has {} frequency bands, not band {}", file.path(), file.n_frequency_bands(), band));
      }
      if (!file.has_feed(feed)) {
        exclude_element(feed, band, Exclusion::feed_absent);
      } else if (!is_good(observation.flags, feed, band)) {
        exclude_element(feed, band, Exclusion::element_flagged);
      } else if (!is_usable(observation.calibration_factor(feed, band))) {
        exclude_element(feed, band, Exclusion::bad_calibration);
      } else {
        select_scans(config, file, feed, band, calibrator);
      }
    }
  }
  add_cost(config, file);
}

void ScanSelection::exclude_element(int feed, int frequency_band, Exclusion reason) {
  exclude(reason);
  std::fill_n(reason_.begin() + index(feed, frequency_band, 0), n_scans_, reason);
}

namespace {

/// The fitted red noise where it is that of receivers, whose spectra are flatter than this: a steeper one is of sky or
/// air in the scan, which the offsets take.
std::optional<double> receiver_noise_K(const Level2Reader& file, int feed, int frequency_band, std::size_t scan) {
  constexpr double kSteepestReceiver = -2.0;
  if (file.alpha(feed, frequency_band, scan).value_or(0.0) < kSteepestReceiver) return std::nullopt;
  return file.sigma_red_K(feed, frequency_band, scan);
}

}  // namespace

void ScanSelection::select_scans(const MapmakeConfig& config, const Level2Reader& file, int feed, int frequency_band,
                                 bool calibrator) {
  for (std::size_t scan = 0; scan < n_scans_; ++scan) {
    const auto sigma_red_K = receiver_noise_K(file, feed, frequency_band, scan);
    const auto reason = noise_exclusion(config, file.auto_rms_K(feed, frequency_band, scan), sigma_red_K, calibrator);
    reason_[index(feed, frequency_band, scan)] = reason;
    if (reason) {
      exclude(*reason);
    } else {
      ++n_used_;
      n_without_sigma_red_ += !calibrator && !std::isfinite(sigma_red_K.value_or(kNan)) ? 1 : 0;
    }
  }
}

void ScanSelection::add_cost(const MapmakeConfig& config, const Level2Reader& file) {
  std::int64_t samples_in_scans = 0;
  for (const auto& [start, end] : file.scans()) samples_in_scans += end - start;
  for (const int feed : config.feeds) {
    if (feed_used(feed)) n_samples_ += samples_in_scans;
  }
}

std::size_t ScanSelection::index(int feed, int frequency_band, std::size_t scan) const {
  return ((feed - 1) * kFrequencyBands + frequency_band) * n_scans_ + scan;
}

std::optional<Exclusion> ScanSelection::reason(int feed, int frequency_band, std::size_t scan) const {
  return reason_.at(index(feed, frequency_band, scan));
}

bool ScanSelection::feed_used(int feed) const {
  const auto first = reason_.begin() + index(feed, 0, 0);
  return std::any_of(first, first + kFrequencyBands * n_scans_, [](const auto& reason) { return !reason; });
}

}  // namespace comap
