#pragma once
/// \file
/// The part of a map's data that one rank reads, prepares and holds.

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "config/io_config.hpp"
#include "io/level2/level2_reader.hpp"
#include "map/plan/job_steps.hpp"
#include "map/prepare/loaded_bands.hpp"
#include "map/prepare/map_pointing.hpp"
#include "map/prepare/scan_track.hpp"
#include "sky/healpix_map.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// All that the preparation of samples needs besides them; the same on every rank.
struct PreparationContext {
  PreparationContext(const MapmakeConfig& settings, const IoConfig& io_settings)
      : config(settings), io(io_settings), pointing(settings) {
    if (!config.planck_map.empty()) bright_sky.emplace(config.planck_map);
  }

  const MapmakeConfig& config;
  const IoConfig& io;
  MapPointing pointing;
  std::optional<HealpixSky> bright_sky;
};

/// One feed during one scan, as it lies in a file and in the arrays of a rank.
struct FeedScan {
  std::size_t observation = 0;  ///< index in the job's list
  int feed = 0;
  std::size_t scan = 0;
  std::int64_t file_start = 0;  ///< first sample in the file
  std::int64_t start = 0;       ///< first sample in the arrays of this rank
  std::int64_t n_samples = 0;
  bool bad_elevation = false;
  bool fits_airmass = false;
  std::vector<std::int64_t> glitches;  ///< samples of the scan
  PointingSums pointing;
  ScanTrack track;
};

/// Sums over samples whose passband is known.
struct PassbandSums {
  double n = 0.0, centre_GHz = 0.0, width_GHz = 0.0;

  void add(const Passband& passband, std::int64_t n_samples) {
    if (!std::isfinite(passband.centre_GHz)) return;
    n += static_cast<double>(n_samples);
    centre_GHz += static_cast<double>(n_samples) * passband.centre_GHz;
    width_GHz += static_cast<double>(n_samples) * passband.width_GHz;
  }
};

/// The share of this rank in the map of one band.
struct BandTally {
  std::vector<std::int64_t> samples;  ///< [observation] with weight > 0
  std::int64_t n_scans = 0;           ///< (feed, scan) used
  PointingSums pointing;
  PassbandSums passband;
  ScanTrack track;                                             ///< of all scans together
  double first_mjd = std::numeric_limits<double>::infinity();  ///< mean times of scans
  double last_mjd = -std::numeric_limits<double>::infinity();
};

/// The samples of one rank, in order of observation, feed and scan.
class MapShare : public FileShare {
 public:
  MapShare(const PreparationContext& context, const std::vector<MapObservation>& observations,
           std::vector<MapUnit> units);
  /// Keeps the samples there, and with them all arrays of the solver; nullptr = in memory. Before locate().
  void keep_on(Scratch* scratch);

  /// Extent of the pointing, from every tenth sample.
  PointingExtent extent(SkyFrame frame);
  /// work(longitude_deg, latitude_deg) for every scan, with every tenth position; `first_feeds`: of one feed of each
  /// observation only.
  using PositionWork = std::function<void(const std::vector<double>&, const std::vector<double>&)>;
  void for_some_positions(SkyFrame frame, bool first_feeds, const PositionWork& work);

  /// Finds pixels, airmass, glitches and bright sky of every sample, and prepares some frequency_bands, in one reading
  /// of the files. Once, before load(). `last` hands the pointing over instead of copying it: nothing can be loaded
  /// afterwards.
  LoadedBands locate(const MapGrid& grid, std::vector<int> frequency_bands, bool last);
  /// Reads and prepares further bands on the same pointing.
  LoadedBands load(std::vector<int> frequency_bands, bool last);

  /// Of the segments that are `wanted` [segment].
  BandTally tally(const LoadedBands& bands, std::size_t stream, const std::vector<bool>& wanted) const;
  /// In the order of their samples. Those of dropped observations stay, and have no weight anywhere.
  const std::vector<FeedScan>& scans() const { return scans_; }

  /// Takes dropped observations out of bands that are loaded already.
  void drop_unused(const std::vector<SurveyedObservation>& survey, LoadedBands& bands) const;

 private:
  using FeedStreams = std::map<int, std::vector<float>>;  ///< TOD of one feed by frequency_band

  template <typename Work>
  void for_each_feed(Work&& work);
  Level2Reader open(const MapUnit& unit) const;
  const std::string& path_of(const MapUnit& unit) const {
    return observations_[unit.observation].observation.level2_path;
  }
  void locate_feed(const Level2Reader& file, const MapUnit& unit, int feed, const MapGrid& grid);
  void locate_scan(const FeedPointing& pointing, const Level2Reader& file, const MapGrid& grid, FeedScan& scan);
  void append_airmass(std::span<const double> elevation_deg, FeedScan& scan);
  void append_pixels(const MapGrid& grid, const SkyPositions& at);
  void find_feed_glitches(const FeedStreams& streams, std::size_t first_scan);
  void load_feed(const Level2Reader& file, const MapUnit& unit, int feed, FeedStreams& streams,
                 LoadedBands& bands) const;
  static void detrend(const Level2Reader& file, int feed, std::span<float> samples);
  void load_band(const Level2Reader& file, const ScanSelection& selection, std::size_t first_scan,
                 std::span<float> samples, std::size_t stream, LoadedBands& bands) const;
  /// Decides on the samples of one scan and band, and their weight; the samples are in place.
  void prepare_segment(const FeedScan& scan, std::optional<Exclusion> reason, std::size_t stream, std::size_t segment,
                       LoadedBands& bands) const;
  /// Gives the bands the pointing, and every stream all segments and samples.
  void finish(LoadedBands& bands, bool last);
  /// Prior of the offsets and noise model of a scan whose samples were divided by `calibration`.
  void add_noise_model(const Level2Reader& file, const FeedScan& scan, double calibration, std::size_t stream,
                       std::size_t segment, LoadedBands& bands) const;

  const PreparationContext& context_;
  std::vector<FeedScan> scans_;
  std::map<std::pair<std::size_t, int>, std::size_t> first_scan_;  ///< of (observation, feed), in scans_
  LargeVector<std::int32_t> pixel_;                                ///< [sample]; -1 off the grid
  LargeVector<float> airmass_;                                     ///< [sample]; empty without fit_airmass
  LargeVector<WithinPixel> within_pixel_;                          ///< [sample]; empty without sub-pixel pass
  LargeVector<float> solver_factor_;                               ///< [sample]; empty without a map of the bright sky
};

}  // namespace comap
