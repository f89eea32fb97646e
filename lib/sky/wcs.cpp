#include "sky/wcs.hpp"

#include <fmt/core.h>
#include <wcslib/wcs.h>
#include <wcslib/wcserr.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap {
namespace {

constexpr std::size_t kBlock = 1024;  // positions for one call of WCSLIB

std::string describe(const WcsDefinition& d) {
  return fmt::format("NAXIS {} x {}, CRPIX {} {}, CDELT {} {}, CRVAL {} {}, CTYPE {} {}", d.naxis[0], d.naxis[1],
                     d.crpix[0], d.crpix[1], d.cdelt_deg[0], d.cdelt_deg[1], d.crval_deg[0], d.crval_deg[1], d.ctype[0],
                     d.ctype[1]);
}

void check_grid(const WcsDefinition& definition) {
  for (std::size_t axis = 0; axis < 2; ++axis) {
    if (definition.naxis[axis] <= 0) throw ConfigError("WCS without pixels: " + describe(definition));
    if (definition.cdelt_deg[axis] == 0.0) throw ConfigError("WCS with CDELT 0: " + describe(definition));
  }
  if (definition.naxis[0] > std::numeric_limits<std::int32_t>::max() / definition.naxis[1]) {
    throw ConfigError("WCS with more than 2^31 pixels: " + describe(definition));
  }
  const auto starts = [&](const char* longitude, const char* latitude) {
    return definition.ctype[0].starts_with(longitude) && definition.ctype[1].starts_with(latitude);
  };
  if (!starts("GLON-", "GLAT-") && !starts("RA---", "DEC--")) {
    throw ConfigError("WCS must be GLON-xxx, GLAT-xxx or RA---xxx, DEC--xxx: " + describe(definition));
  }
}

void copy_text(char (&destination)[72], const std::string& text) {
  const std::size_t n = text.copy(destination, sizeof destination - 1);
  destination[n] = '\0';
}

std::shared_ptr<wcsprm> make_wcsprm(const WcsDefinition& definition) {
  auto owner = std::make_unique<wcsprm>();
  owner->flag = -1;
  if (wcsini(1, 2, owner.get()) != 0) throw Bug("WCSLIB cannot allocate a WCS");
  std::shared_ptr<wcsprm> wcs(owner.release(), [](wcsprm* p) {
    wcsfree(p);
    delete p;
  });
  for (std::size_t axis = 0; axis < 2; ++axis) {
    wcs->crpix[axis] = definition.crpix[axis];
    wcs->cdelt[axis] = definition.cdelt_deg[axis];
    wcs->crval[axis] = definition.crval_deg[axis];
    copy_text(wcs->ctype[axis], definition.ctype[axis]);
    copy_text(wcs->cunit[axis], "deg");
  }
  if (const int status = wcsset(wcs.get()); status != 0) {
    throw ConfigError(fmt::format("WCSLIB refuses the grid: {} ({})", wcs_errmsg[status], describe(definition)));
  }
  if (wcs->lng != 0 || wcs->lat != 1) throw ConfigError("no celestial projection in WCS: " + describe(definition));
  return wcs;
}

void check_sizes(std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
  if (a != b || a != c || a != d) throw Bug("Wcs: spans of different length");
}

/// One direction of WCSLIB on pairs of coordinates; NaN in or status set: NaN out.
using WcslibCall = int (*)(wcsprm*, int, const double*, double*, int*);

int call_sky_to_pixel(wcsprm* wcs, int n, const double* in, double* out, int* status) {
  std::array<double, kBlock> phi, theta;
  std::array<double, 2 * kBlock> intermediate;
  return wcss2p(wcs, n, 2, in, phi.data(), theta.data(), intermediate.data(), out, status);
}

int call_pixel_to_sky(wcsprm* wcs, int n, const double* in, double* out, int* status) {
  std::array<double, kBlock> phi, theta;
  std::array<double, 2 * kBlock> intermediate;
  return wcsp2s(wcs, n, 2, in, intermediate.data(), phi.data(), theta.data(), out, status);
}

/// `pixel_shift_in` and `pixel_shift_out` turn 0-based pixel coordinates into those of FITS and back.
void convert(wcsprm* wcs, WcslibCall call, double pixel_shift_in, double pixel_shift_out, std::span<const double> in_a,
             std::span<const double> in_b, std::span<double> out_a, std::span<double> out_b) {
  std::array<double, 2 * kBlock> in, out;
  std::array<int, kBlock> status;
  for (std::size_t start = 0; start < in_a.size(); start += kBlock) {
    const std::size_t n = std::min(kBlock, in_a.size() - start);
    for (std::size_t i = 0; i < n; ++i) {
      const double a = in_a[start + i], b = in_b[start + i];
      const bool good = std::isfinite(a) && std::isfinite(b);
      in[2 * i] = good ? a + pixel_shift_in : 0.0;
      in[2 * i + 1] = good ? b + pixel_shift_in : 0.0;
    }
    status.fill(0);
    call(wcs, static_cast<int>(n), in.data(), out.data(), status.data());
    for (std::size_t i = 0; i < n; ++i) {
      const bool good = std::isfinite(in_a[start + i]) && std::isfinite(in_b[start + i]) && status[i] == 0;
      out_a[start + i] = good ? out[2 * i] + pixel_shift_out : kNan;
      out_b[start + i] = good ? out[2 * i + 1] + pixel_shift_out : kNan;
    }
  }
}

/// CAR with CRVAL2 = 0 is linear in longitude and latitude.
bool is_linear(const WcsDefinition& definition) {
  return definition.ctype[0].ends_with("-CAR") && definition.crval_deg[1] == 0.0;
}

double wrap_180(double angle_deg) { return angle_deg - 360.0 * std::nearbyint(angle_deg / 360.0); }

/// Pixels of a turn in longitude; 0 where the projection has none along x.
double pixels_around(const WcsDefinition& definition) {
  return definition.ctype[0].ends_with("-CAR") ? std::abs(360.0 / definition.cdelt_deg[0]) : 0.0;
}

/// The same pixels with CRVAL1 inside the grid, where the grid goes beyond 180 degrees from CRVAL1: readers (and
/// WCSLIB) take nothing there for sky. Only CAR with CRVAL2 = 0 can be moved along.
WcsDefinition with_near_reference(WcsDefinition definition) {
  const double first_deg = (0.5 - definition.crpix[0]) * definition.cdelt_deg[0];
  const double last_deg = first_deg + static_cast<double>(definition.naxis[0]) * definition.cdelt_deg[0];
  const double farthest_deg = std::max(std::abs(first_deg), std::abs(last_deg));
  if (!is_linear(definition) || farthest_deg <= 180.0 + std::abs(definition.cdelt_deg[0])) return definition;
  const double n_pixels = std::round(0.5 * static_cast<double>(definition.naxis[0] + 1) - definition.crpix[0]);
  const double longitude_deg = definition.crval_deg[0] + n_pixels * definition.cdelt_deg[0];
  definition.crpix[0] += n_pixels;
  definition.crval_deg[0] = longitude_deg - 360.0 * std::floor(longitude_deg / 360.0);
  return definition;
}

struct LinearGrid {
  double longitude_deg, x_per_deg, x0;
  double y_per_deg, y0;

  explicit LinearGrid(const WcsDefinition& d)
      : longitude_deg(d.crval_deg[0]),
        x_per_deg(1.0 / d.cdelt_deg[0]),
        x0(d.crpix[0] - 1.0),
        y_per_deg(1.0 / d.cdelt_deg[1]),
        y0(d.crpix[1] - 1.0) {}

  double x(double longitude) const { return wrap_180(longitude - longitude_deg) * x_per_deg + x0; }
  double y(double latitude) const { return latitude * y_per_deg + y0; }
};

}  // namespace

Wcs::Wcs(const WcsDefinition& definition) {
  check_grid(definition);
  definition_ = with_near_reference(definition);
  pixels_around_ = pixels_around(definition_);
  is_closed_ = pixels_around_ > 0.0 && std::abs(static_cast<double>(n_x()) - pixels_around_) < 0.5;
  wcs_ = make_wcsprm(definition_);
}

SkyFrame Wcs::frame() const { return definition_.ctype[0].starts_with("GLON") ? SkyFrame::galactic : SkyFrame::icrs; }

void Wcs::sky_to_pixel(std::span<const double> longitude_deg, std::span<const double> latitude_deg, std::span<double> x,
                       std::span<double> y) const {
  check_sizes(longitude_deg.size(), latitude_deg.size(), x.size(), y.size());
  if (!is_linear(definition_)) {
    convert(wcs_.get(), call_sky_to_pixel, 0.0, -1.0, longitude_deg, latitude_deg, x, y);
    return;
  }
  const LinearGrid grid(definition_);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool good = std::isfinite(longitude_deg[i]) && std::isfinite(latitude_deg[i]);
    x[i] = good ? grid.x(longitude_deg[i]) : kNan;
    y[i] = good ? grid.y(latitude_deg[i]) : kNan;
  }
}

void Wcs::pixel_to_sky(std::span<const double> x, std::span<const double> y, std::span<double> longitude_deg,
                       std::span<double> latitude_deg) const {
  check_sizes(x.size(), y.size(), longitude_deg.size(), latitude_deg.size());
  convert(wcs_.get(), call_pixel_to_sky, 1.0, 0.0, x, y, longitude_deg, latitude_deg);
  for (double& longitude : longitude_deg) {
    if (longitude < 0.0) longitude += 360.0;
  }
}

void Wcs::pixel_index(std::span<const double> longitude_deg, std::span<const double> latitude_deg,
                      std::span<std::int64_t> index) const {
  pixel_index(longitude_deg, latitude_deg, index, {}, {});
}

void Wcs::pixel_index(std::span<const double> longitude_deg, std::span<const double> latitude_deg,
                      std::span<std::int64_t> index, std::span<float> x_within, std::span<float> y_within) const {
  check_sizes(longitude_deg.size(), latitude_deg.size(), index.size(), index.size());
  const auto width = static_cast<double>(n_x()), height = static_cast<double>(n_y());
  std::array<double, kBlock> x, y;
  for (std::size_t start = 0; start < index.size(); start += kBlock) {
    const std::size_t n = std::min(kBlock, index.size() - start);
    sky_to_pixel(longitude_deg.subspan(start, n), latitude_deg.subspan(start, n), std::span(x).first(n),
                 std::span(y).first(n));
    for (std::size_t i = 0; i < n; ++i) {
      if (x[i] < -0.5) x[i] += pixels_around_;
      if (x[i] >= width - 0.5 && x[i] - pixels_around_ >= -0.5) x[i] -= pixels_around_;
      const double column = std::floor(x[i] + 0.5), row = std::floor(y[i] + 0.5);
      const bool inside = column >= 0.0 && column < width && row >= 0.0 && row < height;  // false for NaN
      index[start + i] = inside ? static_cast<std::int64_t>(row * width + column) : -1;
      if (x_within.empty()) continue;
      x_within[start + i] = static_cast<float>(x[i] - column);
      y_within[start + i] = static_cast<float>(y[i] - row);
    }
  }
}

}  // namespace comap
