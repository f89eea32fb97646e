#include "io/level1/level1_identity.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <filesystem>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "sky/coordinates.hpp"

namespace comap {
namespace {

constexpr double kMostStartDifference_s = 60.0;  ///< between utc_start and the first sample
constexpr std::size_t kMostQuoted_bytes = 80;    ///< of an attribute in a message

using Attributes = std::map<std::string, h5::AttributeValue>;

std::string quoted(const h5::AttributeValue& value) {
  return fmt::format("'{}'", printable(h5::to_text(value), kMostQuoted_bytes));
}

bool is_blank(const h5::AttributeValue& value) {
  return h5::to_text(value).find_first_not_of(" \t\r\n\f\v") == std::string::npos;
}

Trouble obsid_trouble(const std::string& what, std::int64_t named) {
  return {TroubleKind::obsid, kLevel1Stage, "comap, attribute obsid", what,
          fmt::format("the number of the file's name, {}, is used", named)};
}

std::string says_name(std::int64_t named) {
  return named > 0 ? fmt::format("the file name says {}", named) : "the file name has no obsid either";
}

/// MJD of a date that ERFA knows; NaN for another text.
double mjd_of(const std::string& text) {
  try {
    return parse_utc_start(text);
  } catch (const ObservationError&) {
    return kNan;
  }
}

std::string date_of(double mjd_utc) {
  try {
    return std::isfinite(mjd_utc) ? format_utc_start(mjd_utc) : "";
  } catch (const ObservationError&) {
    return "";
  }
}

Trouble start_trouble(const std::string& what, const std::string& done) {
  return {TroubleKind::start_time, kLevel1Stage, "comap, attribute utc_start", what, done};
}

}  // namespace

std::int64_t obsid_of_file_name(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  const std::size_t first = name.find('-');
  if (first == std::string::npos) return -1;
  const std::size_t second = std::min(name.find_first_of("-.", first + 1), name.size());
  std::int64_t obsid = -1;
  const char* begin = name.data() + first + 1;
  const char* end = name.data() + second;
  const auto [stop, error] = std::from_chars(begin, end, obsid);
  return error == std::errc() && stop == end && begin != end ? obsid : -1;
}

StatedObsid stated_obsid(const std::string& path, const Attributes& attributes) {
  const std::int64_t named = obsid_of_file_name(path);
  const auto found = attributes.find("obsid");
  if (found == attributes.end() || is_blank(found->second)) {
    const std::string what = found == attributes.end() ? "is missing" : "is empty";
    if (named <= 0) return {0, what + ", and the file name has no obsid either", std::nullopt};
    return {named, "", obsid_trouble(what, named)};
  }
  const auto number = h5::to_integer(found->second);
  if (!number || *number < 1) return {0, quoted(found->second) + " is no obsid; " + says_name(named), std::nullopt};
  if (named > 0 && named != *number) {
    return {0, fmt::format("is {}, but the file name says {}", *number, named), std::nullopt};
  }
  return {*number, "", std::nullopt};
}

StatedStart stated_start(const Attributes& attributes, double first_mjd) {
  const auto found = attributes.find("utc_start");
  const double stated_mjd = found == attributes.end() ? kNan : mjd_of(h5::to_text(found->second));
  if (!std::isfinite(stated_mjd)) {
    const std::string date = date_of(first_mjd);
    const std::string what = found == attributes.end() ? "is missing" : quoted(found->second) + " is no UTC time";
    const std::string done = date.empty() ? "no start is known" : "that of the first sample is used, " + date;
    return {date, start_trouble(what, done)};
  }
  const std::string start = format_utc_start(stated_mjd);
  const double late_s = (first_mjd - stated_mjd) * kSecondsPerDay;
  if (!(std::abs(late_s) > kMostStartDifference_s)) return {start, std::nullopt};
  return {start, start_trouble(fmt::format("is {}, but the first sample is from MJD {:.6f}, {:.0f} s {}", start,
                                           first_mjd, std::abs(late_s), late_s > 0.0 ? "later" : "earlier"),
                               "times are those of the samples")};
}

}  // namespace comap
