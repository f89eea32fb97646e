#include <erfa.h>
#include <erfam.h>

#include <cstdio>

#include "core/error.hpp"
#include "core/log.hpp"
#include "sky/coordinates.hpp"

namespace comap {

double parse_utc_start(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, n_read = 0;
  double second = 0.0;
  const int n_fields =
      std::sscanf(text.c_str(), "%4d-%2d-%2d-%2d:%2d:%lf%n", &year, &month, &day, &hour, &minute, &second, &n_read);
  double day_number = 0.0, fraction = 0.0;
  // eraDtf2d returns positive numbers for dates it only doubts.
  if (n_fields != 6 || static_cast<std::size_t>(n_read) != text.size() ||
      eraDtf2d("UTC", year, month, day, hour, minute, second, &day_number, &fraction) < 0) {
    throw ObservationError("'" + text + "' is no UTC time like 2022-09-20-00:05:41 (attribute utc_start)");
  }
  return day_number - ERFA_DJM0 + fraction;
}

std::string format_utc_start(double mjd_utc) {
  int year = 0, month = 0, day = 0, clock[4] = {};
  if (eraD2dtf("UTC", 0, ERFA_DJM0, mjd_utc, &year, &month, &day, clock) < 0) {
    throw ObservationError(fmt::format("MJD {} is no date", mjd_utc));
  }
  return fmt::format("{:04}-{:02}-{:02}-{:02}:{:02}:{:02}", year, month, day, clock[0], clock[1], clock[2]);
}

}  // namespace comap
