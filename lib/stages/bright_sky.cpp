#include "stages/bright_sky.hpp"

#include "sky/coordinates.hpp"
#include "stages/feed_row.hpp"

namespace comap {

std::vector<std::uint8_t> BrightSky::mask(const Level1Metadata& level1, int feed) const {
  const std::size_t n = level1.n_samples;
  const auto azimuth_deg = feed_samples(level1, level1.azimuth_deg, feed, {0, level1.n_samples});
  const auto elevation_deg = feed_samples(level1, level1.elevation_deg, feed, {0, level1.n_samples});
  const auto [longitude_deg, latitude_deg] =
      horizontal_to_sky(Observer{}, level1.mjd, azimuth_deg, elevation_deg, SkyFrame::galactic);
  std::vector<std::uint8_t> bright(n);
  for (std::size_t i = 0; i < n; ++i) {
    bright[i] = map_.temperature_K({longitude_deg[i], latitude_deg[i]}) >= limit_K_ ? 1 : 0;
  }
  return bright;
}

}  // namespace comap
