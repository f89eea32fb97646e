#include "sky/healpix_map.hpp"

#include <fitshandle.h>
#include <fmt/core.h>
#include <healpix_map.h>
#include <healpix_map_fitsio.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "sky/healpix_direction.hpp"

namespace comap {
namespace {

constexpr int kTableHdu = 2;
constexpr int kColumn = 1;
constexpr int kPixelColumn = 1;  // of a map with explicit pixel numbers; the values follow

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

bool has_pixel_numbers(fitshandle& file) {
  return file.key_present("INDXSCHM") && file.get_key<std::string>("INDXSCHM").starts_with("EXPLICIT");
}

}  // namespace

/// Pixels with their numbers, of a map of part of the sky.
class PartialMap {
 public:
  explicit PartialMap(fitshandle& file)
      : base_(file.get_key<int64>("NSIDE"), string2HealpixScheme(file.get_key<std::string>("ORDERING")), SET_NSIDE) {
    arr<int64> number;
    arr<float> value;
    file.read_entire_column(kPixelColumn, number);
    file.read_entire_column(kPixelColumn + 1, value);
    for (tsize i = 0; i < number.size(); ++i) pixels_.emplace_back(number[i], value[i]);
    std::ranges::sort(pixels_, {}, &Pixel::first);
  }
  double at(const pointing& direction) const {
    const auto pixel = std::ranges::lower_bound(pixels_, base_.ang2pix(direction), {}, &Pixel::first);
    const bool found = pixel != pixels_.end() && pixel->first == base_.ang2pix(direction);
    return found ? pixel->second : Healpix_undef;
  }

 private:
  using Pixel = std::pair<int64, float>;
  T_Healpix_Base<int64> base_;
  std::vector<Pixel> pixels_;
};

struct HealpixSky::Map {
  Healpix_Map<float> pixels;
  std::optional<PartialMap> part;  ///< instead of `pixels`
  double unit_K = 1.0;
};

HealpixSky::HealpixSky(const std::string& fits_file) {
  auto map = std::make_unique<Map>();
  try {
    fitshandle file;
    file.open(fits_file);
    file.goto_hdu(kTableHdu);
    expect_galactic(file, fits_file);
    if (has_pixel_numbers(file)) {
      map->part.emplace(file);
      map->unit_K = unit_K(file.colunit(kPixelColumn + 1));
    } else {
      map->unit_K = unit_K(file.colunit(kColumn));
      read_Healpix_map_from_fits(file, map->pixels, kColumn);
    }
  } catch (const PlanckError& error) {
    throw IoError(fmt::format("{}: cannot be read as a HEALPix map: {}", fits_file, error.what()));
  }
  map_ = std::move(map);
}

HealpixSky::~HealpixSky() = default;
HealpixSky::HealpixSky(HealpixSky&&) noexcept = default;

double HealpixSky::temperature_K(SkyPosition galactic) const {
  if (!std::isfinite(galactic.longitude_deg) || !std::isfinite(galactic.latitude_deg)) return kNan;
  const pointing direction = direction_of(galactic);
  const double value =
      map_->part ? map_->part->at(direction) : static_cast<double>(map_->pixels[map_->pixels.ang2pix(direction)]);
  return approx<double>(value, Healpix_undef) ? kNan : value * map_->unit_K;
}

}  // namespace comap
