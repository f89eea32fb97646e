#pragma once
/// \file
/// Files that do not belong together do not go into one map.

#include <vector>

#include "map/plan/survey.hpp"

namespace comap {

/// Leaves out of a survey, with reason:
/// - files that are of another observation than the catalogue says;
/// - an observation that is there twice, under two paths, through a link, in two versions or under two numbers, which
///   its times tell: the first stays;
/// - files that differ from most others in the number of half bands, the unit or the frequencies of the wanted bands
///   or, for maps of Level-2 samples, in the parameters of the gain filter. Where there is no majority none of them is
///   used. What a file does not tell is no difference.
/// A file name with another obsid than inside, which is odd, but no reason to leave it out, becomes MapOutcome::oddity.
/// Depends on nothing but its arguments, which are the same on all ranks.
void leave_out_strangers(const std::vector<MapObservation>& observations, SampleSource source,
                         std::vector<SurveyedObservation>& survey);

}  // namespace comap
