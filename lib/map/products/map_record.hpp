#pragma once
/// \file
/// Contents of the header of a map besides its WCS, and doubts about the map.

#include <cstdint>
#include <string>
#include <vector>

#include "config/mapmake_config.hpp"
#include "destripe/problem.hpp"
#include "io/level2/level2_reader.hpp"
#include "io/map/continuum_map.hpp"
#include "map/outer_iterations.hpp"
#include "map/prepare/scan_track.hpp"
#include "map/products/map_images.hpp"
#include "sky/coordinates.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// Contents of the header of a map besides its WCS.
struct MapRecord {
  int frequency_band = 0;
  SkyFrame frame = SkyFrame::galactic;
  SolverReport solver;
  std::vector<MapChange> changes;  ///< of the outer iterations, from the second solve on
  MaskSummary masks;
  std::vector<ObservationRow> observations;  ///< used in this map
  std::int64_t n_samples = 0;
  std::int64_t n_scans = 0;  ///< (feed, scan)
  Passband passband;         ///< mean over the samples
  double mean_azimuth_deg = 0.0, mean_elevation_deg = 0.0, mean_mjd = 0.0;
  double first_mjd = 0.0, last_mjd = 0.0;  ///< mean times of its first and last scan
  ScanTrack track;                         ///< of all its scans
  double pixel_size_deg = 0.0;
  std::int64_t n_hit_pixels = 0;
  std::string orientation_source;  ///< EarthOrientationTable::source
  OrientationKind orientation_kind = OrientationKind::measured;
  std::vector<std::string> warnings;  ///< map_warnings()
  std::vector<HeaderCard> cards;      ///< further ones, about a split
  bool is_difference = false;         ///< half the difference of two maps, and drawn as that
  std::vector<CutRow> cuts;
  std::vector<std::string> selection;  ///< lines about what was used and excluded
  std::string config_text;             ///< effective configuration
};

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

/// The first cards of a "map" or "cube": with what program it was made.
std::vector<HeaderCard> program_cards(const std::string& product);
/// Last line of HISTORY, where earlier versions had the configuration itself.
inline constexpr const char* kWhereConfigIs = "Effective configuration: table CONFIG; comap_mpi config show THIS_FILE";
/// HISTORY of a map or cube: lines about what was used and excluded, then where the configuration is.
std::vector<std::string> history_of(const std::vector<std::string>& selection);

/// Cards, HISTORY, configuration and table of observations from the record.
void describe_map(const MapmakeConfig& config, const MapRecord& record, ContinuumMap& map);

/// Text in lines of at most 72 characters, broken at spaces where there are any; line ends stay.
std::vector<std::string> wrapped(const std::string& text);

/// Feeds as text: 1-3,5,7-9.
std::string compact_list(std::vector<int> numbers);

}  // namespace comap
