#include "io/map_images.hpp"

#include <fmt/core.h>

#include <limits>

#include "core/error.hpp"

namespace comap {

std::array<NamedImage, 4> float_images(const ContinuumMap& map) {
  return {{{"DESTRIPED", "K", map.destriped_K},
           {"NAIVE", "K", map.naive_K},
           {"HITS", "", map.hits},
           {"RMS", "K", map.rms_K}}};
}

std::vector<float> masked(const std::vector<float>& values, const std::vector<std::uint8_t>& mask) {
  std::vector<float> result(values);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (mask[i] != 0) result[i] = std::numeric_limits<float>::quiet_NaN();
  }
  return result;
}

void check_images(const ContinuumMap& map) {
  const auto n_pixels = static_cast<std::size_t>(map.wcs.naxis[0] * map.wcs.naxis[1]);
  for (const NamedImage& image : float_images(map)) {
    if (image.values.size() != n_pixels || map.mask.size() != n_pixels) {
      throw Bug(fmt::format("map image {} or its mask does not have the {} x {} pixels of its grid", image.name,
                            map.wcs.naxis[0], map.wcs.naxis[1]));
    }
  }
}

}  // namespace comap
