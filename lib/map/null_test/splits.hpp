#pragma once
/// \file
/// Splits of the data of a map into parts that get maps of their own. Each scan of a feed has one label, or none.

#include <cstdint>
#include <string>
#include <vector>

#include "config/mapmake_config.hpp"

namespace comap {

/// An observation as a split sees it. Those that are not used take no part.
struct SplitObservation {
  std::int64_t obsid = 0;
  bool used = true;
  double start_mjd = 0.0;          ///< utc_start; NaN when it is not known
  double sun_elevation_deg = 0.0;  ///< then; NaN when it is not known
  std::int64_t n_samples = 0;      ///< in scans, over the feeds that are used
};

inline constexpr int kNoLabel = -1;

/// One way to divide the data.
///
/// | name | labels | divides by |
/// | none | one, the empty text | nothing: the map of all data |
/// | per_feed | feed01 ... feed19 | feed |
/// | day_night | day, night | Sun above sun_elevation_threshold_deg at utc_start or not |
/// | odd_even_scans | odd_scans, even_scans | place of the scan in its observation, counted from 0 |
/// | alternate_observations | odd_observations, even_observations | place of the observation in the order of obsid,
/// from 0 | | halves | first_half, second_half | order of obsid, about the same number of samples in both | | seasons |
/// winter, spring, summer, autumn | month of utc_start: December to February is winter, and so on | | custom | names of
/// split_groups | obsid |
struct Split {
  std::string name;
  std::vector<std::string> labels;
  bool by_feed = false;
  bool by_scan = false;
  std::vector<int> of_observation;  ///< label of an observation [observation] where neither feed nor scan decides
  std::vector<int> of_feed;         ///< by feed

  bool is_whole() const { return labels.size() == 1 && labels.front().empty(); }
  /// Index into `labels`, or kNoLabel: in no map of this split.
  int label(std::size_t observation, int feed, std::size_t scan) const;
};

/// The splits of [mapmake] split, in that order. `observations` are those of the job, in its order. Depends on nothing
/// but its arguments. Throws ConfigError when two splits have a label in common, for it is part of a file name.
std::vector<Split> make_splits(const MapmakeConfig& config, const std::vector<SplitObservation>& observations);

}  // namespace comap
