#pragma once
/// \file
/// The positions that a file states against those that its az, el and MJD give.

#include <cstddef>
#include <span>
#include <vector>

#include "io/level1/stated_positions.hpp"
#include "sky/coordinates.hpp"

namespace comap {

/// How the stated positions may be meant.
struct PositionMeaning {
  double degrees_per_unit_ra = 1.0;
  double degrees_per_unit_dec = 1.0;
  bool is_of_date = false;
  const char* text = "";
};
inline constexpr PositionMeaning kIcrsDegrees = {};

/// The places of science feeds at the samples that were read, as far as there are both kinds.
class PositionComparison {
 public:
  PositionComparison(const Level1Metadata& level1, const StatedPositions& stated, const Observer& observer);

  const std::vector<int>& feeds() const { return feeds_; }

  /// Angle [arcsec] below which three quarters of the samples are, of each the median over feeds, when MJD were
  /// `late_s` smaller: a drop-out does not decide, a clock that is off half of the time does. NaN when fewer than four
  /// samples can be compared.
  double error_arcsec(const PositionMeaning& meaning, double late_s) const;

  /// Angle [arcsec] at each sample of each of feeds(); NaN where there is nothing to compare. [feed][time]
  std::vector<double> separations_arcsec(const PositionMeaning& meaning, double late_s) const;

  /// By how many seconds MJD would have to be late to turn the sky as it is stated.
  double late_s() const;

 private:
  void add_feed(const Level1Metadata& level1, const StatedPositions& stated, std::size_t row, int feed);
  std::vector<SkyPosition> computed(double late_s) const;
  SkyPosition meant(const PositionMeaning& meaning, std::size_t i, double late_s) const;

  const Observer& observer_;
  std::size_t n_times_;
  std::vector<int> feeds_;
  std::vector<double> mjd_, azimuth_deg_, elevation_deg_;  ///< [feed][time]
  std::vector<double> ra_, dec_;                           ///< as stored; ra NaN where there is nothing to compare
};

}  // namespace comap
