#pragma once
/// \file
/// Contradictions within an input: found while it is reduced or checked, said, and mended or left out.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace comap {

inline constexpr const char* kLevel1Stage = "check_level1";  ///< to which troubles of Level-1 files belong

/// One for each way in which files are spoilt (docs/spoilt-files.md); counted by these at the end of a run.
enum class TroubleKind {
  obsid,                ///< number of the observation missing or contradictory
  start_time,           ///< utc_start cannot be read, or contradicts MJD
  clock,                ///< times contradict the file's own pointing on the sky
  time_step,            ///< sample time contradicts what the file states, or varies
  recording_gap,        ///< the recording pauses
  frequency_unit,       ///< frequencies in another unit, or outside the receiver's range
  channel_order,        ///< channels or bands in another order
  housekeeping_gap,     ///< housekeeping rows missing where they are needed
  housekeeping_clock,   ///< times of the housekeeping contradict the power
  vane_temperature,     ///< temperatures of the load that cannot be
  vane_power,           ///< power of the vane contradicts its angle, the other event or the noise
  calibration,          ///< gain or system temperature that cannot be
  scan_flags,           ///< features that flicker, or flags that mean nothing
  pointing_missing,     ///< azimuth or elevation not finite or impossible
  pointing_jump,        ///< a direction that contradicts its neighbours
  pointing_frozen,      ///< a direction that stands still while the telescope moves
  samples_missing,      ///< NaN
  counts_not_positive,  ///< zero or negative counts
  counts_absurd,        ///< counts that no receiver gives
  samples_repeated,     ///< spectra equal to those before
  noise_too_low,        ///< quieter than the radiometer equation allows
  noise_unmodelled,     ///< residual noise well above its model
  file_changed,         ///< the file was replaced while it was read
};
inline constexpr std::size_t kTroubleKinds = 23;
/// "recording gap"
std::string_view trouble_text(TroubleKind kind);

/// One thing about an input that is not as it must be, and what was done about it.
struct Trouble {
  TroubleKind kind{};
  std::string stage;           ///< of Level-2, which found it
  std::string dataset;         ///< or group or attribute; empty = the file as a whole
  std::string what;            ///< with numbers and units
  std::string done;            ///< "these samples are missing"; what a reader of the results must know
  std::vector<int> feeds{};    ///< feed numbers, ascending; empty = all
  std::int64_t n_samples = 0;  ///< how many samples of feeds (not channels) it concerns; 0 = not told by samples

  static auto members(auto& x) { return std::tie(x.kind, x.stage, x.dataset, x.what, x.done, x.feeds, x.n_samples); }
};

/// Something that cannot be mended: what is wrong with a dataset, group or attribute; the dataset is empty when it is
/// the file as a whole.
struct Level1Problem {
  std::string dataset;
  std::string what;
};

/// " in bands 0, 2", with `before` in front; nothing for all bands.
std::string in_bands(const std::vector<int>& bands, const std::string& before = "");
/// "spectrometer/tod: feeds 1, 3: counts repeat the sample before (1500 samples): these samples are missing"
std::string describe(const Trouble& trouble);
/// Those that differ in feeds and numbers of samples alone become one; identical ones, too. Keeps the order.
std::vector<Trouble> merged(const std::vector<Trouble>& troubles);

nlohmann::json to_json(const std::vector<Trouble>& troubles);
/// Kinds that this version does not know are left out. Throws nlohmann::json::exception.
std::vector<Trouble> troubles_from_json(const nlohmann::json& json);

}  // namespace comap
