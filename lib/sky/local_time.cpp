#include "sky/local_time.hpp"

#include <chrono>
#include <cmath>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "sky/coordinates.hpp"

namespace comap {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr sys_days kMjdZero = std::chrono::November / 17 / 1858;
constexpr auto kStandardOffset = -8h;
constexpr auto kDaylightOffset = -7h;
constexpr auto kChange = 2h;  // on the clock that is about to change

bool is_daylight_saving(sys_seconds utc) {
  using namespace std::chrono;
  const year_month_day date{floor<days>(utc + kStandardOffset)};
  const sys_seconds begin = sys_days{date.year() / March / Sunday[2]} + kChange - kStandardOffset;
  const sys_seconds end = sys_days{date.year() / November / Sunday[1]} + kChange - kDaylightOffset;
  return begin <= utc && utc < end;
}

}  // namespace

std::string observatory_local_time(double mjd_utc) {
  if (!std::isfinite(mjd_utc)) throw ObservationError("a time that is not known has no local time");
  const sys_seconds utc = kMjdZero + std::chrono::seconds(std::llround(mjd_utc * kSecondsPerDay));
  const bool daylight = is_daylight_saving(utc);
  const std::chrono::duration<double> offset = daylight ? kDaylightOffset : kStandardOffset;
  return format_utc_start(mjd_utc + offset.count() / kSecondsPerDay) + (daylight ? " PDT" : " PST");
}

}  // namespace comap
