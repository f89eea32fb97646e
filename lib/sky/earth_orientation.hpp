#pragma once
/// \file
/// Polar motion and UT1 - UTC by date.

#include <map>
#include <string>
#include <vector>

namespace comap {

struct EarthOrientation {
  double pole_x_arcsec = 0.0;
  double pole_y_arcsec = 0.0;
  double ut1_utc_s = 0.0;
};

/// Daily values (0h UTC), linearly interpolated with UT1-UTC unwrapped over leap seconds.
class EarthOrientationTable {
 public:
  /// The table built in: IERS EOP 14 C04, 2017 to 2022-11; with `file` (finals2000A or C04) merged in and preferred.
  /// Throws IoError or ConfigError naming file and line.
  static EarthOrientationTable built_in();
  static EarthOrientationTable with_file(const std::string& file);

  /// Beyond the table the nearest value, with one warning per run in the log.
  EarthOrientation at(double mjd_utc) const;
  double first_mjd() const { return mjd_.front(); }
  double last_mjd() const { return mjd_.back(); }

 private:
  explicit EarthOrientationTable(const std::map<double, EarthOrientation>& rows);

  std::vector<double> mjd_;  ///< days of the values, ascending
  std::vector<EarthOrientation> values_;
};

}  // namespace comap
