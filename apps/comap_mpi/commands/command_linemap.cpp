#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command.hpp"
#include "config/config_parser.hpp"
#include "core/log.hpp"
#include "io/level1/level1_identity.hpp"
#include "linemap/line_job.hpp"
#include "map_selection.hpp"
#include "mpi/cost_meter.hpp"
#include "probe.hpp"
#include "run_summary.hpp"
#include "stages/stage_list.hpp"

namespace comap {
namespace {

struct LinemapOptions {
  bool plot = false;
  std::vector<std::string> level2_files;
  std::vector<std::string> level1_files;
};

/// Level-1 files given by name belong to the observation that their name says.
void add_level1_files(const std::vector<std::string>& files, std::vector<MapObservation>& offered) {
  std::map<std::int64_t, std::string> by_obsid;
  for (const std::string& file : files) by_obsid[obsid_of_file_name(file)] = file;
  for (MapObservation& observation : offered) {
    const auto found = by_obsid.find(observation.observation.obsid);
    if (found != by_obsid.end()) observation.observation.level1_path = found->second;
  }
}

/// An observation whose Level-1 file must not be opened is left out as one whose Level-2 file must not.
void mark_deadly_level1(const CommandContext& context, std::vector<MapObservation>& offered) {
  const auto deadly = deadly_files(context.world, paths_of(offered, &Observation::level1_path), ProbeDepth::contents);
  for (MapObservation& one : offered) {
    const auto found = deadly.find(one.observation.level1_path);
    if (found == deadly.end() || !one.deadly.empty()) continue;
    one.deadly = fmt::format("its Level-1 file {}: {}", found->first, found->second);
  }
}

void print_lines(const LineJobResult& result) {
  fmt::print("{:>12} {:>12} {:>12} {:>10}  {}\n", "line/GHz", "observations", "samples", "rms/mK", "cube");
  for (const LineResult& line : result.lines) {
    fmt::print("{:>12} {:>12} {:>12} {:>10.3g}  {}\n", line.is_stack ? "stack" : fmt::format("{}", line.rest_GHz),
               line.n_observations, line.n_samples, line.median_rms_mK,
               line.path.empty() ? "none: no sample can be used" : line.path);
    if (!line.plot_path.empty()) fmt::print("{:>49}  {}\n", "picture", line.plot_path);
  }
  fmt::print("{:.1f} s\n", result.seconds);
}

int dry_run(const CommandContext& context, const std::vector<MapObservation>& offered) {
  const SelectionReport report = survey_lines(context.config, offered, context.world);
  if (context.world.rank() == 0) print_selection(report, true);
  return report.n_used() == 0 ? kError : kDone;
}

nlohmann::ordered_json summary_of(const LineJobResult& result) {
  nlohmann::ordered_json summary = summary_of_selection(result.selection);
  summary["lines"] = nlohmann::json::array();
  for (const LineResult& line : result.lines) {
    summary["lines"].push_back({{"rest_GHz", line.rest_GHz},
                                {"is_stack", line.is_stack},
                                {"cube", line.path},
                                {"observations", line.n_observations},
                                {"samples", line.n_samples},
                                {"median_rms_mK", line.median_rms_mK}});
  }
  return summary;
}

RunWork work_of(const LineJobResult& result, const std::vector<MapObservation>& offered) {
  RunWork work{"linemap", result.selection.n_used(), 0, used_level2_bytes(result.selection, offered)};
  for (const LineResult& line : result.lines) work.n_samples += line.is_stack ? 0 : line.n_samples;
  return work;
}

int run_linemap(const CommandContext& context, const LinemapOptions& options) {
  const mpi::CostMeter meter(dynamic_cast<const mpi::MpiCommunicator&>(context.world));
  std::vector<MapObservation> offered = offered_observations(context, options.level2_files);
  add_level1_files(options.level1_files, offered);
  mark_deadly_level1(context, offered);
  if (context.options.dry_run) return dry_run(context, offered);

  Config config = context.config;
  config.mapmake.plot = config.mapmake.plot || options.plot;
  const LineJobResult result =
      run_line_job(config, offered, config_of_product(config, Product::cube, all_stages()), context.world);
  const int code = job_exit_code(result.lines, result.selection);
  const RunCost cost = meter.cost(context.world.rank() == 0 ? work_of(result, offered) : RunWork{});
  if (context.world.rank() == 0) {
    log_selection(result.selection);
    if (!context.options.quiet) {
      print_selection(result.selection, false);
      print_lines(result);
    }
    write_run_summary(context, cost, code != kError, summary_of(result));
    if (code == kError) log_error("no cube: {}", why_nothing(offered.size()));
  }
  return code;
}

}  // namespace

void add_linemap_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  const auto own = std::make_shared<LinemapOptions>();
  CLI::App* app = add_leaf_command(
      program, commands, "linemap", "Make spectral cubes of lines from Level-1 and Level-2 files",
      "srun comap_mpi linemap comap.toml --set linemap.line_frequency_GHz=31.22332 --plot",
      [own](const CommandContext& context) { return run_linemap(context, *own); }, options);
  app->add_flag("--plot", own->plot, "Also draw a PNG of every cube: intensity and spectra");
  add_level2_file_option(*app, own->level2_files);
  app->add_option("--level1-file", own->level1_files, "Level-1 files of these observations, instead of the catalogue's")
      ->expected(1, -1)
      ->type_name("FILE");
}

}  // namespace comap
