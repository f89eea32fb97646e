#pragma once
/// \file
/// The part of the data of line cubes that one rank reads, filters and adds up.

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "linemap/feed_lines.hpp"
#include "map/plan/map_plan.hpp"

namespace comap {

/// Found from the pointing of an observation before its samples are read; sums are over feeds and samples in scans.
struct PointingSurvey {
  std::size_t observation = 0;
  PointingExtent extent;
  double n_samples = 0.0;
  double velocity_sum_km_s = 0.0;  ///< of the observer towards the sky
  double mjd_sum = 0.0;
  double first_mjd = std::numeric_limits<double>::infinity();  ///< middle times of scans
  double last_mjd = -std::numeric_limits<double>::infinity();
};

/// A file that turned out to be bad.
struct LineFailure {
  std::size_t observation = 0;
  Exclusion reason = Exclusion::file_unreadable;
  int feed = 0;  ///< 0 = the whole observation
  std::string text;

  static auto members(auto& x) { return std::tie(x.observation, x.reason, x.feed, x.text); }
};

/// Not collective: failures are noted, and the ranks agree on them between two calls.
class LineShare {
 public:
  LineShare(const LineContext& context, const std::vector<MapObservation>& observations, std::vector<MapUnit> units);

  /// Opens the files of every observation and reads its pointing.
  std::vector<PointingSurvey> survey(SkyFrame frame);
  void drop_observation(std::size_t observation);

  /// Reads, filters and bins; `axes` [line]. A feed whose samples cannot be read is left out, the others of its
  /// observation stay, so that what is in the cubes does not depend on who reads what.
  void accumulate(const Wcs& wcs, const std::vector<SpectralAxis>& axes);

  /// Those of the last call.
  const std::vector<LineFailure>& failures() const { return failures_; }
  const std::vector<CubeSums>& sums() const { return sums_; }                         ///< [line]
  const std::vector<std::vector<std::int64_t>>& samples() const { return samples_; }  ///< [line][observation]
  /// Scans that were selected but whose pointing or samples are no good: observation and reason.
  const std::vector<std::pair<std::size_t, Exclusion>>& excluded() const { return excluded_; }

 private:
  void try_to(const MapUnit& unit, int feed, const std::function<void(Exclusion& reason)>& work);
  void survey_feed(const LineObservation& files, int feed, SkyFrame frame, PointingSurvey& survey) const;
  void accumulate_unit(const MapUnit& unit, const Wcs& wcs, const std::vector<SpectralAxis>& axes);
  void keep(std::size_t observation, const FeedLines& feed);

  const LineContext& context_;
  const std::vector<MapObservation>& observations_;
  std::vector<MapUnit> units_;
  std::map<std::size_t, FileIdentity> level1_;  ///< [observation] as survey() found them
  std::vector<LineFailure> failures_;
  std::vector<CubeSums> sums_;
  std::vector<std::vector<std::int64_t>> samples_;
  std::vector<std::pair<std::size_t, Exclusion>> excluded_;
};

}  // namespace comap
