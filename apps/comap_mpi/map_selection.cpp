#include "map_selection.hpp"

#include <fmt/core.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "calibrate/gain_models.hpp"
#include "catalogue/catalogue.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "probe.hpp"
#include "run_summary.hpp"
#include "sky/coordinates.hpp"

namespace comap {
namespace {

double start_mjd(const Observation& observation) {
  try {
    return parse_utc_start(observation.utc_start);
  } catch (const ObservationError& error) {
    log_warning("obsid {}: no calibration: {}", observation.obsid, error.what());
    return kNan;
  }
}

void add_calibration(const Config& config, std::vector<MapObservation>& offered) {
  constexpr int kSubBands = 2;
  const std::vector<CalibrationModel> models = Catalogue(config.catalogue, CatalogueUse::look).calibration_models();
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

/// One line for each kind of what its Level-2 file says was wrong with its inputs.
void log_troubles(const MapOutcome& outcome) {
  std::map<TroubleKind, std::vector<std::string>> texts;
  for (const Trouble& trouble : outcome.troubles) texts[trouble.kind].push_back(describe(trouble));
  for (const auto& [kind, of_kind] : texts) {
    const std::string more = of_kind.size() > 1 ? fmt::format(" (and {} more)", of_kind.size() - 1) : "";
    log_warning("obsid {}: {}: {}{}", outcome.obsid, trouble_text(kind), of_kind.front(), more);
  }
}

}  // namespace

std::vector<std::string> paths_of(const std::vector<MapObservation>& offered, std::string Observation::*path) {
  std::vector<std::string> paths;
  for (const MapObservation& one : offered) paths.push_back(one.observation.*path);
  return paths;
}

std::vector<MapObservation> observations_of_catalogue(const Config& config) {
  Catalogue catalogue(config.catalogue, CatalogueUse::look);
  std::vector<MapObservation> offered;
  const std::vector<Observation> observations = catalogue.select(config.select);
  std::vector<std::int64_t> obsids;
  for (const Observation& observation : observations) obsids.push_back(observation.obsid);
  auto flags = catalogue.quality_flags(obsids);
  for (const Observation& observation : observations) {
    offered.push_back({observation, bad_flags(flags.at(observation.obsid)), {}});
  }
  return offered;
}

std::vector<MapObservation> offered_observations(const CommandContext& context,
                                                 const std::vector<std::string>& level2_files) {
  std::vector<MapObservation> offered;
  run_on_rank_zero(context.world, [&] {
    if (level2_files.empty()) offered = observations_of_catalogue(context.config);
  });
  run_on_rank_zero(context.world, [&] { require_harmless(context.config.mapmake.planck_map, ProbeDepth::sky_map); });
  const auto deadly =
      deadly_files(context.world, level2_files.empty() ? paths_of(offered, &Observation::level2_path) : level2_files,
                   ProbeDepth::headers);
  run_on_rank_zero(context.world, [&] {
    if (level2_files.empty()) {
      for (MapObservation& one : offered) {
        const auto found = deadly.find(one.observation.level2_path);
        if (found != deadly.end()) one.deadly = found->second;
      }
    } else {
      offered = observations_of_files(level2_files, deadly, context.config.mapmake.dataset);
    }
    if (context.config.mapmake.calibration == "catalogue") add_calibration(context.config, offered);
  });
  return share(context.world, offered);
}

void print_selection(const SelectionReport& report, bool every_observation) {
  for (const MapOutcome& outcome : report.observations) {
    if (outcome.used && !outcome.bad_file && !every_observation) continue;
    fmt::print("{:>10}  {}  {}\n", outcome.obsid, outcome.used ? "used    " : "excluded", outcome.reason);
  }
  for (const std::string& line : report.lines()) fmt::print("{}\n", line);
}

std::int64_t used_level2_bytes(const SelectionReport& report, const std::vector<MapObservation>& offered) {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < report.observations.size(); ++i) {  // in the order offered
    if (report.observations[i].used) paths.push_back(offered[i].observation.level2_path);
  }
  return total_bytes(paths);
}

nlohmann::ordered_json summary_of_selection(const SelectionReport& report) {
  auto troubles = nlohmann::ordered_json::object();
  for (const auto& [kind, n] : report.n_with_trouble()) troubles[std::string(trouble_text(kind))] = n;
  return {{"observations", report.observations.size()},
          {"used", report.n_used()},
          {"observations_with_trouble", std::move(troubles)}};
}

std::string why_nothing(std::size_t n_offered) {
  return n_offered == 0 ? "no observation matches [select]; comap_mpi catalogue summary shows what there is"
                        : fmt::format("none of {} observations can be used", n_offered);
}

void add_level2_file_option(CLI::App& app, std::vector<std::string>& files) {
  app.add_option("--level2-file", files, "Use these Level-2 files instead of the catalogue")
      ->expected(1, -1)
      ->type_name("FILE");
}

void log_selection(const SelectionReport& report) {
  for (const MapOutcome& outcome : report.observations) {
    if (outcome.used) log_troubles(outcome);
    if (outcome.used && !outcome.oddity.empty()) log_warning("{}", outcome.oddity);
    if (!outcome.used) log_warning("obsid {} is not used: {}", outcome.obsid, outcome.reason);
    if (outcome.used && outcome.bad_file) log_warning("obsid {}: {}", outcome.obsid, outcome.reason);
  }
  for (const std::string& line : report.lines()) log_info("{}", line);
}

}  // namespace comap
