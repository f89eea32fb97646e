#pragma once
/// \file
/// Which observations, elements and scans go into a map, and why the others do not.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "config/mapmake_config.hpp"
#include "data/observation.hpp"
#include "data/trouble.hpp"
#include "io/level2/level2_reader.hpp"

namespace comap {

/// Gain ratio of one element from the calibration models of the catalogue.
struct CalibrationFactor {
  int feed = 0;
  int frequency_band = 0;
  double gain_ratio = 1.0;

  static auto members(auto& x) { return std::tie(x.feed, x.frequency_band, x.gain_ratio); }
};

/// An observation offered to a map, with the flags that the catalogue holds for it (missing flags are good).
struct MapObservation {
  Observation observation;
  std::vector<QualityFlag> flags;
  /// Factors by which samples are divided at the time of the observation; elements that are not named: 1.
  std::vector<CalibrationFactor> calibration;
  std::string deadly = {};  ///< why its Level-2 file must not be opened (io/file_probe.hpp); empty = it may

  /// 1 for an element without a factor.
  double calibration_factor(int feed, int frequency_band) const;
  static auto members(auto& x) { return std::tie(x.observation, x.flags, x.calibration, x.deadly); }
};

/// Smaller calibration factors, and those that are not finite, exclude their element.
inline constexpr double kMinCalibrationFactor = 0.3;

/// Those that are bad: missing flags are good.
std::vector<QualityFlag> bad_flags(std::vector<QualityFlag> flags);

/// Observations of files given by name, without a catalogue: obsid, source and group from the attributes of the file.
/// A file that cannot be read, or is among the `deadly` with a reason, is offered all the same, so that the map reports
/// it.
std::vector<MapObservation> observations_of_files(const std::vector<std::string>& level2_files,
                                                  const std::map<std::string, std::string>& deadly,
                                                  const std::string& dataset);

/// Why something is not in the map. Those up to all_flags_bad exclude an observation, the next three a
/// (feed, frequency_band), the others a scan of one (feed, frequency_band).
enum class Exclusion {
  no_path,
  file_missing,
  file_unreadable,
  dataset_missing,
  level1_unusable,    ///< of line cubes only
  other_observation,  ///< the file is not of the observation of its row
  same_observation,   ///< it is in the map already
  other_half_bands,   ///< another number of them than most files have; the same for the next three
  other_unit,
  other_frequencies,
  other_gain_filter,
  file_replaced,  ///< while the map was made
  all_flags_bad,
  element_flagged,
  feed_absent,
  bad_calibration,
  auto_rms_not_finite,
  auto_rms_above_cap,
  sigma_red_above_cutoff,
  bad_elevation,
  too_few_good_samples,
};
inline constexpr std::size_t kExclusions = 21;
inline constexpr std::array kObservationExclusions = {
    Exclusion::no_path,         Exclusion::file_missing,      Exclusion::file_unreadable,   Exclusion::dataset_missing,
    Exclusion::level1_unusable, Exclusion::other_observation, Exclusion::same_observation,  Exclusion::other_half_bands,
    Exclusion::other_unit,      Exclusion::other_frequencies, Exclusion::other_gain_filter, Exclusion::file_replaced,
    Exclusion::all_flags_bad};
std::string_view exclusion_text(Exclusion reason);

using ExclusionCounts = std::array<std::int64_t, kExclusions>;  ///< by place_of
constexpr std::size_t place_of(Exclusion reason) { return static_cast<std::size_t>(reason); }

/// The fate of one observation.
struct MapOutcome {
  std::int64_t obsid = 0;
  bool used = false;
  bool bad_file = false;               ///< its file was missing, unreadable or incomplete
  std::string reason;                  ///< why it is not used, with file and dataset; or what of it is used
  std::vector<Trouble> troubles = {};  ///< that its file names
  std::string oddity = {};             ///< of one that is used all the same

  static auto members(auto& x) { return std::tie(x.obsid, x.used, x.bad_file, x.reason, x.troubles, x.oddity); }
};

/// The data used, and why the rest was not, over all ranks.
struct SelectionReport {
  std::vector<MapOutcome> observations;  ///< in the order offered
  ExclusionCounts counts{};              ///< by Exclusion
  std::int64_t n_scans = 0;              ///< (feed, frequency_band, scan) that are used
  std::int64_t n_without_sigma_red = 0;  ///< of these: no noise fit, so that sigma_red_cutoff_K could not cut them

  std::int64_t n_used() const;
  std::int64_t n_bad_files() const;
  /// How many of the observations that are used had which trouble when Level-2 was made.
  std::map<TroubleKind, std::int64_t> n_with_trouble() const;
  /// Lines of at most 72 characters for the terminal, the log and the HISTORY of the map.
  std::vector<std::string> lines() const;
};

/// Scans of one observation that pass everything that is known before samples are read.
class ScanSelection {
 public:
  ScanSelection(const MapmakeConfig& config, const MapObservation& observation, const Level2Reader& file);

  bool used(int feed, int frequency_band, std::size_t scan) const { return !reason(feed, frequency_band, scan); }
  /// Why a scan is not used.
  std::optional<Exclusion> reason(int feed, int frequency_band, std::size_t scan) const;
  bool feed_used(int feed) const;
  const ExclusionCounts& counts() const { return counts_; }
  std::int64_t n_scans_used() const { return n_used_; }
  std::int64_t n_without_sigma_red() const { return n_without_sigma_red_; }
  /// Samples in scans, summed over used feeds: the cost of this observation.
  std::int64_t n_samples_used() const { return n_samples_; }

 private:
  void select_scans(const MapmakeConfig& config, const Level2Reader& file, int feed, int frequency_band,
                    bool calibrator);
  void add_cost(const MapmakeConfig& config, const Level2Reader& file);
  std::size_t index(int feed, int frequency_band, std::size_t scan) const;
  void exclude(Exclusion reason) { ++counts_[place_of(reason)]; }
  /// All scans of an element.
  void exclude_element(int feed, int frequency_band, Exclusion reason);

  std::size_t n_scans_ = 0;
  /// [feed 1-19][frequency_band 0-7][scan]; what nobody asked for has `feed_absent`
  std::vector<std::optional<Exclusion>> reason_;
  ExclusionCounts counts_{};
  std::int64_t n_used_ = 0;
  std::int64_t n_without_sigma_red_ = 0;
  std::int64_t n_samples_ = 0;
};

/// True when every wanted (feed, frequency_band) is flagged bad.
bool all_flags_bad(const MapmakeConfig& config, const std::vector<QualityFlag>& flags);
/// Why the noise that the file states keeps a scan out, if it does. Calibrators are exempt; so is a file without
/// noise statistics, whose scans are judged by their samples.
std::optional<Exclusion> noise_exclusion(const MapmakeConfig& config, std::optional<double> auto_rms_K,
                                         std::optional<double> sigma_red_K, bool calibrator);

}  // namespace comap
