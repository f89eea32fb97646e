// Positions of many samples: the ERFA context at nodes in time, a few rotations for each sample.
#include <erfam.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <unordered_map>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "sky/astrometry.hpp"
#include "sky/branchless_angles.hpp"
#include "sky/coordinates.hpp"

namespace comap {
namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

/// Nodes lie on a fixed grid, so that a position does not depend on what else is computed with it. Within half a step
/// the annual aberration drifts by 0.1 mas, the diurnal one by 0.7 mas, precession and nutation by less.
constexpr double kNodesPerDay = 1440.0;
constexpr double kEarthRotation_rad_per_day = 2.0 * std::numbers::pi * 1.00273781191135448;

Vector operator*(const Matrix& m, const Vector& v) {
  return {m[0][0] * v[0] + m[0][1] * v[1] + m[0][2] * v[2], m[1][0] * v[0] + m[1][1] * v[1] + m[1][2] * v[2],
          m[2][0] * v[0] + m[2][1] * v[1] + m[2][2] * v[2]};
}

Matrix operator*(const Matrix& a, const Matrix& b) {
  Matrix product{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) product[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
  }
  return product;
}

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

/// ICRS to the axes of `frame`; the columns are where eraIcrs2g takes the axes of ICRS.
Matrix icrs_to_frame(SkyFrame frame) {
  if (frame == SkyFrame::icrs) return {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  constexpr double kQuarter_rad = std::numbers::pi / 2.0;
  constexpr double kAxes_rad[3][2] = {{0.0, 0.0}, {kQuarter_rad, 0.0}, {0.0, kQuarter_rad}};
  Matrix rotation{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    double l_rad = 0, b_rad = 0, direction[3];
    eraIcrs2g(kAxes_rad[axis][0], kAxes_rad[axis][1], &l_rad, &b_rad);
    eraS2c(l_rad, b_rad, direction);
    for (std::size_t i = 0; i < 3; ++i) rotation[i][axis] = direction[i];
  }
  return rotation;
}

/// Quantities that all samples near one node share; vectors in the axes of the output frame.
struct Node {
  double mjd = 0.0;
  Matrix to_intermediate;  ///< (south, east, up) to the intermediate pole, local meridian
  Matrix to_frame;         ///< from there at the node's time to the frame: Earth rotation, then precession-nutation
  Vector velocity;         ///< of the observer, speed of light = 1
  double lorentz = 1.0;    ///< sqrt(1 - |velocity|^2)
  double aberration_factor = 0.5;                 ///< 1 / (1 + lorentz)
  Vector from_sun;                                ///< unit vector from the Sun to the observer
  double deflection = 0.0;                        ///< 2 G M_sun / (c^2 r)
  double deflection_limit = 0.0;                  ///< of 1 + cos(angle from the anti-Sun): avoids the Sun's disc
  double refraction_a = 0.0, refraction_b = 0.0;  ///< [rad]: zenith distance grows by a tan z + b tan^3 z
};

/// The rotations of eraAtoiq for azimuth and zenith distance: latitude, then polar motion.
Matrix horizontal_to_intermediate(const eraASTROM& astrometry) {
  const Matrix latitude = {
      {{astrometry.sphi, 0.0, astrometry.cphi}, {0.0, 1.0, 0.0}, {-astrometry.cphi, 0.0, astrometry.sphi}}};
  const double sx = std::sin(astrometry.xpl), cx = std::cos(astrometry.xpl);
  const double sy = std::sin(astrometry.ypl), cy = std::cos(astrometry.ypl);
  const Matrix polar_motion = {{{cx, sx * sy, -sx * cy}, {0.0, cy, sy}, {sx, -cx * sy, cx * cy}}};
  return polar_motion * latitude;
}

Matrix intermediate_to_icrs(const eraASTROM& astrometry) {
  const double s = std::sin(astrometry.eral), c = std::cos(astrometry.eral);
  const Matrix earth_rotation = {{{c, -s, 0.0}, {s, c, 0.0}, {0.0, 0.0, 1.0}}};
  Matrix inverse_bpn{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) inverse_bpn[i][j] = astrometry.bpn[j][i];
  }
  return inverse_bpn * earth_rotation;
}

Node make_node(const Observer& observer, std::int64_t number, const Matrix& frame) {
  Node node;
  node.mjd = static_cast<double>(number) / kNodesPerDay;
  const eraASTROM astrometry = astrometry_at(observer, node.mjd);
  node.to_intermediate = horizontal_to_intermediate(astrometry);
  node.to_frame = frame * intermediate_to_icrs(astrometry);
  node.velocity = frame * Vector{astrometry.v[0], astrometry.v[1], astrometry.v[2]};
  node.lorentz = astrometry.bm1;
  node.aberration_factor = 1.0 / (1.0 + node.lorentz);
  node.from_sun = frame * Vector{astrometry.eh[0], astrometry.eh[1], astrometry.eh[2]};
  node.deflection = ERFA_SRS / astrometry.em;
  node.deflection_limit = 1e-6 / std::max(1.0, astrometry.em * astrometry.em);
  node.refraction_a = astrometry.refa;
  node.refraction_b = astrometry.refb;
  return node;
}

class Nodes {
 public:
  Nodes(const Observer& observer, SkyFrame frame) : observer_(observer), frame_(icrs_to_frame(frame)) {}

  const Node& nearest(double mjd_utc) {
    const auto number = static_cast<std::int64_t>(std::round(mjd_utc * kNodesPerDay));
    if (last_ == nullptr || number != last_number_) {
      auto found = nodes_.find(number);
      if (found == nodes_.end()) found = nodes_.emplace(number, make_node(observer_, number, frame_)).first;
      last_ = &found->second;
      last_number_ = number;
    }
    return *last_;
  }

 private:
  const Observer& observer_;
  Matrix frame_;
  std::unordered_map<std::int64_t, Node> nodes_;
  const Node* last_ = nullptr;
  std::int64_t last_number_ = 0;
};

/// Samples near one node that are computed together. Their number is fixed, so that all go through the same
/// instructions and a position does not depend on its neighbours to the last bit.
constexpr std::size_t kLanes = 16;
using Lane = std::array<double, kLanes>;
struct Group {
  Lane mjd_utc{}, azimuth_deg{}, elevation_deg{};
  Lane longitude_deg{}, latitude_deg{};
};

/// Observed to true elevation, with the two constants of ERFA.
void remove_refraction(const Node& node, Group& group) {
  constexpr double kMinSinElevation = 0.05;  // SELMIN of eraAtoiq
  for (double& elevation_deg : group.elevation_deg) {
    const double elevation_rad = elevation_deg * kDegree_rad;
    const double tan_z = std::cos(elevation_rad) / std::max(std::sin(elevation_rad), kMinSinElevation);
    elevation_deg -= (node.refraction_a + node.refraction_b * tan_z * tan_z) * tan_z / kDegree_rad;
  }
}

/// Unit vector (south, east, up).
inline Vector horizontal_direction(double azimuth_deg, double elevation_deg) {
  const SineCosine azimuth = sine_cosine_deg(azimuth_deg), elevation = sine_cosine_deg(elevation_deg);
  return {-azimuth.cosine * elevation.cosine, azimuth.sine * elevation.cosine, elevation.sine};
}

/// Turns about the intermediate pole by the Earth rotation since the node; small, so a series is exact.
inline Vector rotate_since_node(const Node& node, double mjd_utc, const Vector& v) {
  const double angle_rad = (mjd_utc - node.mjd) * kEarthRotation_rad_per_day;
  const double square = angle_rad * angle_rad;
  const double s = angle_rad * (1.0 - square / 6.0 * (1.0 - square / 20.0));
  const double c = 1.0 - square / 2.0 * (1.0 - square / 12.0);
  return {c * v[0] - s * v[1], s * v[0] + c * v[1], v[2]};
}

/// Proper to coordinate direction: aberration with the velocity reversed, then first-order deflection by the Sun.
inline Vector natural_direction(const Node& node, const Vector& p) {
  const double along = -dot(p, node.velocity);
  const double scale = 1.0 / (1.0 + along);
  const double shift = (1.0 + along * node.aberration_factor) * scale, keep = node.lorentz * scale;
  const Vector n = {p[0] * keep - shift * node.velocity[0], p[1] * keep - shift * node.velocity[1],
                    p[2] * keep - shift * node.velocity[2]};
  const double cosine = dot(n, node.from_sun);
  const double from_sun_side = 1.0 + cosine;
  const double bend = node.deflection / (from_sun_side > node.deflection_limit ? from_sun_side : node.deflection_limit);
  const double rest = 1.0 + bend * cosine;
  return {n[0] * rest - bend * node.from_sun[0], n[1] * rest - bend * node.from_sun[1],
          n[2] * rest - bend * node.from_sun[2]};
}

inline SkyPosition to_position(const Vector& v) {
  constexpr double kPole = 1e-300;  // keeps the longitude of a pole defined
  constexpr double kDegreePerRadian = 1.0 / kDegree_rad;
  const double from_x_axis = angle_in_first_quadrant(std::fabs(v[0]) + kPole, std::fabs(v[1])) * kDegreePerRadian;
  const double upper = v[0] < 0.0 ? 180.0 - from_x_axis : from_x_axis;
  const double radius = std::sqrt(v[0] * v[0] + v[1] * v[1]);
  const double latitude = angle_in_first_quadrant(radius, std::fabs(v[2])) * kDegreePerRadian;
  return {v[1] < 0.0 ? 360.0 - upper : upper, v[2] < 0.0 ? -latitude : latitude};
}

void transform(const Node& node, Group& group) {
  if (node.refraction_a != 0.0) remove_refraction(node, group);
  for (std::size_t i = 0; i < kLanes; ++i) {
    const Vector horizontal = horizontal_direction(group.azimuth_deg[i], group.elevation_deg[i]);
    const Vector intermediate = rotate_since_node(node, group.mjd_utc[i], node.to_intermediate * horizontal);
    const SkyPosition position = to_position(natural_direction(node, node.to_frame * intermediate));
    group.longitude_deg[i] = position.longitude_deg;
    group.latitude_deg[i] = position.latitude_deg;
  }
}

/// Number of samples from `first` on, at most kLanes, whose nearest node is that of `first`.
std::size_t group_size(std::span<const double> mjd_utc, std::size_t first) {
  const std::size_t limit = std::min(kLanes, mjd_utc.size() - first);
  const double node_number = std::round(mjd_utc[first] * kNodesPerDay);
  std::size_t n = 1;
  while (n < limit && std::round(mjd_utc[first + n] * kNodesPerDay) == node_number) ++n;
  return n;
}

}  // namespace

void horizontal_to_sky(const Observer& observer, std::span<const double> mjd_utc, std::span<const double> azimuth_deg,
                       std::span<const double> elevation_deg, SkyFrame frame, std::span<double> longitude_deg,
                       std::span<double> latitude_deg) {
  const std::size_t n_samples = mjd_utc.size();
  if (azimuth_deg.size() != n_samples || elevation_deg.size() != n_samples || longitude_deg.size() != n_samples ||
      latitude_deg.size() != n_samples) {
    throw Bug("horizontal_to_sky: spans of different length");
  }
  Nodes nodes(observer, frame);
  Group group;
  for (std::size_t first = 0, n = 0; first < n_samples; first += n) {
    n = group_size(mjd_utc, first);
    if (!std::isfinite(mjd_utc[first])) {
      longitude_deg[first] = latitude_deg[first] = kNan;
      continue;
    }
    std::ranges::copy(mjd_utc.subspan(first, n), group.mjd_utc.begin());
    std::ranges::copy(azimuth_deg.subspan(first, n), group.azimuth_deg.begin());
    std::ranges::copy(elevation_deg.subspan(first, n), group.elevation_deg.begin());
    transform(nodes.nearest(mjd_utc[first]), group);
    std::copy_n(group.longitude_deg.begin(), n, longitude_deg.begin() + static_cast<std::ptrdiff_t>(first));
    std::copy_n(group.latitude_deg.begin(), n, latitude_deg.begin() + static_cast<std::ptrdiff_t>(first));
  }
}

SkyPositions horizontal_to_sky(const Observer& observer, std::span<const double> mjd_utc,
                               std::span<const double> azimuth_deg, std::span<const double> elevation_deg,
                               SkyFrame frame) {
  SkyPositions at{std::vector<double>(mjd_utc.size()), std::vector<double>(mjd_utc.size())};
  horizontal_to_sky(observer, mjd_utc, azimuth_deg, elevation_deg, frame, at.longitude_deg, at.latitude_deg);
  return at;
}

}  // namespace comap
