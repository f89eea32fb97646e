#include "sky/earth_orientation.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <sstream>
#include <string_view>

#include "core/error.hpp"
#include "core/log.hpp"

namespace comap {
namespace {

struct DatedOrientation {
  double mjd;
  double pole_x_arcsec;
  double pole_y_arcsec;
  double ut1_utc_s;
  OrientationKind kind = OrientationKind::measured;
};

constexpr DatedOrientation kBuiltIn[] = {
#include "sky/built_in_eop.inc"
};

constexpr const char* kBuiltInSource = "built-in: IERS C04, Bulletin A of 2026-09-21";

using OrientationByDate = std::map<double, OrientationDay>;

constexpr double kFirstPlausibleMjd = 30000.0;  // tells an MJD from an hour of the day in C04 files
constexpr double kLastPlausibleMjd = 100000.0;

std::optional<double> number(std::string_view text) {
  const auto first = text.find_first_not_of(" \t+");
  if (first == std::string_view::npos) return {};
  const auto last = text.find_last_not_of(" \t\r");
  double value = 0.0;
  const char* end = text.data() + last + 1;
  const auto [stop, error] = std::from_chars(text.data() + first, end, value);
  if (error != std::errc{} || stop != end) return {};
  return value;
}

std::optional<double> column(std::string_view line, std::size_t first, std::size_t width) {
  return line.size() > first ? number(line.substr(first, width)) : std::nullopt;
}

/// finals2000A: fixed columns, the values of Bulletin B where they are given, else those of Bulletin A.
std::optional<DatedOrientation> parse_finals_line(std::string_view line) {
  const auto mjd = column(line, 7, 8);
  if (!mjd || *mjd < kFirstPlausibleMjd || *mjd > kLastPlausibleMjd) return {};
  const auto final_x = column(line, 134, 10), final_y = column(line, 144, 10), final_ut1 = column(line, 154, 11);
  if (final_x && final_y && final_ut1) return DatedOrientation{*mjd, *final_x, *final_y, *final_ut1};
  const auto rapid_x = column(line, 18, 9), rapid_y = column(line, 37, 9), rapid_ut1 = column(line, 58, 10);
  if (!rapid_x || !rapid_y || !rapid_ut1) return {};
  constexpr std::size_t kPoleFlag = 16, kUt1Flag = 57;  // columns of I (measured) or P (predicted)
  const bool predicted = line[kPoleFlag] == 'P' || line[kUt1Flag] == 'P';
  return DatedOrientation{*mjd, *rapid_x, *rapid_y, *rapid_ut1,
                          predicted ? OrientationKind::predicted : OrientationKind::rapid};
}

/// C04: year, month, day, (hour,) MJD, x, y, UT1-UTC, ...; or the four columns of the built-in table, with commas.
std::optional<DatedOrientation> parse_c04_line(std::string line) {
  std::replace(line.begin(), line.end(), ',', ' ');
  std::istringstream stream(line);
  std::vector<double> numbers;
  for (std::string word; stream >> word;) {
    const auto value = number(word);
    if (!value) return {};
    numbers.push_back(*value);
  }
  for (const std::size_t mjd : {0U, 3U, 4U}) {
    if (numbers.size() < mjd + 4) return {};
    if (numbers[mjd] >= kFirstPlausibleMjd && numbers[mjd] <= kLastPlausibleMjd) {
      return DatedOrientation{numbers[mjd], numbers[mjd + 1], numbers[mjd + 2], numbers[mjd + 3]};
    }
  }
  return {};
}

bool plausible(const DatedOrientation& row) {
  constexpr double kMaxPole_arcsec = 2.0, kMaxUt1Utc_s = 1.0;
  return std::abs(row.pole_x_arcsec) < kMaxPole_arcsec && std::abs(row.pole_y_arcsec) < kMaxPole_arcsec &&
         std::abs(row.ut1_utc_s) < kMaxUt1Utc_s;
}

OrientationDay day_of(const DatedOrientation& row) {
  return {{row.pole_x_arcsec, row.pole_y_arcsec, row.ut1_utc_s}, row.kind};
}

void merge_file(const std::string& file, OrientationByDate& table) {
  std::ifstream stream(file);
  if (!stream) throw IoError("cannot read the Earth orientation file " + file + "; check mapmake.eop_file");
  int line_number = 0, n_rows = 0;
  for (std::string line; std::getline(stream, line);) {
    ++line_number;
    const auto c04 = parse_c04_line(line);
    const auto row = c04 ? c04 : parse_finals_line(line);
    if (!row) continue;
    if (!plausible(*row)) {
      throw ConfigError(fmt::format("{} line {}: no Earth orientation (pole < 2 arcsec, |UT1-UTC| < 1 s): '{}'", file,
                                    line_number, line));
    }
    ++n_rows;
    const auto known = table.find(row->mjd);
    if (known == table.end() || row->kind <= known->second.kind) table[row->mjd] = day_of(*row);
  }
  if (n_rows == 0) {
    throw ConfigError(fmt::format("{}: none of {} lines is one of finals2000A or C04 of the IERS", file, line_number));
  }
}

OrientationByDate built_in_rows() {
  OrientationByDate table;
  for (const auto& row : kBuiltIn) table.emplace_hint(table.end(), row.mjd, day_of(row));
  return table;
}

void warn_beyond_table(double mjd_utc, double first_mjd, double last_mjd) {
  static std::atomic_flag warned;
  if (warned.test_and_set()) return;
  log_warning(
      "no Earth orientation for MJD {:.1f}: the table covers {:.0f} to {:.0f} and its nearest value is used; positions "
      "may be off by arc seconds; give a finals2000A file as mapmake.eop_file",
      mjd_utc, first_mjd, last_mjd);
}

}  // namespace

std::string_view to_text(OrientationKind kind) {
  switch (kind) {
    case OrientationKind::measured:
      return "measured";
    case OrientationKind::rapid:
      return "measured (rapid)";
    case OrientationKind::predicted:
      return "predicted";
    case OrientationKind::beyond:
      return "beyond the table";
  }
  return "unknown";
}

EarthOrientationTable::EarthOrientationTable(const std::map<double, OrientationDay>& days, std::string source)
    : source_(std::move(source)) {
  mjd_.reserve(days.size());
  days_.reserve(days.size());
  for (const auto& [mjd, day] : days) {
    mjd_.push_back(mjd);
    days_.push_back(day);
  }
}

EarthOrientationTable EarthOrientationTable::built_in() {
  return EarthOrientationTable(built_in_rows(), kBuiltInSource);
}

EarthOrientationTable EarthOrientationTable::with_file(const std::string& file) {
  auto rows = built_in_rows();
  merge_file(file, rows);
  return EarthOrientationTable(rows,
                               fmt::format("{}; {}", std::filesystem::path(file).filename().string(), kBuiltInSource));
}

EarthOrientation EarthOrientationTable::at(double mjd_utc) const {
  if (mjd_utc < mjd_.front() || mjd_utc > mjd_.back()) warn_beyond_table(mjd_utc, mjd_.front(), mjd_.back());
  if (mjd_utc <= mjd_.front()) return days_.front().values;
  if (!(mjd_utc < mjd_.back())) return days_.back().values;

  const std::size_t next = std::ranges::upper_bound(mjd_, mjd_utc) - mjd_.begin();
  const EarthOrientation& a = days_[next - 1].values;
  const EarthOrientation& b = days_[next].values;
  const double fraction = (mjd_utc - mjd_[next - 1]) / (mjd_[next] - mjd_[next - 1]);
  // A leap second between the two days happens at the end: before it UT1-UTC goes on as it was.
  const double leap_s = std::round(b.ut1_utc_s - a.ut1_utc_s);
  return {std::lerp(a.pole_x_arcsec, b.pole_x_arcsec, fraction), std::lerp(a.pole_y_arcsec, b.pole_y_arcsec, fraction),
          std::lerp(a.ut1_utc_s, b.ut1_utc_s - leap_s, fraction)};
}

OrientationKind EarthOrientationTable::worst_kind(double first_mjd_utc, double last_mjd_utc) const {
  if (first_mjd_utc < mjd_.front() || last_mjd_utc > mjd_.back()) return OrientationKind::beyond;
  const auto day_at_or_before = std::ranges::upper_bound(mjd_, first_mjd_utc) - mjd_.begin() - 1;
  const auto day_after = std::ranges::lower_bound(mjd_, last_mjd_utc) - mjd_.begin();
  const auto days = std::span(days_).subspan(day_at_or_before, day_after - day_at_or_before + 1);
  return std::ranges::max_element(days, {}, &OrientationDay::kind)->kind;
}

Observer map_observer(const MapmakeConfig& config) {
  return {
      config.site, config.refraction,
      config.eop_file.empty() ? EarthOrientationTable::built_in() : EarthOrientationTable::with_file(config.eop_file)};
}

}  // namespace comap
