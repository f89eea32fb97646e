#pragma once
/// \file
/// The clock on the wall of the observatory.

#include <string>

namespace comap {

/// Civil time at the Owens Valley Radio Observatory (America/Los_Angeles) of a UTC time, to the second:
/// `2022-09-19-17:05:41 PDT`. Standard time (PST) is UTC - 8 h. Daylight saving time (PDT, UTC - 7 h) by the rule of
/// the United States since 2007 (Energy Policy Act of 2005, section 110), years before it too: from 2:00 standard time
/// on the second Sunday of March to 2:00 daylight time on the first Sunday of November.
/// Throws ObservationError for a time that is no date.
std::string observatory_local_time(double mjd_utc);

}  // namespace comap
