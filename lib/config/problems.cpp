#include "config/problems.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/error.hpp"

namespace comap {

Place KeyPlaces::find(const std::string& key) const {
  const auto found = places_.find(key);
  return found == places_.end() ? Place{file_name_, 0} : found->second;
}

void Problems::add(const Place& place, std::string_view key, std::string_view text) {
  std::string line = place.line > 0 ? fmt::format("{}:{}: ", place.source, place.line) : place.source + ": ";
  if (!key.empty()) line += fmt::format("{}: ", key);
  entries_.push_back({place, line.append(text)});
}

void Problems::throw_if_any(const std::string& file_name) const {
  if (entries_.empty()) return;
  std::vector<Entry> sorted = entries_;
  std::stable_sort(sorted.begin(), sorted.end(), [&](const Entry& left, const Entry& right) {
    const bool left_elsewhere = left.place.source != file_name;
    const bool right_elsewhere = right.place.source != file_name;
    if (left_elsewhere != right_elsewhere) return right_elsewhere;
    return left.place.line < right.place.line;
  });
  std::string text = sorted.size() == 1 ? "1 error in the configuration"
                                        : fmt::format("{} errors in the configuration", sorted.size());
  for (const Entry& entry : sorted) text += "\n  " + entry.text;
  throw ConfigError(text);
}

}  // namespace comap
