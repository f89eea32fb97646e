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

/// Sums over samples: everything a fit needs. The airmass counts from a centre.
struct AtmosphereSums {
  double n = 0.0;
  double airmass = 0.0;
  double airmass2 = 0.0;
  double value = 0.0;
  double value_airmass = 0.0;

  /// Adds the sums of other samples, whose values are in units of 1 / `scale`.
  void add(const AtmosphereSums& other, double scale);
  /// NaN without two different airmasses.
  AtmosphereLine line(double centre) const;
};

/// Airmass A = 1/sin(el) along one scan. Samples without a finite elevation take part in nothing.
class ScanAirmass {
 public:
  explicit ScanAirmass(std::span<const double> elevation_deg);
  /// With the airmass counted from `centre` instead of the scan's mean, so that sums of several scans can be added.
  ScanAirmass(std::span<const double> elevation_deg, double centre);

  /// Largest minus smallest finite elevation.
  double elevation_range_deg() const { return elevation_range_deg_; }
  /// Airmass minus mean(); NaN where the elevation is missing. [sample]
  std::span<const double> centred() const { return centred_; }
  /// Mean airmass, or the centre that was given.
  double mean() const { return mean_; }

  /// Least squares of `row` [sample] on offset + tau A over the samples where both are finite. The order of summation
  /// depends on the length only. One pass; a second one for rows with NaN.
  AtmosphereLine fit(std::span<const float> row) const { return sums(row).line(mean_); }
  AtmosphereSums sums(std::span<const float> row) const;

 private:
  void centre_on(double centre);
  AtmosphereSums sums_of_complete(std::span<const float> row) const;
  AtmosphereSums sums_of_finite(std::span<const float> row) const;

  double elevation_range_deg_ = 0.0;
  double mean_ = 0.0;
  std::vector<double> centred_;
  AtmosphereSums complete_;  ///< of the airmass alone, over all samples
};

}  // namespace comap
