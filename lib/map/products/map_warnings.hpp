#pragma once
/// \file
/// What is doubtful about a map, in words and as cards of its header.

#include <string>
#include <vector>

#include "config/mapmake_config.hpp"
#include "map/products/products.hpp"

namespace comap {

/// Share of the samples that may lie off the grid before it is said.
inline constexpr double kMaxOffGridFraction = 0.05;
/// Tracks that cross under smaller angles all go one way.
inline constexpr double kMinCrossing_deg = 15.0;

/// Share of the samples of the scans that are used, in record.cuts; NaN without samples.
double off_grid_fraction(const MapRecord& record);

/// Scale up to which the levels of the parts of the map hang together, or infinity where no limit is seen [deg]:
/// - the size of the component (SolverReport) of the median pixel, where that is not half of all;
/// - half the width of the strip of a scan, where all scans go in one direction (kMinCrossing_deg): nothing then tells
///   sky across the strip from offsets of fewer than two periods in a scan, which no prior holds (offset_prior.hpp).
///   Strips that are narrower than two beams show no sky across themselves; how they hang together is not judged.
double largest_scale_deg(const MapRecord& record);

/// Sentences for the log, the header (WARN1, ...) and the summary; none for a map that nothing is wrong with.
std::vector<std::string> map_warnings(const MapmakeConfig& config, const MapRecord& record);

/// RESRATIO, CROSSANG, MAXSCALE, OFFGRID, EOPTABLE, EOPKIND, NWARN, WARN<n>.
std::vector<HeaderCard> quality_cards(const MapRecord& record);

}  // namespace comap
