#include "sky/healpix_map.hpp"

#include <fitshandle.h>
#include <fmt/core.h>
#include <healpix_map.h>
#include <healpix_map_fitsio.h>

#include <cmath>
#include <limits>

#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap {
namespace {

constexpr int kTableHdu = 2;
constexpr int kColumn = 1;
constexpr double kRightAngle_deg = 90.0;

/// Kelvin per unit of the map, from the first letter: mK_CMB, uK, K_CMB ...
double unit_K(const std::string& unit) {
  const std::size_t first = unit.find_first_not_of(' ');
  if (first == std::string::npos) return 1.0;
  if (unit[first] == 'm') return 1e-3;
  if (unit[first] == 'u') return 1e-6;
  return 1.0;
}

void expect_galactic(fitshandle& file, const std::string& path) {
  if (!file.key_present("COORDSYS")) return;
  const auto system = file.get_key<std::string>("COORDSYS");
  if (!system.empty() && system[0] != 'G' && system[0] != 'g') {
    throw IoError(fmt::format("{}: COORDSYS is '{}', expected a map in Galactic coordinates", path, system));
  }
}

}  // namespace

struct HealpixSky::Map {
  Healpix_Map<float> pixels;
  double unit_K = 1.0;
};

HealpixSky::HealpixSky(const std::string& fits_file) {
  auto map = std::make_unique<Map>();
  try {
    fitshandle file;
    file.open(fits_file);
    file.goto_hdu(kTableHdu);
    expect_galactic(file, fits_file);
    map->unit_K = unit_K(file.colunit(kColumn));
    read_Healpix_map_from_fits(file, map->pixels, kColumn);
  } catch (const PlanckError& error) {
    throw IoError(fmt::format("{}: cannot be read as a HEALPix map: {}", fits_file, error.what()));
  }
  map_ = std::move(map);
}

HealpixSky::~HealpixSky() = default;
HealpixSky::HealpixSky(HealpixSky&&) noexcept = default;

double HealpixSky::temperature_K(SkyPosition galactic) const {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (!std::isfinite(galactic.longitude_deg) || !std::isfinite(galactic.latitude_deg)) return kNan;
  const pointing direction((kRightAngle_deg - galactic.latitude_deg) * kDegree_rad,
                           galactic.longitude_deg * kDegree_rad);
  const double value = static_cast<double>(map_->pixels[map_->pixels.ang2pix(direction)]);
  return approx<double>(value, Healpix_undef) ? kNan : value * map_->unit_K;
}

}  // namespace comap
