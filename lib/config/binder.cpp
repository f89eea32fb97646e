#include "config/binder.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>

namespace comap {

void Binder::path(std::string_view key, std::string& value, std::string_view comment) {
  text(key, value, comment);
  if (const auto whole = without_tilde(value)) {
    value = *whole;
  } else {
    reject(key, fmt::format("write the directory of the user out: \"{}\"", value));
  }
}

void Binder::path_list(std::string_view key, std::vector<std::string>& value, std::string_view comment) {
  text_list(key, value, comment);
  for (std::string& entry : value) {
    if (const auto whole = without_tilde(entry)) {
      entry = *whole;
    } else {
      reject(key, fmt::format("write the directory of the user out: \"{}\"", entry));
    }
  }
}

void Binder::choice_list(std::string_view key, std::vector<std::string>& value, const std::vector<std::string>& allowed,
                         std::string_view comment) {
  text_list(key, value, fmt::format("{}; out of: {}", comment, list_names(allowed)));
  for (const std::string& entry : value) {
    if (std::find(allowed.begin(), allowed.end(), entry) == allowed.end()) {
      reject(key, fmt::format("expected a list out of {}; found \"{}\"", list_names(allowed), entry));
    }
  }
}

void Binder::number_array(std::string_view key, std::vector<double>& value, Limits limits, std::string_view comment) {
  const std::vector<double> before = value;
  std::vector<std::vector<double>> rows = {value};
  number_rows(key, rows, 0, comment);
  const auto inside = [&](double number) { return number >= limits.min && number <= limits.max; };
  if (rows.size() == 1 && rows[0].size() == before.size() && std::all_of(rows[0].begin(), rows[0].end(), inside)) {
    value = rows[0];
    return;
  }
  const std::string range = describe_limits(limits);
  reject(key, fmt::format("expected a list of {} numbers{}{}", before.size(), range.empty() ? "" : " ", range));
}

std::optional<std::string> without_tilde(const std::string& path) {
  if (!path.starts_with('~')) return path;
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0' || (path.size() > 1 && path[1] != '/')) return std::nullopt;
  return home + path.substr(1);
}

std::string describe_limits(const Limits& limits) {
  const bool bounded_above = limits.max < std::numeric_limits<double>::infinity();
  const bool bounded_below = limits.min > -std::numeric_limits<double>::infinity();
  std::string low = limits.min == kAboveZero ? "above 0" : fmt::format("at least {}", limits.min);
  if (bounded_above && limits.min == kAboveZero) return fmt::format("above 0, at most {}", limits.max);
  if (bounded_above && bounded_below) return fmt::format("from {} to {}", limits.min, limits.max);
  if (bounded_below) return low;
  if (bounded_above) return fmt::format("at most {}", limits.max);
  return "";
}

std::string list_names(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

}  // namespace comap
