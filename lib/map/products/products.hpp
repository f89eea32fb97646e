#pragma once
/// \file
/// From the binned sums of a map to its images, masks and header.

#include <cstdint>
#include <string>
#include <vector>

#include "config/mapmake_config.hpp"
#include "core/communicator.hpp"
#include "destripe/destriper.hpp"
#include "io/level2/level2_reader.hpp"
#include "io/map/map_file.hpp"
#include "map/outer_iterations.hpp"
#include "map/prepare/scan_track.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// The pieces of all ranks as one, in order of pixel, on rank 0; empty on the others. Collective; what is sent and
/// held is proportional to the hit pixels.
MapPiece gather_map(const MapPiece& piece, const Communicator& ranks);

/// The same on every rank.
MapPiece share_map(const MapPiece& piece, const Communicator& ranks);

/// Percentile of values as numpy computes it (linear between neighbours); NaN when there is none.
double percentile(std::vector<double> values, double percent);

/// What the masks were made with and from.
struct MaskSummary {
  double min_hits = 0.0;  ///< fewer hits than this are masked
  std::int64_t n_few_hits = 0;
  std::int64_t n_clipped = 0;
};

/// A map of which only the grid is known.
ContinuumMap map_without_images(const MapGrid& grid);

/// The five images of a map, masked:
/// - never hit;
/// - hits below the `hit_percentile` percentile of the hits of hit pixels;
/// - on the border (map_border.hpp) of `edge_width` pixels, and with a value outside the `edge_clip_percentiles` of the
///   pixels further inside.
/// The images are NaN in masked pixels.
ContinuumMap make_images(const MapPiece& piece, const MapGrid& grid, const MapmakeConfig& config, MaskSummary& summary);

/// What the header of a map says besides its WCS.
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
  std::vector<std::string> warnings;  ///< map_warnings.hpp
  std::vector<HeaderCard> cards;      ///< further ones, about a split
  bool is_difference = false;         ///< half the difference of two maps, and drawn as that
  std::vector<CutRow> cuts;
  std::vector<std::string> selection;  ///< lines about what was used and excluded
  std::string config_text;             ///< effective configuration
};

/// Line of HISTORY, where earlier versions had the configuration itself.
inline constexpr const char* kWhereConfigIs = "Effective configuration: table CONFIG; comap_mpi config show THIS_FILE";

/// Cards, HISTORY, configuration and table of observations from the record.
void describe_map(const MapmakeConfig& config, const MapRecord& record, ContinuumMap& map);

/// Text in lines of at most 72 characters, broken at spaces where there are any; line ends stay.
std::vector<std::string> wrapped(const std::string& text);

/// Feeds as text: 1-3,5,7-9.
std::string compact_list(std::vector<int> numbers);

}  // namespace comap
