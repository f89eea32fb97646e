#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "calibrate/gain_models.hpp"
#include "catalogue/catalogue.hpp"
#include "command.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/json_bytes.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "map/map_job.hpp"
#include "map/map_plan.hpp"
#include "sky/coordinates.hpp"

namespace comap {
namespace {

struct MapmakeOptions {
  bool plot = false;
  std::vector<std::string> level2_files;
};

std::vector<MapObservation> observations_of_catalogue(const Config& config) {
  const std::unique_ptr<Catalogue> catalogue = open_catalogue(config.catalogue);
  std::vector<MapObservation> offered;
  for (const Observation& observation : catalogue->select(config.select)) {
    offered.push_back({observation, catalogue->quality_flags(observation.obsid), {}});
  }
  return offered;
}

double start_mjd(const Observation& observation) {
  try {
    return parse_utc_start(observation.utc_start);
  } catch (const ObservationError& error) {
    log_warning("obsid {}: no calibration: {}", observation.obsid, error.what());
    return std::nan("");
  }
}

void add_calibration(const Config& config, std::vector<MapObservation>& offered) {
  constexpr int kSubBands = 2;
  const std::vector<CalibrationModel> models = open_catalogue(config.catalogue)->calibration_models();
  if (models.empty()) {
    throw CatalogueError(
        "[mapmake] calibration = \"catalogue\": the catalogue has no calibration models; run "
        "`comap_mpi calibrate` first");
  }
  constexpr int kElements = kScienceFeeds * kBands * kSubBands;
  if (std::ssize(models) < kElements) {
    log_warning("calibration: models of {} of {} elements; the others are not calibrated", models.size(), kElements);
  }
  for (MapObservation& observation : offered) {
    const double mjd = start_mjd(observation.observation);
    for (const CalibrationModel& model : models) {
      observation.calibration.push_back(
          {model.feed, model.band * kSubBands + model.channel, gain_ratio_at(model, mjd)});
    }
  }
}

/// Rank 0 asks the catalogue, or looks into the files given by name; every rank gets the answer.
std::vector<MapObservation> offered_observations(const CommandContext& context, const MapmakeOptions& options) {
  std::vector<MapObservation> offered;
  Bytes bytes;
  run_on_rank_zero(context.world, [&] {
    offered = options.level2_files.empty()
                  ? observations_of_catalogue(context.config)
                  : observations_of_files(options.level2_files, context.config.mapmake.dataset);
    if (context.config.mapmake.calibration == "catalogue") add_calibration(context.config, offered);
    bytes = to_bytes(nlohmann::json(offered));
  });
  context.world.broadcast(bytes, 0);
  return from_bytes(bytes).get<std::vector<MapObservation>>();
}

void print_selection(const SelectionReport& report, bool every_observation) {
  for (const ObservationOutcome& outcome : report.observations) {
    if (outcome.used && !every_observation) continue;
    fmt::print("{:>10}  {}  {}\n", outcome.obsid, outcome.used ? "used    " : "excluded", outcome.reason);
  }
  for (const std::string& line : report.lines()) fmt::print("{}\n", line);
}

void print_bands(const std::vector<BandResult>& bands) {
  fmt::print("{:>4} {:>12} {:>12} {:>10} {:>10} {:>8}  {}\n", "band", "observations", "samples", "iterations",
             "residual", "time/s", "map");
  for (const BandResult& band : bands) {
    fmt::print("{:>4} {:>12} {:>12} {:>10} {:>10.1e} {:>8.1f}  {}\n", band.frequency_band, band.n_observations,
               band.n_samples, band.solver.iterations, band.solver.relative_residual, band.seconds,
               band.path.empty() ? "none: no sample can be used" : band.path);
    if (!band.plot_path.empty()) fmt::print("{:>62}  {}\n", "picture", band.plot_path);
    if (!band.path.empty() && !band.solver.converged) {
      log_warning(
          "band {}: the solver stopped at max_iterations with a residual of {:.2e} ({:.2g} of an offset's noise)",
          band.frequency_band, band.solver.relative_residual, band.solver.residual_in_noise);
    }
  }
}

void log_selection(const SelectionReport& report) {
  for (const ObservationOutcome& outcome : report.observations) {
    if (!outcome.used) log_warning("obsid {} is not used: {}", outcome.obsid, outcome.reason);
  }
  for (const std::string& line : report.lines()) log_info("{}", line);
}

int exit_code(const MapJobResult& result) {
  const bool any_map = std::ranges::any_of(result.bands, [](const BandResult& band) { return band.n_samples > 0; });
  if (!any_map) return kError;
  return result.selection.n_bad_files() > 0 ? kSomeFailed : kDone;
}

int dry_run(const CommandContext& context, const std::vector<MapObservation>& offered) {
  const SelectionReport report =
      selection_report(survey_observations(context.config.mapmake, context.config.io, offered, context.world));
  if (context.world.rank() == 0) print_selection(report, true);
  return report.n_used() == 0 ? kError : kDone;
}

int run_mapmake(const CommandContext& context, const MapmakeOptions& options) {
  const std::vector<MapObservation> offered = offered_observations(context, options);
  if (context.options.dry_run) return dry_run(context, offered);

  MapmakeConfig config = context.config.mapmake;
  config.plot = config.plot || options.plot;
  const MapJobResult result = run_map_job(config, context.config.io, offered, context.config_text, context.world);
  if (context.world.rank() == 0) {
    log_selection(result.selection);
    if (!context.options.quiet) {
      print_selection(result.selection, false);
      print_bands(result.bands);
      std::fflush(stdout);
    }
    if (exit_code(result) == kError) log_error("no map: none of {} observations can be used", offered.size());
  }
  return exit_code(result);
}

}  // namespace

void add_mapmake_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  const auto own = std::make_shared<MapmakeOptions>();
  CLI::App* app = add_leaf_command(
      program, commands, "mapmake", "Make destriped maps from Level-2 files",
      "srun comap_mpi mapmake comap.toml --set mapmake.bands=[0,1] --plot",
      [own](const CommandContext& context) { return run_mapmake(context, *own); }, options);
  app->add_flag("--plot", own->plot, "Also draw a PNG of every map");
  app->add_option("--level2-file", own->level2_files, "Use these Level-2 files instead of the catalogue")
      ->expected(1, -1)
      ->type_name("FILE");
}

}  // namespace comap
