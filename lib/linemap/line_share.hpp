#pragma once
/// \file
/// The part of the data of line cubes that one rank reads, filters and adds up.

#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "linemap/feed_lines.hpp"
#include "map/plan/job_steps.hpp"

namespace comap {

/// What the pointing of an observation says before its samples are read; sums are over feeds and samples in scans.
struct PointingSurvey {
  std::size_t observation = 0;
  PointingExtent extent;
  double n_samples = 0.0;
  double velocity_sum_km_s = 0.0;  ///< of the observer towards the sky
  double mjd_sum = 0.0;
  double first_mjd = std::numeric_limits<double>::infinity();  ///< middle times of scans
  double last_mjd = -std::numeric_limits<double>::infinity();
};

class LineShare : public FileShare {
 public:
  LineShare(const LineContext& context, const std::vector<MapObservation>& observations, std::vector<MapUnit> units);

  /// Opens the files of every observation and reads its pointing.
  std::vector<PointingSurvey> survey(SkyFrame frame);

  /// Reads, filters and bins; `axes` [line]. A feed whose samples cannot be read is left out, the others of its
  /// observation stay, so that what is in the cubes does not depend on who reads what.
  void accumulate(const Wcs& wcs, const std::vector<SpectralAxis>& axes);

  const std::vector<CubeSums>& sums() const { return sums_; }                         ///< [line]
  const std::vector<std::vector<std::int64_t>>& samples() const { return samples_; }  ///< [line][observation]
  /// Scans that were selected but whose pointing or samples are no good: observation and reason.
  const std::vector<std::pair<std::size_t, Exclusion>>& excluded() const { return excluded_; }

 private:
  void survey_feed(const LineObservation& files, int feed, SkyFrame frame, PointingSurvey& survey) const;
  void accumulate_unit(const MapUnit& unit, const Wcs& wcs, const std::vector<SpectralAxis>& axes);
  void keep(std::size_t observation, const FeedLines& feed);

  const LineContext& context_;
  std::map<std::size_t, FileIdentity> level1_;  ///< [observation] as survey() found them
  std::vector<CubeSums> sums_;
  std::vector<std::vector<std::int64_t>> samples_;
  std::vector<std::pair<std::size_t, Exclusion>> excluded_;
};

}  // namespace comap
