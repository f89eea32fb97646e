#include "stages/vane/following_calibration.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "io/level2/level2_schema.hpp"

namespace comap {
namespace {

[[noreturn]] void fail(const ObservationContext& observation, std::string_view what) {
  const std::int64_t following = observation.obsid + 1;
  throw ObservationError(
      fmt::format("{}: no usable vane event, and a sky dip takes its calibration from observation {}, {}; process that "
                  "first (comap_mpi level2 --obsid {})",
                  observation.level1.path, following, what, following));
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
std::vector<float> in_own_rows(const std::vector<float>& values, const std::vector<std::int64_t>& feeds,
                               const ObservationContext& observation, std::size_t n_events) {
  const std::size_t row_size = kBands * static_cast<std::size_t>(observation.level1.n_channels);
  const std::vector<int>& own = observation.level1.feeds;
  std::vector<float> rows(n_events * own.size() * row_size, kNanF);
  for (std::size_t event = 0; event < n_events; ++event) {
    for (std::size_t row = 0; row < own.size(); ++row) {
      const auto found = std::ranges::find(feeds, own[row]);
      if (found == feeds.end()) continue;
      const std::size_t from = event * feeds.size() + static_cast<std::size_t>(found - feeds.begin());
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(from * row_size), row_size,
                  rows.begin() + static_cast<std::ptrdiff_t>((event * own.size() + row) * row_size));
    }
  }
  return rows;
}

}  // namespace

FollowingCalibration read_following_calibration(const ObservationContext& observation) {
  const h5::File file = open_following(observation);
  for (const std::string_view dataset :
       {level2::kVaneEventMjd, level2::kFeeds, level2::kSystemTemperature, level2::kGain}) {
    if (!file.exists(dataset)) fail(observation, fmt::format("whose Level-2 file {} lacks {}", file.path(), dataset));
  }
  FollowingCalibration result;
  result.event_mjd = file.read<double>(level2::kVaneEventMjd);
  const auto feeds = file.read<std::int64_t>(level2::kFeeds);
  const h5::Extent expected = {result.event_mjd.size(), feeds.size(), kBands,
                               static_cast<std::uint64_t>(observation.level1.n_channels)};
  const auto read = [&](std::string_view dataset) {
    if (file.info(dataset).extent != expected) {
      fail(observation,
           fmt::format("whose Level-2 file {} has another number of channels or events in {}", file.path(), dataset));
    }
    return in_own_rows(file.read<float>(dataset), feeds, observation, result.event_mjd.size());
  };
  result.system_temperature_K = read(level2::kSystemTemperature);
  result.gain = read(level2::kGain);
  if (std::ranges::none_of(result.gain, [](float gain) { return std::isfinite(gain); })) {
    fail(observation, fmt::format("whose Level-2 file {} has no gain for any feed of this one", file.path()));
  }
  return result;
}

}  // namespace comap
