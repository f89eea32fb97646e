#pragma once
/// \file
/// One observation as line cubes need it: calibration and scans from Level-2, TOD from Level-1.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/config.hpp"
#include "io/level2/level2_reader.hpp"
#include "level2/tod_reader.hpp"
#include "map/plan/selection.hpp"
#include "stages/stage.hpp"
#include "stages/vane/vane_calibration.hpp"

namespace comap {

/// The open files of one observation, serial. Errors are those of the observation: ObservationError, IoError.
class LineObservation {
 public:
  /// Opens the Level-2 file, which must hold the copies of Level-1 metadata and the vane calibration. Throws
  /// ReplacedFile when it is not `expected` any more.
  LineObservation(const Config& config, const MapObservation& offered, const FileIdentity& expected);

  const Level2Reader& level2() const { return level2_; }
  const Level1Metadata& metadata() const { return context_.level1; }
  std::size_t n_channels() const { return static_cast<std::size_t>(context_.level1.n_channels); }
  /// Channel centres of one band [channel].
  std::span<const double> frequencies_GHz(int band) const;

  /// Opens the Level-1 file and checks that it is the one that Level-2 was made of, by shape and times. Returns its
  /// identity.
  FileIdentity open_level1();
  /// Throws ReplacedFile when a path leads to another file than when it was opened.
  void check_same_files() const;
  bool reads_raw_chunks() const { return TodReader::reads_raw_chunks(tod_->info()); }
  /// TOD of some bands of one feed [band][channel][sample], the caller's until the next call.
  std::span<float> read_tod(int feed, int first_band, int n_bands, std::int64_t start, std::int64_t n_samples);

  /// Reads the vane events of one feed: calibration() is of this feed from now on.
  void select_feed(int feed);
  VaneCalibration calibration(double mjd_utc) const;

 private:
  const Config& config_;
  const MapObservation& offered_;
  FileIdentity level2_identity_, level1_identity_;
  Level2Reader level2_;
  ObservationContext context_;
  ProductTable feed_products_;
  std::optional<h5::File> level1_;
  std::optional<TodReader> tod_;
};

}  // namespace comap
