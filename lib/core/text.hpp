#pragma once
/// \file
/// Small helpers for text.

#include <cstdint>
#include <string>
#include <string_view>

namespace comap {

inline constexpr std::string_view kBlanks = " \t\r\n\f\v";

/// A view into `text`, without the blanks at both ends.
inline std::string_view trimmed(std::string_view text, std::string_view blanks = kBlanks) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// ASCII letters in lower case, whatever the locale.
constexpr char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}
inline std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) letter = lower(letter);
  return result;
}

/// "1 scan", "2 scans"; `plural` where it is not one letter more.
inline std::string counted(std::int64_t n, const std::string& singular, const std::string& plural = "") {
  return std::to_string(n) + " " + (n == 1 ? singular : plural.empty() ? singular + "s" : plural);
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace comap
