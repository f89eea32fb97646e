#pragma once
/// \file
/// A square of the sky around l = 30, b = 0 [deg]: a grid of pixels, and a HEALPix map of it.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "io/map/continuum_map.hpp"
#include "io/map/map_writer.hpp"
#include "sky/healpix_grid.hpp"
#include "sky/healpix_map.hpp"
#include "sky/map_grid.hpp"

namespace comap::test {

inline MapGrid square_grid(std::int64_t side, double pixel_deg) {
  const double middle = 0.5 * static_cast<double>(side + 1);
  return MapGrid(
      WcsDefinition{{side, side}, {middle, middle}, {-pixel_deg, pixel_deg}, {30.0, 0.0}, {"GLON-CAR", "GLAT-CAR"}});
}

/// `sky_K` at the centres of all pixels within `half_width_deg`, written to a file of this name and read again.
inline HealpixSky healpix_square(const std::string& name, int nside, double half_width_deg,
                                 const std::function<double(const SkyPosition&)>& sky_K) {
  const HealpixGrid healpix({nside, SkyFrame::galactic});
  const double step_deg = 10.0 / static_cast<double>(nside);  // a fifth of a pixel
  std::vector<double> longitude_deg, latitude_deg;
  for (double l = -half_width_deg; l < half_width_deg; l += step_deg) {
    for (double b = -half_width_deg; b < half_width_deg; b += step_deg) {
      longitude_deg.push_back(30.0 + l);
      latitude_deg.push_back(b);
    }
  }
  ContinuumMap map;
  map.healpix = healpix.definition();
  map.pixel.resize(longitude_deg.size());
  healpix.pixel_index(longitude_deg, latitude_deg, map.pixel, {}, {});
  std::ranges::sort(map.pixel);
  map.pixel.erase(std::unique(map.pixel.begin(), map.pixel.end()), map.pixel.end());
  for (const std::int64_t pixel : map.pixel) {
    map.destriped_K().push_back(static_cast<float>(sky_K(healpix.pixel_centre(pixel))));
  }
  map.image("NAIVE") = map.image("HITS") = map.image("RMS") = map.destriped_K();
  map.mask.assign(map.pixel.size(), 0);
  const std::string path = testing::TempDir() + "/" + name;
  write_map_fits(path, map);
  return HealpixSky(path);
}

}  // namespace comap::test
