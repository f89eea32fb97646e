#include <algorithm>
#include <array>
#include <string>

#include "core/text.hpp"
#include "data/observation.hpp"

namespace comap {

namespace {

constexpr std::array kCalibrators = {"taua", "casa", "cyga", "jupiter", "saturn", "venus", "mars"};

}  // namespace

std::string source_name_of(std::string_view source_attribute) {
  return std::string(trimmed(source_attribute.substr(0, source_attribute.find(','))));
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
