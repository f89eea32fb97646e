#include "stages/vane/following_calibration.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "io/level1/level1_identity.hpp"

namespace comap {
namespace {

[[noreturn]] void fail(const ObservationContext& observation, std::string_view what) {
  const std::int64_t following = observation.obsid + 1;
  throw ObservationError(
      observation.level1.path,
      fmt::format("no usable vane event, and a sky dip takes its calibration from observation {}, {}; process that "
                  "first (comap_mpi level2 --obsid {})",
                  following, what, following));
}

h5::File open_following(const ObservationContext& observation) {
  const std::string& path = observation.following_level2_path;
  if (path.empty()) fail(observation, "of which the catalogue knows no Level-2 file");
  if (!std::filesystem::exists(path)) fail(observation, fmt::format("whose Level-2 file {} is gone", path));
  if (obsid_of_file_name(path) != observation.obsid + 1) {
    fail(observation, fmt::format("but the catalogue names {}, a file of another observation", path));
  }
  h5::File file = h5::File::open_read(path);
  const auto mark = file.attribute("/", level2::kCompleteAttribute);
  if (!mark || h5::to_number(*mark) != 1.0) {
    fail(observation, fmt::format("whose Level-2 file {} was never finished", path));
  }
  return file;
}

/// Rows of the feeds of `observation` in an array [event][feed of the file][band][channel].
Array<float, 4> in_own_rows(View<const float, 4> values, const std::vector<std::int64_t>& feeds,
                            const ObservationContext& observation) {
  const std::vector<int>& own = observation.level1.feeds;
  Array rows(shape_of(values.shape(0), own.size(), values.shape(2), values.shape(3)), kFloatNan);
  for (Index event = 0; event < values.shape(0); ++event) {
    for (std::size_t row = 0; row < own.size(); ++row) {
      const auto found = std::ranges::find(feeds, own[row]);
      if (found == feeds.end()) continue;
      std::ranges::copy(values(event, found - feeds.begin()).flat(), rows(event, row).flat().begin());
    }
  }
  return rows;
}

}  // namespace

FollowingCalibration read_following_calibration(const ObservationContext& observation) {
  const h5::File file = open_following(observation);
  for (const std::string_view dataset :
       {level2::kVaneEventMjd.path, level2::kFeeds.path, level2::kSystemTemperature.path, level2::kGain.path}) {
    if (!file.exists(dataset)) fail(observation, fmt::format("whose Level-2 file {} lacks {}", file.path(), dataset));
  }
  FollowingCalibration result;
  result.event_mjd = Array<double, 1>(file.read<double>(level2::kVaneEventMjd));
  const auto feeds = file.read<std::int64_t>(level2::kFeeds);
  const auto shape = shape_of(result.event_mjd.size(), feeds.size(), kBands, observation.level1.n_channels);
  const auto read = [&](std::string_view dataset) {
    if (file.info(dataset).extent != h5::Extent(shape.begin(), shape.end())) {
      fail(observation,
           fmt::format("whose Level-2 file {} has another number of channels or events in {}", file.path(), dataset));
    }
    return in_own_rows(Array(shape, file.read<float>(dataset)), feeds, observation);
  };
  result.system_temperature_K = read(level2::kSystemTemperature);
  result.gain = read(level2::kGain);
  if (std::ranges::none_of(result.gain.flat(), [](float gain) { return std::isfinite(gain); })) {
    fail(observation, fmt::format("whose Level-2 file {} has no gain for any feed of this one", file.path()));
  }
  return result;
}

}  // namespace comap
