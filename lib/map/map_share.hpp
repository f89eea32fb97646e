#pragma once
/// \file
/// The part of a map's data that one rank reads, prepares and holds.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "io/level2_reader.hpp"
#include "map/destriper.hpp"
#include "map/map_plan.hpp"
#include "map/subpixel.hpp"
#include "sky/coordinates.hpp"
#include "sky/healpix_map.hpp"
#include "sky/wcs.hpp"

namespace comap {

/// Settings in the form that the preparation needs; the same on every rank.
struct PreparationContext {
  PreparationContext(const MapmakeConfig& config, const IoConfig& io);

  const MapmakeConfig& config;
  const IoConfig& io;
  Observer observer;
  std::vector<PointingModel> pointing_models;  ///< by feed - 1; empty = no corrections
  std::optional<HealpixSky> bright_sky;
};

/// Sums over the samples of a map, for the means in its header.
struct PointingSums {
  double n = 0.0, sin_azimuth = 0.0, cos_azimuth = 0.0, elevation_deg = 0.0, mjd = 0.0;
};

/// One band of the samples of this rank.
struct BandData {
  DestriperData data;
  std::vector<WithinPixel> within_pixel;     ///< [sample], for the sub-pixel pass only
  std::vector<std::size_t> scan_of_segment;  ///< index of the MapShare's feed scans, for each segment
  /// Scans that were selected but whose pointing or samples are no good: observation and reason.
  std::vector<std::pair<std::size_t, Exclusion>> excluded;
};

/// What of one band went into the map, by this rank.
struct BandTally {
  std::vector<std::int64_t> samples;  ///< [observation] with weight > 0
  std::int64_t n_scans = 0;           ///< (feed, scan) used
  PointingSums pointing;
};

/// An observation that failed while it was read, after the survey had found nothing wrong.
struct ReadFailure {
  std::size_t observation = 0;
  std::string text;
};

/// The samples of one rank, in order of observation, feed and scan. Nothing here is collective: an observation that
/// cannot be read is noted in failures(), and the ranks agree on dropping it between two calls.
class MapShare {
 public:
  MapShare(const PreparationContext& context, const std::vector<MapObservation>& observations,
           std::vector<MapUnit> units);

  /// Extent of the pointing, from every tenth sample.
  PointingExtent extent(SkyFrame frame);

  /// Reads pointing: pixels, airmass, glitches, bright sky of every sample, for all bands at once.
  void locate(const Wcs& wcs);

  /// Reads and prepares one frequency_band. `last` hands the pixels over instead of copying them: nothing can be
  /// loaded afterwards.
  BandData load(int frequency_band, bool last);
  BandTally tally(const BandData& band) const;

  const std::vector<ReadFailure>& failures() const { return failures_; }
  /// Forgets an observation and its failures, also in a band that is loaded already.
  void drop_observation(std::size_t observation, BandData* loaded = nullptr);

 private:
  struct FeedScan {
    std::size_t observation = 0;
    int feed = 0;
    std::size_t scan = 0;
    std::int64_t file_start = 0;  ///< first sample in the file
    std::int64_t start = 0;       ///< first sample in the arrays of this rank
    std::int64_t n_samples = 0;
    bool bad_elevation = false;
    std::vector<float> airmass;
    std::vector<std::int64_t> glitches;  ///< samples of the scan
    PointingSums pointing;
  };

  template <typename Work>
  void for_each_feed(Work&& work);
  Level2Reader open(std::size_t observation) const;
  void add_extent(const Level2Reader& file, int feed, SkyFrame frame, PointingExtent& extent);
  void locate_feed(const Level2Reader& file, const MapUnit& unit, int feed, const Wcs& wcs);
  void locate_scan(const FeedPointing& pointing, const Level2Reader& file, const Wcs& wcs, FeedScan& scan);
  void append_pixels(const Wcs& wcs, const std::vector<double>& longitude_deg, const std::vector<double>& latitude_deg);
  void find_feed_glitches(const Level2Reader& file, int feed, std::size_t first_scan);
  void load_feed(const Level2Reader& file, const ScanSelection& selection, const MapUnit& unit, int feed,
                 int frequency_band, BandData& band) const;
  void add_prior(const Level2Reader& file, int frequency_band, const FeedScan& scan, DestriperSegment& segment) const;
  void load_scan(std::size_t scan_index, bool selected, std::span<const float> stream, BandData& band) const;
  void erase_pixels(std::size_t observation, std::vector<std::int32_t>& pixel) const;

  const PreparationContext& context_;
  const std::vector<MapObservation>& observations_;
  std::vector<MapUnit> units_;
  std::vector<FeedScan> scans_;  ///< those of dropped observations stay, and are no longer used
  std::map<std::pair<std::size_t, int>, std::size_t> first_scan_;  ///< of (observation, feed), in scans_
  std::vector<std::int32_t> pixel_;                                ///< [sample]; -1 off the grid
  std::vector<WithinPixel> within_pixel_;                          ///< [sample]; empty without sub-pixel pass
  std::vector<float> solver_factor_;                               ///< [sample]; empty without a map of the bright sky
  std::vector<ReadFailure> failures_;
};

}  // namespace comap
