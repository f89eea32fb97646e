#include "observed_place.hpp"

#include <array>
#include <cmath>
#include <span>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "data/level2_datasets.hpp"
#include "io/level2/level2_reader.hpp"
#include "probe.hpp"
#include "sky/source_positions.hpp"

namespace comap {
namespace {

constexpr double kFullCircle_deg = 360.0;

/// Mean of directions as the direction of the sum of their unit vectors; NaN are left out.
class MeanDirection {
 public:
  void add(double longitude_deg, double latitude_deg) {
    const double longitude = longitude_deg * kDegree_rad, latitude = latitude_deg * kDegree_rad;
    if (!std::isfinite(longitude + latitude)) return;
    sum_[0] += std::cos(latitude) * std::cos(longitude);
    sum_[1] += std::cos(latitude) * std::sin(longitude);
    sum_[2] += std::sin(latitude);
  }
  bool is_empty() const { return std::hypot(sum_[0], sum_[1], sum_[2]) == 0.0; }
  /// Longitude from 0 to 360.
  SkyPosition mean() const {
    const double longitude_deg = std::atan2(sum_[1], sum_[0]) / kDegree_rad;
    return {longitude_deg < 0 ? longitude_deg + kFullCircle_deg : longitude_deg,
            std::atan2(sum_[2], std::hypot(sum_[0], sum_[1])) / kDegree_rad};
  }

 private:
  std::array<double, 3> sum_{};
};

int lowest_feed(const Level2Reader& file) {
  for (int feed = 1; feed <= kScienceFeeds; ++feed) {
    if (file.has_feed(feed)) return feed;
  }
  throw ObservationError(file.path() + ": has none of the feeds 1-19");
}

ObservedPlace place_of(SkyPosition icrs, Horizontal horizontal, const char* origin) {
  return {icrs, icrs_to_galactic(icrs), horizontal, origin};
}

ObservedPlace place_in_file(const Config& config, const Observer& observer, const std::string& path) {
  const Level2Reader file = open_level2(config.io, path, "binned_filtered_data");
  const FeedPointing pointing = file.read_pointing(lowest_feed(file));
  MeanDirection sky, horizon;
  for (const auto& [start, end] : file.scans()) {
    const auto first = static_cast<std::size_t>(start), n = static_cast<std::size_t>(end - start);
    const auto part = [&](const std::vector<double>& all) { return std::span<const double>(all).subspan(first, n); };
    const auto azimuth_deg = part(pointing.azimuth_deg), elevation_deg = part(pointing.elevation_deg);
    const auto [ra_deg, dec_deg] =
        horizontal_to_sky(observer, part(file.mjd()), azimuth_deg, elevation_deg, SkyFrame::icrs);
    for (std::size_t i = 0; i < n; ++i) {
      sky.add(ra_deg[i], dec_deg[i]);
      horizon.add(azimuth_deg[i], elevation_deg[i]);
    }
  }
  if (sky.is_empty()) throw ObservationError(path + ": has no pointing inside scans");
  const SkyPosition mean = horizon.mean();
  return place_of(sky.mean(), {mean.longitude_deg, mean.latitude_deg}, "level2");
}

}  // namespace

std::optional<ObservedPlace> observed_place(const Config& config, const Observer& observer,
                                            const Observation& observation) {
  try {
    if (!observation.level2_path.empty()) {
      require_harmless(observation.level2_path, ProbeDepth::headers);
      return place_in_file(config, observer, observation.level2_path);
    }
  } catch (const Error& error) {
    log_warning("obsid {}: {}", observation.obsid, error.what());
  }
  const std::string source = known_source(observation.source);
  if (source.empty()) return std::nullopt;
  try {
    const double mjd = parse_utc_start(observation.utc_start);
    const SkyPosition icrs = source_place(observer, source, mjd).icrs;
    return place_of(icrs, sky_to_horizontal(observer, mjd, icrs, SkyFrame::icrs), "source");
  } catch (const ObservationError& error) {
    log_warning("obsid {}: {}", observation.obsid, error.what());
    return std::nullopt;
  }
}

}  // namespace comap
