#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "sky/wcs.hpp"

namespace comap {
namespace {

double nearest_to_zero_deg(double angle_deg) { return std::remainder(angle_deg, 360.0); }

/// Circular mean rounded to whole degrees: so that differences from it are exact and extents do not depend on how
/// the pointing is divided between ranks.
std::optional<double> reference_of(std::span<const double> longitude_deg) {
  double sum_sin = 0.0, sum_cos = 0.0;
  for (const double longitude : longitude_deg) {
    if (!std::isfinite(longitude)) continue;
    sum_sin += std::sin(longitude * kDegree_rad);
    sum_cos += std::cos(longitude * kDegree_rad);
  }
  if (sum_sin == 0.0 && sum_cos == 0.0) return {};
  return std::round(std::atan2(sum_sin, sum_cos) / kDegree_rad);
}

}  // namespace

void PointingExtent::add(std::span<const double> longitude_deg, std::span<const double> latitude_deg) {
  if (longitude_deg.size() != latitude_deg.size()) throw Bug("PointingExtent: spans of different length");
  if (!reference_longitude_deg_) reference_longitude_deg_ = reference_of(longitude_deg);
  if (!reference_longitude_deg_) return;
  for (std::size_t i = 0; i < longitude_deg.size(); ++i) {
    const double longitude = nearest_to_zero_deg(longitude_deg[i] - *reference_longitude_deg_),
                 latitude = latitude_deg[i];
    if (!std::isfinite(longitude) || !std::isfinite(latitude)) continue;
    min_longitude_deg_ = n_ == 0 ? longitude : std::min(min_longitude_deg_, longitude);
    max_longitude_deg_ = n_ == 0 ? longitude : std::max(max_longitude_deg_, longitude);
    min_latitude_deg_ = n_ == 0 ? latitude : std::min(min_latitude_deg_, latitude);
    max_latitude_deg_ = n_ == 0 ? latitude : std::max(max_latitude_deg_, latitude);
    ++n_;
  }
}

void PointingExtent::combine(const PointingExtent& other) {
  if (other.empty()) return;
  if (empty()) {
    *this = other;
    return;
  }
  // The other's piece goes where its middle is nearest to ours.
  const double middle = 0.5 * (min_longitude_deg_ + max_longitude_deg_);
  const double other_middle = 0.5 * (other.min_longitude_deg_ + other.max_longitude_deg_);
  const double offset = *other.reference_longitude_deg_ - *reference_longitude_deg_;
  const double shift = offset - 360.0 * std::round((other_middle + offset - middle) / 360.0);
  min_longitude_deg_ = std::min(min_longitude_deg_, other.min_longitude_deg_ + shift);
  max_longitude_deg_ = std::max(max_longitude_deg_, other.max_longitude_deg_ + shift);
  min_latitude_deg_ = std::min(min_latitude_deg_, other.min_latitude_deg_);
  max_latitude_deg_ = std::max(max_latitude_deg_, other.max_latitude_deg_);
  n_ += other.n_;
}

WcsDefinition PointingExtent::definition(SkyFrame frame, double padding_deg, double cdelt_deg) const {
  if (empty()) throw ObservationError("wcs = \"dynamic\" without a single position: no map can be laid out");
  const double middle = *reference_longitude_deg_ + 0.5 * (min_longitude_deg_ + max_longitude_deg_);
  // Pixel centres at multiples of cdelt: maps of neighbouring fields share their grid.
  const double centre = std::round(middle / cdelt_deg) * cdelt_deg;
  const double offset = centre - *reference_longitude_deg_;
  const double half_width_deg =
      std::min(std::max(max_longitude_deg_ - offset, offset - min_longitude_deg_) + padding_deg, 180.0 - cdelt_deg);
  const auto half_columns = static_cast<std::int64_t>(std::ceil(half_width_deg / cdelt_deg));
  const double south_deg = std::max(min_latitude_deg_ - padding_deg, -90.0);
  const double north_deg = std::min(max_latitude_deg_ + padding_deg, 90.0);
  const auto first_row = static_cast<std::int64_t>(std::floor(south_deg / cdelt_deg));
  const auto last_row = static_cast<std::int64_t>(std::ceil(north_deg / cdelt_deg));
  const std::int64_t n_rows = last_row - first_row + 1;

  WcsDefinition wcs;
  wcs.naxis = {2 * half_columns + 1, n_rows + (n_rows % 2 == 0 ? 1 : 0)};
  wcs.crpix = {static_cast<double>(half_columns + 1), static_cast<double>(1 - first_row)};
  wcs.cdelt_deg = {-cdelt_deg, cdelt_deg};
  wcs.crval_deg = {centre - 360.0 * std::floor(centre / 360.0), 0.0};
  if (frame == SkyFrame::icrs) wcs.ctype = {"RA---CAR", "DEC--CAR"};
  return wcs;
}

}  // namespace comap
