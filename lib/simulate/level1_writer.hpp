#pragma once
/// \file
/// Writes one Level-1 file as formats.md has it.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/hdf5/h5.hpp"
#include "simulate/feed_signal.hpp"

namespace comap::simulate {

/// Science feeds 1..n, then the ground feed.
std::vector<std::int32_t> feed_numbers(const SimulateConfig& config);

/// Attributes of the group `comap`.
std::map<std::string, h5::AttributeValue> level1_attributes(const SimulateConfig& config, const ObservationPlan& plan);

/// Pointing of one feed [sample], degrees.
struct FeedPointing {
  BeamPath path;
  std::vector<double> ra_deg;
  std::vector<double> dec_deg;
};

/// A Level-1 file in the making. The constructor writes all but TOD and pointing, which come feed by feed.
class Level1Writer {
 public:
  /// Creates `path`. Throws IoError.
  Level1Writer(const std::string& path, const SimulateConfig& config, const ObservationPlan& plan);

  void write_pointing(int row, const FeedPointing& pointing, FeedOffset offset);
  /// `counts` [band][channel][sample] of the block.
  void write_tod(int row, const TodBlock& block, std::span<const float> counts);
  /// Writes out and reports what goes wrong.
  void close();

 private:
  h5::File file_;
  std::optional<h5::Dataset> tod_;  ///< until it is closed
};

}  // namespace comap::simulate
