#pragma once
/// \file
/// Horizontal coordinates of the telescope to positions on the sky, with ERFA.

#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "sky/earth_orientation.hpp"

namespace comap {

enum class SkyFrame { galactic, icrs };

/// "galactic" or "icrs"; throws ConfigError.
SkyFrame parse_sky_frame(const std::string& name);

/// A direction: longitude (l or RA) and latitude (b or Dec).
struct SkyPosition {
  double longitude_deg = 0.0;
  double latitude_deg = 0.0;

  static auto members(auto& x) { return std::tie(x.longitude_deg, x.latitude_deg); }
};

struct Horizontal {
  double azimuth_deg = 0.0;
  double elevation_deg = 0.0;
};

/// Apparent place to ICRS (precession, nutation, aberration, polar motion, UT1; no parallax), then to `frame`.
/// Exact, one sample: about 0.1 ms.
SkyPosition horizontal_to_sky(const Observer& observer, double mjd_utc, Horizontal direction, SkyFrame frame);
/// The inverse.
Horizontal sky_to_horizontal(const Observer& observer, double mjd_utc, SkyPosition position, SkyFrame frame);

/// Positions of samples.
struct SkyPositions {
  std::vector<double> longitude_deg, latitude_deg;  ///< [sample]
};

/// The same for many samples: what is slow (Earth orientation, precession-nutation, velocity of the observer) at nodes
/// a minute apart, Earth rotation, aberration and light deflection for each sample; 0.001 arcsec from the exact
/// transform (docs/positions.md), about 50 ns for a sample at 50 Hz.
/// All spans have the same length; times need not be sorted, and a position does not depend on the other samples.
/// NaN in, NaN out. Throws ObservationError for times that are no dates.
void horizontal_to_sky(const Observer& observer, std::span<const double> mjd_utc, std::span<const double> azimuth_deg,
                       std::span<const double> elevation_deg, SkyFrame frame, std::span<double> longitude_deg,
                       std::span<double> latitude_deg);
SkyPositions horizontal_to_sky(const Observer& observer, std::span<const double> mjd_utc,
                               std::span<const double> azimuth_deg, std::span<const double> elevation_deg,
                               SkyFrame frame);

SkyPosition icrs_to_galactic(SkyPosition position);
SkyPosition galactic_to_icrs(SkyPosition position);

/// Apparent elevation of the Sun [deg].
double sun_elevation_deg(const Observer& observer, double mjd_utc);

/// MJD (UTC) of `%Y-%m-%d-%H:%M:%S`. Throws ObservationError.
double parse_utc_start(const std::string& text);
std::string format_utc_start(double mjd_utc);

/// Pointing corrections, 7 parameters of one feed, radians (mapmaking.md).
struct PointingModel {
  double ia = 0, ie = 0, npae = 0, aw = 0, an = 0, ca = 0, phi = 0;
};
/// One line of 7 numbers for each feed, first line feed 1. Throws ConfigError with file and line.
std::vector<PointingModel> read_pointing_models(const std::string& file);
/// Subtracts the model from azimuth and elevation.
Horizontal corrected(const PointingModel& model, Horizontal direction);

}  // namespace comap
