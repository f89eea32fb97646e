#include <fmt/core.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command.hpp"
#include "config/config_parser.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "map/map_job.hpp"
#include "map/plan/cuts.hpp"
#include "map/plan/fixed_grid.hpp"
#include "map/plan/map_plan.hpp"
#include "map/plan/memory_plan.hpp"
#include "map_selection.hpp"
#include "mpi/cost_meter.hpp"
#include "mpi/parallel_file.hpp"
#include "mpi/stop_signal.hpp"
#include "run_summary.hpp"
#include "stages/stage_list.hpp"
#include "whole_number.hpp"

namespace comap {
namespace {

struct MapmakeOptions {
  bool plot = false;
  std::vector<std::string> level2_files;
  double memory_GB = 0.0;        ///< 0 = as configured
  std::string format = "table";  ///< of --dry-run
};

std::string first_path(const MapPaths& paths) { return paths.fits.empty() ? paths.hdf5 : paths.fits; }

/// Parts of the data that have none: named, for nobody expects a feed that was not there.
void print_missing_labels(const std::vector<BandResult>& bands) {
  std::vector<std::string> labels;
  for (const BandResult& band : bands) {
    if (band.n_samples == 0 && !band.label.empty() && std::ranges::find(labels, band.label) == labels.end()) {
      labels.push_back(band.label);
    }
  }
  if (!labels.empty()) fmt::print("no map for lack of data: {}\n", fmt::join(labels, ", "));
}

void print_bands(const std::vector<BandResult>& bands) {
  fmt::print("\n{:>4} {:>12} {:>12} {:>10} {:>10} {:>8}  {}\n", "band", "observations", "samples", "iterations",
             "residual", "time/s", "map");
  for (const BandResult& band : bands) {
    if (band.n_samples == 0 && !band.label.empty()) continue;
    fmt::print("{:>4} {:>12} {:>12} {:>10} {:>10.1e} {:>8.1f}  {}\n", band.frequency_band, band.n_observations,
               band.n_samples, band.solver.iterations, band.solver.relative_residual, band.seconds,
               band.n_samples == 0 ? "none: no sample can be used" : first_path(band.paths));
    if (!band.paths.fits.empty() && !band.paths.hdf5.empty()) fmt::print("{:>62}  {}\n", "HDF5", band.paths.hdf5);
    for (const std::string& picture : {band.paths.plot, band.paths.convergence_plot}) {
      if (!picture.empty()) fmt::print("{:>62}  {}\n", "picture", picture);
    }
    if (band.n_samples > 0 && !band.solver.converged) {
      log_warning("band {}: the solver stopped at max_iterations with a residual of {:.2e} ({:.2g} of a pixel's noise)",
                  band.frequency_band, band.solver.relative_residual, band.solver.residual_in_noise);
    }
  }
  print_missing_labels(bands);
}

/// One line at the end, for warnings scroll by.
void log_warned_maps(const std::vector<BandResult>& bands) {
  const auto is_map = [](const BandResult& band) { return band.n_samples > 0; };
  const auto n_warned = std::ranges::count_if(bands, [](const BandResult& band) { return !band.warnings.empty(); });
  if (n_warned == 0) return;
  log_warning("{} of {} maps have warnings in their headers (WARN1, ...)", n_warned,
              std::ranges::count_if(bands, is_map));
}

/// Cuts and null tests.
void print_lines(const std::vector<std::string>& lines) {
  fmt::print("\n");
  for (const std::string& line : lines) fmt::print("{}\n", line);
}

/// Prints how much of the samples all ranks together would hold while all bands are made at once.
void print_needs(const MapmakeConfig& config, const std::vector<SurveyedObservation>& survey, std::int64_t level2_bytes,
                 bool as_json) {
  constexpr double kGigabyte = 1e9;
  std::int64_t n_samples = 0;
  std::int64_t n_used = 0;
  for (const SurveyedObservation& observation : survey) {
    if (!observation.outcome.used) continue;
    n_samples += observation.n_samples;
    ++n_used;
  }
  const double per_sample = bytes_per_sample(config, config.bands.size(), false);
  if (as_json) {
    const nlohmann::ordered_json needs = {{"observations", survey.size()},  {"used", n_used},
                                          {"samples", n_samples},           {"bands", config.bands.size()},
                                          {"bytes_per_sample", per_sample}, {"level2_bytes", level2_bytes}};
    fmt::print("{}\n", needs.dump(2));
    return;
  }
  fmt::print("{} samples of feeds, {} bands: {:.2f} GB in memory, over all ranks together\n", n_samples,
             config.bands.size(), static_cast<double>(n_samples) * per_sample / kGigabyte);
}

int dry_run(const CommandContext& context, const std::vector<MapObservation>& offered, bool as_json) {
  if (const auto definition = fixed_grid(context.config.mapmake)) {
    const MapGrid grid(*definition);
    run_on_rank_zero(context.world, [&] { check_grid_memory(grid.definition()); });
  }
  const auto survey = survey_observations(context.config.mapmake, context.config.io, offered, context.world);
  const SelectionReport report = selection_report(survey);
  if (context.world.rank() == 0) {
    if (!as_json) print_selection(report, true);
    print_needs(context.config.mapmake, survey, used_level2_bytes(report, offered), as_json);
  }
  return report.n_used() == 0 ? kError : kDone;
}

nlohmann::ordered_json summary_of(const MapJobResult& result) {
  nlohmann::ordered_json summary = summary_of_selection(result.selection);
  summary["bands"] = nlohmann::json::array();
  for (const BandResult& band : result.bands) {
    summary["bands"].push_back({{"band", band.frequency_band},
                                {"map", first_path(band.paths)},
                                {"observations", band.n_observations},
                                {"samples", band.n_samples},
                                {"iterations", band.solver.iterations},
                                {"relative_residual", band.solver.relative_residual},
                                {"converged", band.solver.converged},
                                {"warnings", band.warnings},
                                {"seconds", band.seconds}});
  }
  return summary;
}

std::string why_no_map(const MapJobResult& result, std::size_t n_offered) {
  if (result.selection.n_used() == 0) return "no map: " + why_nothing(n_offered);
  return fmt::format("no map: no part of the split has samples of the {} observations used", result.selection.n_used());
}

RunWork work_of(const MapJobResult& result, const std::vector<MapObservation>& offered) {
  RunWork work{"mapmake", result.selection.n_used(), 0, used_level2_bytes(result.selection, offered)};
  for (const BandResult& band : result.bands) work.n_samples += band.n_samples;
  return work;
}

int run_mapmake(const CommandContext& context, const MapmakeOptions& options) {
  const mpi::StopSignals signals;
  const auto& world = dynamic_cast<const mpi::MpiCommunicator&>(context.world);
  const mpi::CostMeter meter(world);
  const std::vector<MapObservation> offered = offered_observations(context, options.level2_files);
  if (context.options.dry_run) return dry_run(context, offered, options.format == "json");

  MapmakeConfig config = context.config.mapmake;
  config.plot = config.plot || options.plot;
  if (options.memory_GB > 0.0) config.memory_GB = options.memory_GB;
  const mpi::ParallelFiles files(world, context.config.io.mpi_hints);
  const MapJobResult result =
      run_map_job(config, context.config.io, offered, config_of_product(context.config, Product::map, all_stages()),
                  context.world, files);
  const int code = job_exit_code(result.bands, result.selection);
  const RunCost cost = meter.cost(world.rank() == 0 ? work_of(result, offered) : RunWork{});
  if (world.rank() == 0) {
    log_selection(result.selection);
    for (const std::string& line : cut_lines(result.cuts, offered)) log_info("{}", line);
    if (!result.null_tests.empty()) {
      for (const std::string& line : null_test_lines(result.null_tests)) log_info("{}", line);
    }
    if (!context.options.quiet) {
      print_selection(result.selection, false);
      if (!result.cuts.empty()) print_lines(cut_lines(result.cuts, offered));
      print_bands(result.bands);
      if (!result.null_tests.empty()) print_lines(null_test_lines(result.null_tests));
    }
    log_warned_maps(result.bands);
    write_run_summary(context, cost, code != kError, summary_of(result));
    if (code == kError) log_error("{}", why_no_map(result, offered.size()));
  }
  return code;
}

}  // namespace

void add_mapmake_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  const auto own = std::make_shared<MapmakeOptions>();
  CLI::App* app = add_leaf_command(
      program, commands, "mapmake", "Make destriped maps from Level-2 files",
      "srun comap_mpi mapmake comap.toml --set mapmake.bands=[0,1] --plot",
      [own](const CommandContext& context) { return run_mapmake(context, *own); }, options);
  app->add_flag("--plot", own->plot, "Also draw a PNG of every map");
  app->add_option("--memory", own->memory_GB, "Bound for one rank [GB], instead of [mapmake] memory_GB")
      ->check(decimal_number())
      ->check(CLI::PositiveNumber);
  app->add_option("--format", own->format, "Of --dry-run: table or json")->check(CLI::IsMember({"table", "json"}));
  add_level2_file_option(*app, own->level2_files);
}

}  // namespace comap
