#pragma once
/// \file
/// Polar motion and UT1 - UTC by date, and an observer on that Earth.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/mapmake_config.hpp"

namespace comap {

struct EarthOrientation {
  double pole_x_arcsec = 0.0;
  double pole_y_arcsec = 0.0;
  double ut1_utc_s = 0.0;
};

/// How well the values of a day are known, best first.
enum class OrientationKind {
  measured,   ///< C04, Bulletin B
  rapid,      ///< measured, of Bulletin A
  predicted,  ///< by Bulletin A
  beyond      ///< outside the table: the value of its nearest day
};
/// "measured", "measured (rapid)", "predicted", "beyond the table"
std::string_view to_text(OrientationKind kind);

/// A day of a table.
struct OrientationDay {
  EarthOrientation values;
  OrientationKind kind = OrientationKind::measured;
};

/// Daily values (0h UTC), linearly interpolated with UT1-UTC unwrapped over leap seconds.
class EarthOrientationTable {
 public:
  /// The table built in: IERS C04, 2017 to 2026-08, then Bulletin A and its predictions for a year. With `file`
  /// (finals2000A or C04): its days are merged in, and preferred unless they are known less well than those built in.
  /// Throws IoError or ConfigError naming file and line.
  static EarthOrientationTable built_in();
  static EarthOrientationTable with_file(const std::string& file);

  /// Beyond the table the nearest value, with one warning per run in the log.
  EarthOrientation at(double mjd_utc) const;
  /// The kind of the day that is known worst among those that `at` uses between two times.
  OrientationKind worst_kind(double first_mjd_utc, double last_mjd_utc) const;
  /// The origin of the table, for headers: "built-in: IERS C04, Bulletin A of 2026-09-21", or with a file's name.
  const std::string& source() const { return source_; }
  double first_mjd() const { return mjd_.front(); }
  double last_mjd() const { return mjd_.back(); }

 private:
  EarthOrientationTable(const std::map<double, OrientationDay>& days, std::string source);

  std::vector<double> mjd_;  ///< days of the values, ascending
  std::vector<OrientationDay> days_;
  std::string source_;
};

/// Observer and Earth orientation: what az/el -> sky needs besides the time.
struct Observer {
  SiteConfig site;
  bool refraction = false;  ///< with pressure_hPa etc. of a standard atmosphere at the site
  EarthOrientationTable orientation = EarthOrientationTable::built_in();
};

/// The observer of map making: [mapmake] site, refraction, eop_file. Throws ConfigError for a bad file.
Observer map_observer(const MapmakeConfig& config);

}  // namespace comap
