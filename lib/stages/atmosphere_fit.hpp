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

/// Airmass A = 1/sin(el) along one scan. Samples without a finite elevation take part in nothing.
class ScanAirmass {
 public:
  explicit ScanAirmass(std::span<const double> elevation_deg);

  /// Largest minus smallest finite elevation.
  double elevation_range_deg() const { return elevation_range_deg_; }
  /// Airmass minus its mean; NaN where the elevation is missing. [sample]
  std::span<const double> centred() const { return centred_; }
  double mean() const { return mean_; }

  /// Least squares of `row` [sample] on offset + tau A over the samples where both are finite. The order of summation
  /// depends on the length only. One pass; a second one for rows with NaN.
  AtmosphereLine fit(std::span<const float> row) const;

 private:
  /// Sums over samples: everything the fit needs.
  struct Sums {
    double n = 0.0;
    double airmass = 0.0;
    double airmass2 = 0.0;
    double value = 0.0;
    double value_airmass = 0.0;
  };
  Sums sums_of_complete(std::span<const float> row) const;
  Sums sums_of_finite(std::span<const float> row) const;

  double elevation_range_deg_ = 0.0;
  double mean_ = 0.0;
  std::vector<double> centred_;
  Sums complete_;  ///< of the airmass alone, over all samples
};

}  // namespace comap
