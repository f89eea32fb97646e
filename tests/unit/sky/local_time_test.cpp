#include "sky/local_time.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "sky/coordinates.hpp"

namespace comap {
namespace {

// Expected: zoneinfo of Python with the IANA time zone America/Los_Angeles.
TEST(LocalTime, IsThatOfTheTimeZoneDatabase) {
  const std::pair<const char*, const char*> times[] = {
      {"2018-05-03-12:00:00", "2018-05-03-05:00:00 PDT"}, {"2019-01-01-07:59:59", "2018-12-31-23:59:59 PST"},
      {"2020-03-08-09:59:59", "2020-03-08-01:59:59 PST"}, {"2020-03-08-10:00:00", "2020-03-08-03:00:00 PDT"},
      {"2020-11-01-08:59:59", "2020-11-01-01:59:59 PDT"}, {"2020-11-01-09:00:00", "2020-11-01-01:00:00 PST"},
      {"2021-03-14-09:59:59", "2021-03-14-01:59:59 PST"}, {"2021-03-14-10:00:00", "2021-03-14-03:00:00 PDT"},
      {"2022-09-20-00:05:41", "2022-09-19-17:05:41 PDT"}, {"2022-11-06-08:30:00", "2022-11-06-01:30:00 PDT"},
      {"2022-11-06-09:30:00", "2022-11-06-01:30:00 PST"}, {"2024-02-29-07:30:00", "2024-02-28-23:30:00 PST"},
      {"2028-11-05-08:59:59", "2028-11-05-01:59:59 PDT"}, {"2028-11-05-09:00:00", "2028-11-05-01:00:00 PST"},
  };
  for (const auto& [utc, local] : times) EXPECT_EQ(observatory_local_time(parse_utc_start(utc)), local) << utc;
}

TEST(LocalTime, OfNoDateIsAnError) { EXPECT_THROW(observatory_local_time(std::nan("")), ObservationError); }

}  // namespace
}  // namespace comap
