#include "config/availability.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "config/closest_name.hpp"

namespace comap {
namespace {

using Names = std::vector<std::string>;

const Names& run_commands() {
  static const Names names = {"acquire",   "simulate", "catalogue", "level2",
                              "calibrate", "mapmake",  "linemap",   "report"};
  return names;
}

std::string first_word(const std::string& text) {
  const auto start = text.find_first_not_of(" \t");
  if (start == std::string::npos) return "";
  return text.substr(start, text.find_first_of(" \t", start) - start);
}

void check_names(const std::string& key, const Names& given, const Names& known, std::string_view what,
                 const KeyPlaces& places, Problems& problems) {
  for (const std::string& entry : given) {
    const std::string name = first_word(entry);
    if (std::ranges::find(known, name) != known.end()) continue;
    problems.add(places.find(key), key,
                 fmt::format("there is no {} \"{}\"; did you mean \"{}\"?", what, name, closest_name(name, known)));
  }
}

}  // namespace

void check_availability(const Config& config, const std::vector<std::string>& known_stages, const KeyPlaces& places,
                        Problems& problems) {
  if (!known_stages.empty()) {
    check_names("level2.pipeline", config.level2.pipeline, known_stages, "stage", places, problems);
  }
  check_names("run.pipeline", config.run.pipeline, run_commands(), "command", places, problems);
}

}  // namespace comap
