#pragma once
/// \file
/// Who does what in a map job: the files are looked at once, then divided among the ranks.
/// In this folder: selection (what the settings take of a file) and cuts (what became of its samples), level2_traits
/// and belonging (what may go into one map), survey (all of that for every file), then fixed_grid (the grid) and
/// memory_plan; job_steps is what jobs for maps and for cubes have in common.

#include <cstdint>
#include <tuple>
#include <vector>

#include "core/communicator.hpp"
#include "map/plan/survey.hpp"

namespace comap {

/// Looks into the file of every observation, each rank into its share; every rank gets all results, in the order of
/// `observations`. A bad file becomes an outcome, never an exception, and so does one that does not belong to the
/// others (belonging.hpp). Collective.
std::vector<SurveyedObservation> survey_observations(const MapmakeConfig& config, const IoConfig& io,
                                                     const std::vector<MapObservation>& observations,
                                                     const Communicator& ranks,
                                                     SampleSource source = SampleSource::level2);

/// Feeds of one observation that one rank reads.
struct MapUnit {
  std::size_t observation = 0;  ///< index in the job's list
  std::vector<int> feeds;
  FileIdentity file = {};  ///< its Level-2 file as it was looked into
};

/// Divides the used observations among `n_ranks` by number of samples, the largest first to the rank with the least;
/// each rank's units are in order of observation. Whole observations where that leaves no rank with more than 10 %
/// above the mean, single feeds otherwise. Depends on nothing but its arguments. [rank][unit]
std::vector<std::vector<MapUnit>> distribute(const std::vector<SurveyedObservation>& survey, int n_ranks);

}  // namespace comap
