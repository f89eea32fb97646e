#include "config/binder.hpp"

#include <fmt/format.h>

namespace comap {

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
