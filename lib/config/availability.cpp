#include "config/availability.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <functional>

#include "config/binder.hpp"
#include "config/closest_name.hpp"

namespace comap {
namespace {

struct Restriction {
  std::string key;
  std::string value;    ///< the value that is refused, for the message
  std::string instead;  ///< what to set
  std::function<bool(const Config&)> is_set;
};

/// Who builds a feature deletes its line, here or in the two lists below.
const std::vector<Restriction>& restrictions() {
  static const std::vector<Restriction> table = {
      {"mapmake.format", "another format than FITS", "\"fits\"",
       [](const Config& c) { return c.mapmake.format != "fits"; }},
      {"mapmake.wcs", "\"healpix\"", "\"dynamic\"", [](const Config& c) { return c.mapmake.wcs == "healpix"; }},
      {"mapmake.noise_prior", "a prior from the residual", "true",
       [](const Config& c) { return c.mapmake.noise_prior == "residual"; }},
      {"mapmake.n_destriper_iterations", "more than one iteration", "1",
       [](const Config& c) { return c.mapmake.n_destriper_iterations > 1; }},
      {"mapmake.prior_mixing_alpha", "mixing with a prior map", "0.0",
       [](const Config& c) { return c.mapmake.prior_mixing_alpha > 0.0; }},
      {"mapmake.detrend", "\"polynomial\"", "\"none\"",
       [](const Config& c) { return c.mapmake.detrend == "polynomial"; }},
      {"mapmake.glitch_second_pass", "the second pass", "false",
       [](const Config& c) { return c.mapmake.glitch_second_pass; }},
      {"mapmake.split", "a split", "\"none\"", [](const Config& c) { return c.mapmake.split != "none"; }},
      {"mapmake.memory_GB", "a bound of memory", "0", [](const Config& c) { return c.mapmake.memory_GB > 0.0; }},
  };
  return table;
}

struct Names {
  std::vector<std::string> available;
  std::vector<std::string> later;
};

const Names& stages() {
  static const Names names = {{"check_level1", "create_level2", "system_temperature", "find_scans",
                               "noise_stats_level1", "atmosphere", "atmosphere_vane", "gain_filter",
                               "post_bin_cleaning", "noise_stats_level2", "calibrator_fit", "finalize_metadata"},
                              {}};
  return names;
}

const Names& run_commands() {
  static const Names names = {{"simulate", "catalogue", "level2", "calibrate", "mapmake", "report"},
                              {"linemap", "acquire"}};
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Empty when the name is one of a thing that this version has.
std::string name_problem(const std::string& name, const Names& names, std::string_view what) {
  if (contains(names.available, name)) return "";
  const std::string available = list_names(names.available);
  if (contains(names.later, name)) {
    return fmt::format("the {} \"{}\" is not available in this version; available: {}", what, name, available);
  }
  std::vector<std::string> known = names.available;
  known.insert(known.end(), names.later.begin(), names.later.end());
  return fmt::format("there is no {} \"{}\"; did you mean \"{}\"?", what, name, closest_name(name, known));
}

std::string first_word(const std::string& text) {
  const auto start = text.find_first_not_of(" \t");
  if (start == std::string::npos) return "";
  return text.substr(start, text.find_first_of(" \t", start) - start);
}

void check_names(const std::string& key, const std::vector<std::string>& given, const Names& names,
                 std::string_view what, const KeyPlaces& places, Problems& problems) {
  for (const std::string& entry : given) {
    const std::string problem = name_problem(first_word(entry), names, what);
    if (!problem.empty()) problems.add(places.find(key), key, problem);
  }
}

}  // namespace

void check_availability(const Config& config, const KeyPlaces& places, Problems& problems) {
  for (const Restriction& restriction : restrictions()) {
    if (!restriction.is_set(config)) continue;
    problems.add(
        places.find(restriction.key), restriction.key,
        fmt::format("{} is not available in this version; set it to {}", restriction.value, restriction.instead));
  }
  check_names("level2.pipeline", config.level2.pipeline, stages(), "stage", places, problems);
  check_names("run.pipeline", config.run.pipeline, run_commands(), "command", places, problems);
}

}  // namespace comap
