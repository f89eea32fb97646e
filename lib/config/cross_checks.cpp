#include "config/cross_checks.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <utility>

#include "config/closest_name.hpp"
#include "config/mask_credentials.hpp"
#include "config/wcs_definitions.hpp"
#include "core/error.hpp"

namespace comap {
namespace {

/// Without a prior, shorter offsets take noise for signal.
constexpr int kMinOffsetLengthWithoutPrior = 100;
constexpr double kMostPixels = 2147483648.0;  ///< their numbers are stored in 32 bits
constexpr double kBeam_deg = 0.075;

class Checker {
 public:
  Checker(const KeyPlaces& places, Problems& problems) : places_(places), problems_(problems) {}

  void expect(bool good, const std::string& key, std::string_view text) {
    if (!good) problems_.add(places_.find(key), key, text);
  }
  /// Empty paths name no file.
  void expect_file(const std::string& key, const std::string& path) {
    std::error_code ignored;
    if (path.empty() || std::filesystem::is_regular_file(path, ignored)) return;
    problems_.add(places_.find(key), key, fmt::format("there is no file \"{}\"", path));
  }

 private:
  const KeyPlaces& places_;
  Problems& problems_;
};

template <typename T>
bool all_different(const std::vector<T>& values) {
  return std::set<T>(values.begin(), values.end()).size() == values.size();
}

/// Also not one that hides in a listing or breaks a log.
bool is_file_name(const std::string& name) {
  const auto is_odd = [](unsigned char letter) { return letter == '/' || letter < ' ' || letter == '\x7f'; };
  return !name.empty() && name != "." && name != ".." && std::ranges::none_of(name, is_odd);
}

/// Below the directory that it is appended to.
bool is_below(const std::string& path) {
  const std::filesystem::path parts(path);
  return parts.is_relative() && std::ranges::find(parts, "..") == parts.end();
}

using Names = std::vector<std::string>;

/// Commands that [run] may name.
const Names kRunCommands = {"acquire", "simulate", "catalogue", "level2", "calibrate", "mapmake", "linemap", "report"};

std::string first_word(const std::string& text) {
  const auto start = text.find_first_not_of(" \t");
  if (start == std::string::npos) return "";
  return text.substr(start, text.find_first_of(" \t", start) - start);
}

void check_names(const std::string& key, const Names& given, const Names& known, std::string_view what,
                 Checker& checker) {
  for (const std::string& entry : given) {
    const std::string name = first_word(entry);
    checker.expect(std::ranges::find(known, name) != known.end(), key,
                   fmt::format("there is no {} \"{}\"; did you mean \"{}\"?", what, name, closest_name(name, known)));
  }
}

void check_pipelines(const Config& config, StageEntries stages, Checker& checker) {
  Names stage_names;
  for (const StageEntry& stage : stages) stage_names.emplace_back(stage.name);
  check_names("level2.pipeline", config.level2.pipeline, stage_names, "stage", checker);
  check_names("run.pipeline", config.run.pipeline, kRunCommands, "command", checker);
}

/// A path made of an empty directory and a name would lie in the root of the file system.
void check_directories(const Config& config, Checker& checker) {
  const std::array<std::pair<const char*, const std::string*>, 5> directories = {
      {{"log.directory", &config.log.directory},
       {"level2.output_dir", &config.level2.output_dir},
       {"mapmake.output_dir", &config.mapmake.output_dir},
       {"linemap.output_dir", &config.linemap.output_dir},
       {"simulate.output_dir", &config.simulate.output_dir}}};
  for (const auto& [key, directory] : directories) {
    checker.expect(directory->find_first_not_of(" \t\n") != std::string::npos, key,
                   "expected a directory; \".\" is the one in which the program runs");
  }
}

bool is_catalogue_url(const std::string& url) {
  return (url.starts_with("sqlite:") && url.size() > 7) || url.starts_with("postgresql://") ||
         url.starts_with("postgres://");
}

void check_catalogue(const CatalogueConfig& config, Checker& checker) {
  checker.expect(is_catalogue_url(config.url), "catalogue.url",
                 fmt::format("expected sqlite:PATH or postgresql://...; found \"{}\"", mask_credentials(config.url)));
}

void check_select(const SelectConfig& config, Checker& checker) {
  checker.expect(config.max_obsid == 0 || config.min_obsid <= config.max_obsid, "select.max_obsid",
                 fmt::format("expected at least min_obsid = {}; found {}", config.min_obsid, config.max_obsid));
  checker.expect_file("select.obsid_file", config.obsid_file);
}

void check_level2(const Level2Config& config, Checker& checker) {
  const GainFilterConfig& filter = config.gain_filter;
  const double cut = 2.0 * filter.edge_cut_fraction + filter.centre_cut_fraction;
  checker.expect(cut < 1.0, "level2.gain_filter.edge_cut_fraction",
                 fmt::format("no channel is left: 2 edge_cut_fraction + centre_cut_fraction = {}", cut));
  checker.expect(!config.pipeline.empty(), "level2.pipeline", "expected at least one stage");
  checker.expect(all_different(config.pipeline), "level2.pipeline", "a stage stands in the list twice");
  checker.expect(is_below(config.layout), "level2.layout", "expected directories below output_dir, without \"..\"");
  checker.expect_file("level2.noise_stats_level2.planck_map", config.noise_stats_level2.planck_map);
}

/// The fault of a grid as far as the numbers tell; empty when there is none. WCSLIB has the last word.
std::string problem_of_grid(const WcsDefinition& grid) {
  const auto& cdelt = grid.cdelt_deg;
  if (cdelt[0] == 0.0 || cdelt[1] == 0.0) return "CDELT must not be 0";
  if (static_cast<double>(grid.naxis[0]) * static_cast<double>(grid.naxis[1]) >= kMostPixels) {
    return fmt::format("NAXIS {} x {}: a map has fewer than 2^31 pixels", grid.naxis[0], grid.naxis[1]);
  }
  const auto is_pair = [&](const char* longitude, const char* latitude) {
    return grid.ctype[0].starts_with(longitude) && grid.ctype[1].starts_with(latitude);
  };
  if (!is_pair("GLON-", "GLAT-") && !is_pair("RA---", "DEC--")) {
    return fmt::format("CTYPE must be GLON-xxx, GLAT-xxx or RA---xxx, DEC--xxx; found \"{}\", \"{}\"", grid.ctype[0],
                       grid.ctype[1]);
  }
  return "";
}

void check_wcs(const MapmakeConfig& config, Checker& checker) {
  if (config.wcs == "dynamic") return;
  if (is_healpix(config)) {
    checker.expect(
        std::has_single_bit(static_cast<unsigned>(config.nside)), "mapmake.nside",
        fmt::format("expected a power of two, for the pixels are numbered in NESTED order; found {}", config.nside));
    return;
  }
  if (config.wcs == "inline") {
    const std::string problem = problem_of_grid(config.wcs_inline);
    checker.expect(problem.empty(), "mapmake.wcs", problem);
    return;
  }
  try {
    const auto definitions = read_wcs_definitions(config.wcs_file);
    std::vector<std::string> names = {"dynamic", std::string(kHealpix), std::string(kHealpixFullSky)};
    for (const auto& [name, definition] : definitions) names.push_back(name);
    const auto found = definitions.find(config.wcs);
    checker.expect(found != definitions.end(), "mapmake.wcs",
                   fmt::format("there is no grid \"{}\" in {}; did you mean \"{}\"?", config.wcs, config.wcs_file,
                               closest_name(config.wcs, names)));
    const std::string problem = found == definitions.end() ? "" : problem_of_grid(found->second);
    checker.expect(problem.empty(), "mapmake.wcs", fmt::format("grid \"{}\": {}", config.wcs, problem));
  } catch (const ConfigError& error) {
    checker.expect(false, "mapmake.wcs_file", fmt::format("needed for wcs = \"{}\": {}", config.wcs, error.what()));
  }
}

bool is_label(const std::string& name) {
  return !name.empty() &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
}

/// One sentence for each obsid that two groups claim, and for each name that would make no file name.
void check_split_groups(const MapmakeConfig& config, Checker& checker) {
  std::map<std::int64_t, std::string> group_of;
  for (const auto& [name, obsids] : config.split_groups) {
    checker.expect(is_label(name), "mapmake.split_groups",
                   fmt::format("the group \"{}\" names a file: letters, digits and _ only", name));
    for (const std::int64_t obsid : obsids) {
      const auto [found, is_new] = group_of.try_emplace(obsid, name);
      checker.expect(is_new, "mapmake.split_groups",
                     fmt::format("obsid {} is in \"{}\" and in \"{}\"; groups that overlap need a job each", obsid,
                                 found->second, name));
    }
  }
}

void check_splits(const MapmakeConfig& config, Checker& checker) {
  checker.expect(all_different(config.split), "mapmake.split", "a split stands in the list twice");
  if (std::ranges::find(config.split, "custom") == config.split.end()) return;
  checker.expect(!config.split_groups.empty(), "mapmake.split_groups",
                 "split = \"custom\" needs groups: { name = [obsids], ... }");
  check_split_groups(config, checker);
}

void check_mapmake(const MapmakeConfig& config, Checker& checker) {
  const auto& clip = config.edge_clip_percentiles;
  checker.expect(is_file_name(config.name), "mapmake.name",
                 "expected a file name without directories; set output_dir for those");
  checker.expect(!config.feeds.empty(), "mapmake.feeds", "expected at least one feed");
  checker.expect(!config.bands.empty(), "mapmake.bands", "expected at least one frequency_band");
  checker.expect(all_different(config.feeds), "mapmake.feeds", "a feed stands in the list twice");
  checker.expect(all_different(config.bands), "mapmake.bands", "a frequency_band stands in the list twice");
  checker.expect(clip[0] < clip[1], "mapmake.edge_clip_percentiles", "expected the lower percentile first");
  check_wcs(config, checker);
  checker.expect(config.prior_mixing_alpha == 0.0 || !config.planck_map.empty(), "mapmake.prior_mixing_alpha",
                 "the prior map is planck_map, which is empty");
  check_splits(config, checker);
  checker.expect(config.n_destriper_iterations == 1 || config.split == std::vector<std::string>{"none"},
                 "mapmake.n_destriper_iterations",
                 "outer iterations are made of the map of all data only: split = \"none\"");
  checker.expect_file("mapmake.pointing_model", config.pointing_model);
  checker.expect_file("mapmake.planck_map", config.planck_map);
  checker.expect_file("mapmake.eop_file", config.eop_file);
}

void check_linemap(const LinemapConfig& config, Checker& checker) {
  checker.expect(is_file_name(config.name), "linemap.name",
                 "expected a file name without directories; set output_dir for those");
  checker.expect(config.line_window_km_s[0] < config.line_window_km_s[1], "linemap.line_window_km_s",
                 "expected the lower velocity first");
  checker.expect(all_different(config.stack), "linemap.stack", "a frequency stands in the list twice");
}

void check_calibrate(const CalibrateConfig& config, Checker& checker) {
  checker.expect(config.gain_min < config.gain_max, "calibrate.gain_max",
                 fmt::format("expected more than gain_min = {}; found {}", config.gain_min, config.gain_max));
  checker.expect(config.model_type != "polynomial" || config.min_observations > config.poly_degree,
                 "calibrate.min_observations",
                 fmt::format("a polynomial of degree {} needs at least {}; found {}", config.poly_degree,
                             config.poly_degree + 1, config.min_observations));
}

/// Octal digits that leave the owner reading and writing, without the bits of programs and directories.
bool is_file_mode(const std::string& mode) {
  static const std::regex form("0?[67][0-7][0-7]");
  return std::regex_match(mode, form);
}

void check_acquire(const AcquireConfig& config, Checker& checker) {
  checker.expect(config.list_command.empty() || config.list_file.empty(), "acquire.list_file",
                 "give list_command or list_file, not both");
  checker.expect(is_file_mode(config.mode), "acquire.mode",
                 fmt::format("expected octal digits from 0600 to 0777; found \"{}\"", config.mode));
  checker.expect(!config.remote.starts_with('-'), "acquire.remote", "expected a host, not an option");
}

}  // namespace

void check_consistency(const Config& config, StageEntries stages, const KeyPlaces& places, Problems& problems) {
  Checker checker(places, problems);
  check_pipelines(config, stages, checker);
  check_catalogue(config.catalogue, checker);
  check_directories(config, checker);
  check_select(config.select, checker);
  check_level2(config.level2, checker);
  check_mapmake(config.mapmake, checker);
  check_linemap(config.linemap, checker);
  check_calibrate(config.calibrate, checker);
  check_acquire(config.acquire, checker);
  checker.expect(!config.run.pipeline.empty(), "run.pipeline", "expected at least one command");
}

std::vector<std::string> config_warnings(const Config& config) {
  std::vector<std::string> warnings;
  if (config.mapmake.noise_prior == "false" && config.mapmake.offset_length < kMinOffsetLengthWithoutPrior) {
    warnings.push_back(
        fmt::format("mapmake.offset_length = {} without noise_prior: below {} samples offsets take noise for signal",
                    config.mapmake.offset_length, kMinOffsetLengthWithoutPrior));
  }
  if (config.mapmake.prior_mixing_alpha > 0.0 && config.mapmake.n_destriper_iterations == 1) {
    warnings.push_back("mapmake.prior_mixing_alpha does nothing with n_destriper_iterations = 1");
  }
  const auto& cdelt = config.mapmake.wcs_inline.cdelt_deg;
  const double pixel_deg = config.mapmake.wcs == "inline" ? std::max(std::abs(cdelt[0]), std::abs(cdelt[1])) : 0.0;
  if (pixel_deg > kBeam_deg) {
    warnings.push_back(
        fmt::format("mapmake.wcs: pixels of {} deg are larger than the beam of {} deg", pixel_deg, kBeam_deg));
  }
  return warnings;
}

}  // namespace comap
