#pragma once
/// \file
/// The atmosphere of one scan: d = offset + tau / sin(elevation) for every channel.

#include <span>
#include <vector>

namespace comap {

/// In the unit of the data that were fitted; NaN with fewer than two different finite samples.
struct AtmosphereLine {
  double offset = 0.0;
  double tau = 0.0;
};

/// Airmass 1/sin(el) along one scan. Elevations are finite.
class ScanAirmass {
 public:
  explicit ScanAirmass(std::span<const double> elevation_deg);

  double elevation_range_deg() const { return elevation_range_deg_; }
  /// Airmass minus its mean. [sample]
  std::span<const double> centred() const { return centred_; }
  double mean() const { return mean_; }
  /// Least squares over the finite values of `row` [sample].
  AtmosphereLine fit(std::span<const float> row) const;

 private:
  double elevation_range_deg_ = 0.0;
  double mean_ = 0.0;
  std::vector<double> centred_;
};

}  // namespace comap
