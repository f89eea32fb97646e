#pragma once
/// \file
/// Which datasets a Level-2 file has, and their shapes (formats.md).

#include <set>
#include <string>
#include <vector>

namespace comap {

enum class Level2Axis { feed_number, feed_row, band, channel, sub_band, scan, sample, event, edge };

struct Level2Dataset {
  std::string path;
  std::vector<Level2Axis> axes;
  bool has_values = false;  ///< every feed that was observed has numbers in it
};

/// The datasets of a file that these stages made; `noise_datasets` are those of noise_stats_level2, `couples_bands` is
/// true for a filter with sky = "power_law". Without any stage known: what every reader needs.
std::vector<Level2Dataset> level2_layout(const std::set<std::string>& stages,
                                         const std::vector<std::string>& noise_datasets, bool couples_bands);

}  // namespace comap
