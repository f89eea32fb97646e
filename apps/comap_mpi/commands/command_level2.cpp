#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "catalogue/catalogue.hpp"
#include "command.hpp"
#include "config/config_parser.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "io/output_directory.hpp"
#include "level2/catalogue_snapshot.hpp"
#include "level2/level2_path.hpp"
#include "level2/level2_place.hpp"
#include "level2/rerun_plan.hpp"
#include "level2_handout.hpp"
#include "level2_progress.hpp"
#include "mpi/cost_meter.hpp"
#include "mpi/level2_job.hpp"
#include "mpi/observation_queue.hpp"
#include "mpi/stop_signal.hpp"
#include "probe.hpp"
#include "result_journal.hpp"
#include "run_claims.hpp"
#include "run_summary.hpp"
#include "stages/stage_list.hpp"

namespace comap {
namespace {

/// Held by rank 0 alone: the catalogue and what it knows of the observations to do.
struct Level2Work {
  std::unique_ptr<Catalogue> catalogue;
  std::vector<Observation> observations;
};

/// Big files first, so that no team starts a long observation when the others are done.
void order_by_size(std::vector<Observation>& observations) {
  const auto size = [](const Observation& observation) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(observation.level1_path, error);
    return error ? std::uintmax_t{0} : bytes;
  };
  std::vector<std::pair<std::uintmax_t, std::size_t>> order;
  for (std::size_t i = 0; i < observations.size(); ++i) order.emplace_back(size(observations[i]), i);
  std::ranges::stable_sort(order, std::greater(), &std::pair<std::uintmax_t, std::size_t>::first);
  std::vector<Observation> sorted;
  for (const auto& entry : order) sorted.push_back(observations[entry.second]);
  observations = std::move(sorted);
}

Level2Work find_work(const CommandContext& context) {
  Level2Work work;
  work.catalogue = std::make_unique<Catalogue>(context.config.catalogue, use_of_catalogue(context));
  work.observations = work.catalogue->select(context.config.select);
  const auto without_path =
      std::erase_if(work.observations, [](const Observation& observation) { return observation.level1_path.empty(); });
  if (without_path > 0) log_warning("{} selected observations have no Level-1 path and are left out", without_path);
  if (work.observations.empty()) {
    throw CatalogueError(
        fmt::format("catalogue {}: no observation with a Level-1 file matches [select]; `comap_mpi catalogue summary` "
                    "shows what there is",
                    work.catalogue->description()));
  }
  order_by_size(work.observations);
  return work;
}

/// Level-2 files that must not be opened, and why.
using DeadlyList = std::map<std::string, std::string>;

/// Empty = it may be opened.
std::string reason_in(const DeadlyList& deadly, const std::string& path) {
  const auto found = deadly.find(path);
  return found == deadly.end() ? "" : found->second;
}

/// Files that are there are renewed in their place.
bool makes_new_files(const Level2Work& work) {
  return std::ranges::any_of(work.observations, [](const Observation& one) { return one.level2_path.empty(); });
}

struct Level2Options {
  std::string format = "table";  ///< of --dry-run
};

struct Intention {
  std::string text;
  bool reads_level1 = false;
};

Intention what_would_be_done(const CommandContext& context, const StageList& stages, const DeadlyList& deadly,
                             Catalogue& catalogue, const Observation& observation) {
  try {
    const nlohmann::json snapshot = catalogue_snapshot(catalogue, observation.obsid);
    const auto [path, remark] = level2_place(context.config.level2, observation, snapshot,
                                             [&](const std::string& file) { return reason_in(deadly, file); });
    if (!remark.empty()) log_warning("observation {}: {}", observation.obsid, remark);
    const std::string following = following_level2_path(catalogue, observation);
    if (const std::string reason = reason_in(deadly, following); !reason.empty()) {
      return {fmt::format("would fail: {}: {}", following, reason)};
    }
    const RerunPlan plan =
        plan_rerun({stages, observation.level1_path, path, snapshot, following, reason_in(deadly, path)});
    if (plan.up_to_date()) return {"up to date: " + path};
    return {fmt::format("would run {}{}: {}", plan.text(), plan.needs_level1 ? "" : "; without Level-1", path),
            plan.needs_level1};
  } catch (const Error& error) {
    return {fmt::format("would fail: {}", error.what())};
  }
}

/// One line for each observation, or JSON with the size of what would be read.
void show_dry_run(const CommandContext& context, const Level2Options& options, const StageList& stages,
                  const DeadlyList& deadly, const Level2Work& work) {
  const bool as_json = options.format == "json";
  auto list = nlohmann::ordered_json::array();
  for (const Observation& observation : work.observations) {
    const Intention intention = what_would_be_done(context, stages, deadly, *work.catalogue, observation);
    if (!as_json) {
      fmt::print("{}\t{}\t{}\n", observation.obsid, observation.source, intention.text);
      continue;
    }
    list.push_back({{"obsid", observation.obsid},
                    {"source", observation.source},
                    {"intention", intention.text},
                    {"level1_bytes", intention.reads_level1 ? total_bytes({observation.level1_path}) : 0}});
  }
  if (as_json) fmt::print("{}\n", nlohmann::ordered_json{{"observations", list}}.dump(2));
}

/// The state that rank 0 keeps while the run goes on; empty on the others.
struct Level2Run {
  std::string description;  ///< of the catalogue
  std::unique_ptr<RunClaims> claims;
  std::unique_ptr<ResultJournal> journal;
  std::unique_ptr<Level2Progress> progress;
  std::unique_ptr<Level2Handout> handout;
  std::map<std::int64_t, std::string> level1_path;  ///< by obsid
  std::vector<std::string> level1_read;             ///< paths of observations that are done

  void begin(const CommandContext& context, const Level2Work& work) {
    description = work.catalogue->description();
    for (const Observation& observation : work.observations) level1_path[observation.obsid] = observation.level1_path;
    claims = std::make_unique<RunClaims>(*work.catalogue, context, "level2");
    journal = std::make_unique<ResultJournal>(*work.catalogue, context.config.log, claims->run_id());
    journal->apply_left_over();
    progress = std::make_unique<Level2Progress>(static_cast<std::int64_t>(work.observations.size()),
                                                context.config.log.progress && !context.options.quiet);
    handout = std::make_unique<Level2Handout>(*work.catalogue, *claims, context.config.level2,
                                              [this](const ObservationOutcome& outcome) { progress->add(outcome); });
  }

  void handle(const ObservationOutcome& outcome) {
    const bool is_result = outcome.status != ObservationOutcome::Status::stopped;
    if (is_result && (outcome.result.complete || !outcome.result.error.empty())) {
      journal->record(outcome.result);
      if (!journal->outage().empty()) handout->stop(journal->outage());
    } else {
      claims->give_back(outcome.result.obsid);
    }
    progress->add(outcome);
    if (outcome.status == ObservationOutcome::Status::done && outcome.tod_bytes > 0) {
      level1_read.push_back(level1_path.at(outcome.result.obsid));
    }
  }

  RunWork work() const {
    if (!progress) return {};
    const auto n_samples = progress->tod_bytes() / static_cast<std::int64_t>(sizeof(float));
    return {"level2", progress->n_done(), n_samples, total_bytes(level1_read)};
  }

  void finish(const CommandContext& context, bool stopped, const RunCost& cost) {
    for (const auto& [obsid, reason] : handout->left()) progress->leave(obsid, reason);
    claims->finish(progress->n_done(), progress->n_failed(), progress->n_left());
    fmt::print("{}", progress->table());
    write_run_summary(context, cost, !stopped && progress->n_left() == 0, progress->json());
    if (stopped) {
      log_warning("stopped by a signal: {} observations are left; run the same command again", progress->n_left());
    }
    std::string problem;
    if (handout->is_stopped()) problem = fmt::format("; it went away and {} observations are left", progress->n_left());
    if (journal->n_unrecorded() > 0) {
      problem += fmt::format("; {} results are kept in {}", journal->n_unrecorded(), journal->path());
    }
    if (problem.empty()) return;
    const std::string text = fmt::format("catalogue {}{}; run the same command again", description, problem);
    if (!stopped) throw CatalogueError(text);
    log_error("{}", text);
  }
};

/// Level-2 files that the run would open, which are there already: they may be damaged. Rank 0 only.
std::vector<std::string> earlier_files(const CommandContext& context, const Level2Work& work) {
  std::vector<std::string> paths;
  const auto add = [&](const std::string& path) {
    std::error_code ignored;
    if (!path.empty() && std::filesystem::exists(path, ignored)) paths.push_back(path);
  };
  for (const Observation& observation : work.observations) {
    add(observation.level2_path);
    try {
      add(level2_path(context.config.level2, observation));
    } catch (const Error&) {  // who works on it says what is wrong
    }
    add(following_level2_path(*work.catalogue, observation));
  }
  return paths;
}

/// Observations of a round, and then those of them that other runs had in hand and have given back. Returns true when
/// stopped by a signal.
bool run_round(const CommandContext& context, const StageList& stages, const DeadlyList& deadly, Level2Run& run,
               std::vector<Observation> observations) {
  const auto prepare = [&](const Observation& observation) { return run.handout->prepare(observation); };
  const auto handle = [&](const ObservationOutcome& outcome) { run.handle(outcome); };
  const auto probe = [](const std::string& path) { require_harmless(path, ProbeDepth::contents); };
  const auto why_deadly = [&](const std::string& path) { return reason_in(deadly, path); };
  const std::string text = config_of_product(context.config, Product::level2, all_stages());
  while (context.world.sum(static_cast<std::int64_t>(observations.size())) > 0) {
    const mpi::Level2Job job{context.config, text, stages, std::move(observations), prepare, probe, why_deadly};
    if (mpi::run_level2(job, context.world, handle)) return true;
    observations.clear();
    if (run.handout) observations = run.handout->freed(mpi::stop_requested);
    mpi::restful_barrier(dynamic_cast<const mpi::MpiCommunicator&>(context.world));
  }
  return false;
}

/// Sky dips come after all others, among which are those they take their calibration from. Returns true when stopped
/// by a signal.
bool run_rounds(const CommandContext& context, const StageList& stages, const DeadlyList& deadly, Level2Run& run,
                const std::vector<Observation>& all) {
  for (const bool sky_dips : {false, true}) {
    std::vector<Observation> round;
    std::ranges::copy_if(all, std::back_inserter(round), [&](const Observation& observation) {
      return (observation.source_group == kSkyDipGroup) == sky_dips;
    });
    if (run_round(context, stages, deadly, run, std::move(round))) return true;
  }
  return false;
}

int run_level2_command(const CommandContext& context, const Level2Options& options) {
  const mpi::StopSignals signals;
  const mpi::CostMeter meter(dynamic_cast<const mpi::MpiCommunicator&>(context.world));
  const StageList stages = make_stages(context.config.level2);
  check_order(stages);
  Level2Work work;
  std::vector<std::string> earlier;
  run_on_rank_zero(context.world, [&] {
    require_harmless(context.config.level2.noise_stats_level2.planck_map, ProbeDepth::sky_map);
    work = find_work(context);
    earlier = earlier_files(context, work);
  });
  const DeadlyList deadly = deadly_files(context.world, earlier, ProbeDepth::headers);
  if (context.options.dry_run) {
    run_on_rank_zero(context.world, [&] { show_dry_run(context, options, stages, deadly, work); });
    return kDone;
  }
  Level2Run run;
  run_on_rank_zero(context.world, [&] {
    if (makes_new_files(work)) prepare_output_directory(context.config.level2.output_dir);
    run.begin(context, work);
  });
  const auto left_by_signal = [&] {
    const bool is_waiting_for_others = run.handout && mpi::stop_requested() && !run.handout->left().empty();
    return context.world.sum(std::int64_t{is_waiting_for_others ? 1 : 0}) > 0;
  };
  const bool stopped = run_rounds(context, stages, deadly, run, work.observations) || left_by_signal();
  const RunCost cost = meter.cost(run.work());
  run_on_rank_zero(context.world, [&] { run.finish(context, stopped, cost); });
  if (stopped) return kStopped;
  const std::int64_t n_failed = run.progress ? run.progress->n_failed() : 0;
  return context.world.sum(n_failed) > 0 ? kSomeFailed : kDone;
}

}  // namespace

void add_level2_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  const auto own = std::make_shared<Level2Options>();
  CLI::App* app = add_leaf_command(
      program, commands, "level2",
      "Calibrate and filter Level-1 files into Level-2 files. To stop it, send SIGUSR1 to mpirun, srun or the "
      "process: the observations in hand are dropped, the exit code is 4, and the same command does the rest",
      "srun comap_mpi level2 config.toml",
      [own](const CommandContext& context) { return run_level2_command(context, *own); }, options);
  app->add_option("--format", own->format, "Of --dry-run: table or json")->check(CLI::IsMember({"table", "json"}));
}

}  // namespace comap
