#pragma once
/// \file
/// Writes what the simulator knows and the data reduction has to find out.

#include <cstdint>
#include <span>
#include <string>

#include "io/hdf5/h5.hpp"
#include "simulate/feed_signal.hpp"

namespace comap::simulate {

/// Datasets sky/sources, sky/ridge and sky/line, as docs/simulate.md lists them.
void write_sky(h5::File& file, const SkyModel& sky);

/// The truth file of one observation; docs/simulate.md lists its datasets. The constructor writes what all feeds
/// share.
class TruthWriter {
 public:
  /// Creates `path`. Throws IoError.
  TruthWriter(const std::string& path, const SimulateConfig& config, const ObservationPlan& plan,
              const ObservationSignal& signal, double ut1_utc_s);

  /// `cold_K` [band][channel]: T_rx, sky and atmosphere in the cold part of the first vane event.
  void write_feed(const FeedSignal& feed, const BandTable& cold_K, std::span<const double> l_deg,
                  std::span<const double> b_deg);
  /// Writes the spiky channels of all feeds, closes the file and reports what goes wrong.
  void close();

 private:
  void create_feed_datasets();

  h5::File file_;
  std::uint64_t n_feeds_ = 0;
  std::uint64_t n_channels_ = 0;
  std::uint64_t n_samples_ = 0;
  std::vector<std::int64_t> spiky_channels_;  ///< rows of feed row, band, channel
};

}  // namespace comap::simulate
