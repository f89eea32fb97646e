#include "transfer/injected_copies.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/config_parser.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/failure.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "core/text_file.hpp"
#include "core/version.hpp"
#include "inject/inject_sky.hpp"
#include "io/level1/level1_metadata.hpp"
#include "stages/feed_row.hpp"
#include "stages/stage_list.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

/// Everything that the copies depend on, as a configuration.
std::string settings_text(const Config& injection) {
  Config relevant = parse_config("", "", {}, all_stages());
  relevant.simulate = injection.simulate;
  relevant.level2.system_temperature = injection.level2.system_temperature;
  relevant.level2.find_scans = injection.level2.find_scans;
  relevant.mapmake.site = injection.mapmake.site;
  relevant.mapmake.refraction = injection.mapmake.refraction;
  relevant.mapmake.eop_file = injection.mapmake.eop_file;
  return fmt::format("# injected by comap_mpi {}\n{}", software_version(), show_config(relevant, all_stages()));
}

std::string text_of_file(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Copies with other settings go away before the new settings are written down.
void prepare_directory(const Config& injection, const fs::path& directory) {
  const fs::path stamp = directory / "injected.toml";
  const std::string text = settings_text(injection);
  if (text_of_file(stamp) == text) return;
  std::error_code error;
  fs::remove_all(injection.simulate.output_dir, error);
  if (!error) fs::create_directories(directory, error);
  if (error) throw IoError(fmt::format("{}: {}; is --work-dir writable?", directory.string(), error.message()));
  write_text_file(stamp.string(), text);
}

bool is_younger(const std::string& copy, const std::string& original) {
  std::error_code error;
  const auto copied = fs::last_write_time(copy, error);
  if (error) return false;
  const auto changed = fs::last_write_time(original, error);
  return !error && copied >= changed;
}

void make_copy(const Config& injection, const Observer& observer, const InjectionRequest& request) {
  const InjectionFiles files = injection_files(injection.simulate, request);
  if (is_younger(files.level1, request.level1_path)) {
    log_info("{} is there already", files.level1);
    return;
  }
  const InjectionSummary summary = inject_sky(injection, observer, request);
  log_info("{}: a sky of up to {:.3g} K added, {:.0f} MB of TOD", files.level1, summary.brightest_K, summary.tod_MB);
}

}  // namespace

Config injection_config(const Config& config, double rms_K, int realisation, SkyPosition centre,
                        const std::string& directory) {
  Config injection = config;
  SimulateConfig& sky = injection.simulate;
  sky.output_dir = (fs::path(directory) / "level1").string();
  sky.overwrite = true;  // what is there and valid is kept without asking the simulator
  sky.sources.clear();
  sky.n_sources = 0;
  sky.ridge_T30_K = 0.0;
  sky.line_peak_K = 0.0;
  sky.random_rms_K = rms_K;
  sky.sky_seed = config.simulate.sky_seed + static_cast<std::uint64_t>(realisation - 1);
  sky.field_l_deg = centre.longitude_deg;
  sky.field_b_deg = centre.latitude_deg;
  return injection;
}

SkyPosition mean_direction(const Observer& observer, const std::string& level1_path) {
  const Level1Metadata level1 = read_level1_metadata(level1_path, 0);
  const auto row = [&](const std::vector<double>& array) {
    return feed_samples(level1, array, level1.feeds.at(0), {0, level1.n_samples});
  };
  const auto [l_deg, b_deg] =
      horizontal_to_sky(observer, level1.mjd, row(level1.azimuth_deg), row(level1.elevation_deg), SkyFrame::galactic);
  double x = 0.0, y = 0.0, z = 0.0;
  for (std::size_t i = 0; i < l_deg.size(); ++i) {
    if (!std::isfinite(l_deg[i])) continue;
    x += std::cos(b_deg[i] * kDegree_rad) * std::cos(l_deg[i] * kDegree_rad);
    y += std::cos(b_deg[i] * kDegree_rad) * std::sin(l_deg[i] * kDegree_rad);
    z += std::sin(b_deg[i] * kDegree_rad);
  }
  return {std::fmod(std::atan2(y, x) / kDegree_rad + 360.0, 360.0), std::atan2(z, std::hypot(x, y)) / kDegree_rad};
}

std::vector<Observation> make_injected_copies(const Config& injection, const std::string& directory,
                                              const std::vector<Observation>& observations, const Communicator& ranks) {
  run_on_rank_zero(ranks, [&] { prepare_directory(injection, directory); });
  const Observer observer = map_observer(injection.mapmake);
  std::vector<std::pair<std::size_t, std::string>> mine;
  for (std::size_t i = 0; i < observations.size(); ++i) {
    if (static_cast<int>(i % static_cast<std::size_t>(ranks.size())) != ranks.rank()) continue;
    const auto failure = failure_of([&] {
      make_copy(injection, observer, {observations[i].level1_path, observations[i].obsid});
    });
    if (failure) mine.emplace_back(i, failure->text);
  }
  std::vector<Observation> copies = observations;
  for (Observation& copy : copies) {
    copy.level1_path = injection_files(injection.simulate, {copy.level1_path, copy.obsid}).level1;
  }
  for (const auto& [i, text] : joined(all_gather(ranks, mine))) {
    const std::int64_t failed = observations[i].obsid;
    if (ranks.rank() == 0) log_error("obsid {}: not copied: {}", failed, text);
    std::erase_if(copies, [&](const Observation& copy) { return copy.obsid == failed; });
  }
  return copies;
}

}  // namespace comap
