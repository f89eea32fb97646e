#pragma once
/// \file
/// How the telescope went over the sky during scans: in which direction, and over how wide a strip; and where it
/// pointed on the mean.

#include <span>

namespace comap {

/// Sums over the samples of a map, for the means in its header.
struct PointingSums {
  double n = 0.0, sin_azimuth = 0.0, cos_azimuth = 0.0, elevation_deg = 0.0, mjd = 0.0;
};

void add(PointingSums& to, const PointingSums& from);

/// Arrays [sample], UTC days and degrees.
PointingSums sums_of(std::span<const double> mjd, std::span<const double> azimuth_deg,
                     std::span<const double> elevation_deg);

/// Sums over steps from sample to sample on the sky, d = length and a = direction of a step. Plain sums: those of
/// several scans add up.
struct ScanTrack {
  double square_deg2 = 0.0;  ///< sum d^2
  double cosine_deg2 = 0.0;  ///< sum d^2 cos 2a: a direction and its reverse are the same
  double sine_deg2 = 0.0;    ///< sum d^2 sin 2a
  double n_samples = 0.0;
  double width_sum_deg = 0.0;  ///< over samples, of the strip's width

  void add(const ScanTrack& other);

  /// Angle under which the tracks cross, from 0, where all go the same way, to 90 degrees: that of two equal sets of
  /// steps with these sums. NaN without steps.
  double crossing_deg() const;
  /// Mean width of the strip that a scan covers across its direction: sqrt(12) times the standard deviation, which is
  /// the width where coverage is even. NaN without samples.
  double width_deg() const;
};

/// The track of one scan; positions of samples in order, in one frame. Samples that are not finite are passed over.
ScanTrack scan_track(std::span<const double> longitude_deg, std::span<const double> latitude_deg);

}  // namespace comap
