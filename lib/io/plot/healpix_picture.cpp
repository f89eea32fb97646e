#include <algorithm>

#include "core/constants.hpp"
#include "io/plot/map_picture.hpp"
#include "sky/wcs.hpp"

namespace comap {
namespace {

constexpr double kPointsInPixel = 2.0;  // along a side, so that the shape of the pixels shows
constexpr double kMaxPoints = 1500.0;   // along an axis

/// CAR around the pixels whose mask is 0, or around all of them.
WcsDefinition picture_grid(const ContinuumMap& map, const HealpixGrid& grid) {
  const bool all_masked = std::ranges::count(map.mask, 0) == 0;
  std::vector<double> longitude_deg, latitude_deg;
  for (std::size_t i = 0; i < map.pixel.size(); ++i) {
    if (map.mask[i] != 0 && !all_masked) continue;
    const SkyPosition centre = grid.pixel_centre(map.pixel[i]);
    longitude_deg.push_back(centre.longitude_deg);
    latitude_deg.push_back(centre.latitude_deg);
  }
  if (longitude_deg.empty()) longitude_deg = latitude_deg = {0.0};
  PointingExtent extent;
  extent.add(longitude_deg, latitude_deg);
  const double padding_deg = 2.0 * grid.pixel_size_deg();
  const WcsDefinition coarse = extent.definition(map.healpix->frame, padding_deg, grid.pixel_size_deg());
  const double widest = static_cast<double>(std::max(coarse.naxis[0], coarse.naxis[1]));
  const double points = std::min(kPointsInPixel, kMaxPoints / widest);
  return extent.definition(map.healpix->frame, padding_deg, grid.pixel_size_deg() / points);
}

/// For every point of the picture the place of its pixel in the map, or the number of pixels where it has none.
std::vector<std::size_t> places(const ContinuumMap& map, const HealpixGrid& grid, const Wcs& wcs) {
  std::vector<double> x, y;
  for (std::int64_t point = 0; point < wcs.n_pixels(); ++point) {
    const std::int64_t row = point / wcs.n_x();
    x.push_back(static_cast<double>(point % wcs.n_x()));
    y.push_back(static_cast<double>(row));
  }
  std::vector<double> longitude_deg(x.size()), latitude_deg(x.size());
  wcs.pixel_to_sky(x, y, longitude_deg, latitude_deg);
  std::vector<std::int64_t> pixel(x.size());
  grid.pixel_index(longitude_deg, latitude_deg, pixel, {}, {});
  std::vector<std::size_t> result;
  for (const std::int64_t wanted : pixel) {
    const auto found = std::ranges::lower_bound(map.pixel, wanted);
    const bool hit = found != map.pixel.end() && *found == wanted;
    result.push_back(hit ? static_cast<std::size_t>(found - map.pixel.begin()) : map.pixel.size());
  }
  return result;
}

}  // namespace

ContinuumMap projected_for_picture(const ContinuumMap& map) {
  const HealpixGrid grid(*map.healpix);
  ContinuumMap result;
  result.wcs = picture_grid(map, grid);
  const std::vector<std::size_t> place = places(map, grid, Wcs(result.wcs));
  const auto project = [&](const auto& from, auto& to, auto elsewhere) {
    for (const std::size_t i : place) to.push_back(i < from.size() ? from[i] : elsewhere);
  };
  const float nan = std::nanf("");
  result.images = map.empty_images();
  for (std::size_t k = 0; k < map.images.size(); ++k) project(map.images[k].values, result.images[k].values, nan);
  project(map.mask, result.mask, std::uint8_t{kNeverHit});
  return result;
}

}  // namespace comap
