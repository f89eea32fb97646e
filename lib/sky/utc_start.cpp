#include <erfa.h>
#include <erfam.h>

#include <array>
#include <cctype>
#include <charconv>
#include <string_view>

#include "core/error.hpp"
#include "core/log.hpp"
#include "core/printable.hpp"
#include "sky/coordinates.hpp"

namespace comap {
namespace {

constexpr std::size_t kMostQuoted_bytes = 40;

/// A date as it is read, from left to right.
class DateText {
 public:
  explicit DateText(std::string_view text) : rest_(text) {}

  /// A whole number of exactly `n_digits` digits.
  bool number(std::size_t n_digits, int& value) {
    const std::string_view digits = rest_.substr(0, n_digits);
    if (digits.size() != n_digits || digits.find_first_not_of("0123456789") != digits.npos) return false;
    std::from_chars(digits.data(), digits.data() + n_digits, value);
    rest_.remove_prefix(n_digits);
    return true;
  }
  bool one_of(std::string_view letters) {
    if (rest_.empty() || letters.find(rest_.front()) == letters.npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// The part after a point; nothing is 0.
  double fraction() {
    double value = 0.0;
    double digit_value = 0.1;
    if (!one_of(".")) return value;
    for (int digit = 0; number(1, digit); digit_value /= 10.0) value += digit_value * digit;
    return value;
  }
  void blanks() {
    while (one_of(" \t\r\n")) {
    }
  }
  /// Whether nothing is left but, perhaps, a sign for UTC.
  bool ends() {
    blanks();
    for (const std::string_view zone : {"Z", "z", "UTC", "+00:00", "+0000", "+00"}) {
      if (rest_.starts_with(zone)) {
        rest_.remove_prefix(zone.size());
        break;
      }
    }
    blanks();
    return rest_.empty();
  }

 private:
  std::string_view rest_;
};

}  // namespace

double parse_utc_start(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, whole_second = 0;
  double fraction_s = 0.0, day_number = 0.0, day_fraction = 0.0;
  DateText date(std::string_view(text).substr(0, text.find('\0')));
  date.blanks();
  const bool is_date = date.number(4, year) && date.one_of("-/") && date.number(2, month) && date.one_of("-/") &&
                       date.number(2, day) && date.one_of("-Tt_ ") && date.number(2, hour) && date.one_of(":") &&
                       date.number(2, minute) && date.one_of(":") && date.number(2, whole_second);
  if (is_date) fraction_s = date.fraction();
  // eraDtf2d returns positive numbers for dates it only doubts.
  if (!is_date || !date.ends() ||
      eraDtf2d("UTC", year, month, day, hour, minute, whole_second + fraction_s, &day_number, &day_fraction) < 0) {
    throw ObservationError("'" + printable(text, kMostQuoted_bytes) +
                           "' is no UTC time like 2022-09-20-00:05:41 (attribute utc_start)");
  }
  return day_number - ERFA_DJM0 + day_fraction;
}

std::string format_utc_start(double mjd_utc) {
  int year = 0, month = 0, day = 0, clock[4] = {};
  if (eraD2dtf("UTC", 0, ERFA_DJM0, mjd_utc, &year, &month, &day, clock) < 0) {
    throw ObservationError(fmt::format("MJD {} is no date", mjd_utc));
  }
  return fmt::format("{:04}-{:02}-{:02}-{:02}:{:02}:{:02}", year, month, day, clock[0], clock[1], clock[2]);
}

}  // namespace comap
