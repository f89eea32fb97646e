#pragma once
/// \file
/// The pixel grid of a map: a celestial WCS of WCSLIB.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "config/mapmake_config.hpp"
#include "sky/coordinates.hpp"

struct wcsprm;

namespace comap {

/// Any celestial projection of WCSLIB (CAR, TAN, SIN, ZEA, ...). CAR with CRVAL2 = 0 takes a fast exact path.
class Wcs {
 public:
  /// Throws ConfigError when WCSLIB refuses the definition.
  explicit Wcs(const WcsDefinition& definition);

  /// As given; but a grid that goes beyond 180 degrees from its CRVAL1 has that moved to its middle, with the same
  /// pixels.
  const WcsDefinition& definition() const { return definition_; }
  SkyFrame frame() const;
  std::int64_t n_x() const { return definition_.naxis[0]; }
  std::int64_t n_y() const { return definition_.naxis[1]; }
  std::int64_t n_pixels() const { return n_x() * n_y(); }
  /// The last column is beside the first: CAR of 360 degrees.
  bool is_closed() const { return is_closed_; }

  /// 0-based pixel coordinates (centre of the first pixel = 0, 0) of positions in frame(); NaN where undefined.
  void sky_to_pixel(std::span<const double> longitude_deg, std::span<const double> latitude_deg, std::span<double> x,
                    std::span<double> y) const;
  void pixel_to_sky(std::span<const double> x, std::span<const double> y, std::span<double> longitude_deg,
                    std::span<double> latitude_deg) const;

  /// Index y * n_x + x of the pixel whose centre is nearest, floor(coordinate + 0.5); -1 off the grid or undefined.
  /// Longitudes of CAR are taken a turn further where the grid is.
  void pixel_index(std::span<const double> longitude_deg, std::span<const double> latitude_deg,
                   std::span<std::int64_t> index) const;
  /// The same, and where in the pixel: coordinates from its centre, -0.5 to 0.5, undefined off the grid.
  void pixel_index(std::span<const double> longitude_deg, std::span<const double> latitude_deg,
                   std::span<std::int64_t> index, std::span<float> x_within, std::span<float> y_within) const;

 private:
  WcsDefinition definition_;
  std::shared_ptr<wcsprm> wcs_;
  double pixels_around_ = 0.0;  ///< columns of 360 degrees in longitude; 0 in other projections than CAR
  bool is_closed_ = false;
};

/// A definition by name from a TOML file (tables with NAXIS, CRPIX, CDELT, CTYPE, CRVAL). Throws ConfigError with the
/// known names.
WcsDefinition named_wcs(const std::string& file, const std::string& name);

/// Extent of pointing, for wcs = "dynamic"; combine() of several is the extent of all. Longitudes are unwrapped
/// about their circular mean, so a field across 0/360 is one piece.
class PointingExtent {
 public:
  void add(std::span<const double> longitude_deg, std::span<const double> latitude_deg);
  void combine(const PointingExtent& other);
  bool empty() const { return n_ == 0; }
  /// Odd sizes, CAR, CRVAL1 at the centre, CRVAL2 = 0.
  WcsDefinition definition(SkyFrame frame, double padding_deg, double cdelt_deg) const;
  static auto members(auto& x) {
    return std::tie(x.n_, x.reference_longitude_deg_, x.min_longitude_deg_, x.max_longitude_deg_, x.min_latitude_deg_,
                    x.max_latitude_deg_);
  }

 private:
  std::int64_t n_ = 0;
  std::optional<double> reference_longitude_deg_;
  double min_longitude_deg_ = 0.0, max_longitude_deg_ = 0.0;  ///< relative to the reference
  double min_latitude_deg_ = 0.0, max_latitude_deg_ = 0.0;
};

}  // namespace comap
