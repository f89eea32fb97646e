#include "sky/healpix_map.hpp"

#include <fitsio.h>
#include <fmt/core.h>
#include <healpix_cxx/healpix_base.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <memory>

#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap {
namespace {

constexpr float kUnseen = -1.6e30F;  // HEALPix marks missing pixels by -1.6375e30

struct FitsCloser {
  void operator()(fitsfile* file) const {
    int status = 0;
    fits_close_file(file, &status);
  }
};
using FitsHandle = std::unique_ptr<fitsfile, FitsCloser>;

[[noreturn]] void refuse(const std::string& file, const std::string& what) {
  throw ConfigError(fmt::format("planck_map {}: {}; a HEALPix FITS file is expected", file, what));
}

void check(int status, const std::string& file, const std::string& what) {
  if (status == 0) return;
  std::array<char, FLEN_STATUS> text{};
  fits_get_errstatus(status, text.data());
  refuse(file, fmt::format("{}: {}", what, text.data()));
}

FitsHandle open_table(const std::string& file) {
  fitsfile* opened = nullptr;
  int status = 0;
  fits_open_table(&opened, file.c_str(), READONLY, &status);
  check(status, file, "cannot open its table");
  return FitsHandle(opened);
}

std::string keyword(fitsfile* table, const std::string& file, const char* name, const std::string& missing) {
  std::array<char, FLEN_VALUE> value{};
  int status = 0;
  fits_read_key(table, TSTRING, name, value.data(), nullptr, &status);
  if (status == KEY_NO_EXIST) return missing;
  check(status, file, name);
  return value.data();
}

double kelvin_per_unit(const std::string& unit) {
  if (unit.starts_with("mK")) return 1e-3;
  if (unit.starts_with("uK") || unit.starts_with("microK") || unit.starts_with("muK")) return 1e-6;
  return 1.0;
}

}  // namespace

HealpixMap HealpixMap::read(const std::string& file) {
  const FitsHandle table = open_table(file);
  const std::string ordering = keyword(table.get(), file, "ORDERING", "");
  if (!ordering.starts_with("RING") && !ordering.starts_with("NEST")) refuse(file, "ORDERING is not RING or NESTED");
  if (keyword(table.get(), file, "INDXSCHM", "IMPLICIT") == "EXPLICIT") refuse(file, "it covers only part of the sky");

  HealpixMap map;
  int status = 0;
  fits_read_key(table.get(), TINT, "NSIDE", &map.nside_, nullptr, &status);
  check(status, file, "NSIDE");
  if (map.nside_ <= 0 || map.nside_ > 8192) refuse(file, fmt::format("NSIDE is {}", map.nside_));
  map.nested_ = ordering.starts_with("NEST");
  map.values_K_.resize(12 * static_cast<std::size_t>(map.nside_) * static_cast<std::size_t>(map.nside_));
  float null_value = std::numeric_limits<float>::quiet_NaN();
  fits_read_col(table.get(), TFLOAT, 1, 1, 1, static_cast<LONGLONG>(map.values_K_.size()), &null_value,
                map.values_K_.data(), nullptr, &status);
  check(status, file, fmt::format("its first column does not hold the pixels of NSIDE {}", map.nside_));

  const auto scale = static_cast<float>(kelvin_per_unit(keyword(table.get(), file, "TUNIT1", "K")));
  for (float& value : map.values_K_) value = value < kUnseen ? null_value : value * scale;
  return map;
}

double HealpixMap::at(SkyPosition galactic) const {
  if (!std::isfinite(galactic.longitude_deg) || !std::isfinite(galactic.latitude_deg)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const Healpix_Base pixels(nside_, nested_ ? NEST : RING, SET_NSIDE);
  const pointing direction((90.0 - galactic.latitude_deg) * kDegree_rad, galactic.longitude_deg * kDegree_rad);
  return values_K_[static_cast<std::size_t>(pixels.ang2pix(direction))];
}

}  // namespace comap
