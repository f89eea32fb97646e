#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "data/observation.hpp"

namespace comap {

namespace {

constexpr std::array kCalibrators = {"taua", "casa", "cyga", "jupiter", "saturn", "venus", "mars"};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return result;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

std::string source_name_of(std::string_view source_attribute) {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  const std::string_view name = source_attribute.substr(0, source_attribute.find(','));
  const auto first = name.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return "";
  return std::string(name.substr(first, name.find_last_not_of(kBlanks) - first + 1));
}

std::string source_group_of(std::string_view source, std::string_view comment) {
  const std::string name = lower(source_name_of(source));
  if (contains(lower(comment), "sky nod")) return "SkyDip";
  if (contains(name, "co")) return "CO";
  if (contains(name, "field")) return "Galactic";
  if (std::any_of(kCalibrators.begin(), kCalibrators.end(), [&](const char* one) { return contains(name, one); })) {
    return "Calibrator";
  }
  if (contains(name, "fg")) return "Foreground";
  return "Other";
}

}  // namespace comap
