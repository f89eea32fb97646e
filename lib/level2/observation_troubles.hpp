#pragma once
/// \file
/// Collects the troubles of an observation, from all stages and feeds.

#include <string>
#include <vector>

#include "data/trouble.hpp"
#include "level2/product_gather.hpp"
#include "stages/stage_list.hpp"

namespace comap {

/// The troubles of this run and, from `earlier`, of the stages whose results are kept; merged.
std::vector<Trouble> observation_troubles(const ObservationContext& observation, const StageSelection& running,
                                          const std::vector<FeedResult>& feeds, const std::vector<Trouble>& earlier);

/// "; spectrometer/tod: ...; ...": what took the samples out.
std::string why_no_samples(const std::vector<Trouble>& troubles);

}  // namespace comap
