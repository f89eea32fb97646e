#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "catalogue/catalogue.hpp"
#include "catalogue/row_json.hpp"
#include "command.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "level2/level2_path.hpp"
#include "level2/rerun_plan.hpp"
#include "level2_progress.hpp"
#include "mpi/level2_job.hpp"
#include "result_journal.hpp"
#include "stages/stage_registry.hpp"

namespace comap {
namespace {

/// What only rank 0 has: the catalogue and what it knows of the observations to do.
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
  work.catalogue = open_catalogue(context.config.catalogue);
  work.catalogue->initialize();
  work.observations = work.catalogue->select(context.config.select);
  const auto without_path =
      std::erase_if(work.observations, [](const Observation& observation) { return observation.level1_path.empty(); });
  if (without_path > 0) log_warning("{} selected observations have no Level-1 path and are left out", without_path);
  if (work.observations.empty()) log_warning("no observation of {} matches [select]", work.catalogue->description());
  order_by_size(work.observations);
  return work;
}

nlohmann::json snapshot_of(Catalogue& catalogue, const Observation& observation) {
  nlohmann::json flags = nlohmann::json::array();
  for (const Row& row : catalogue.rows_of("quality_flags", observation.obsid)) flags.push_back(json_of(row));
  const auto row = catalogue.row(observation.obsid);
  return {{"row", row ? json_of(*row) : nlohmann::json::object()}, {"flags", std::move(flags)}};
}

std::string what_would_be_done(const CommandContext& context, const StageList& stages, Catalogue& catalogue,
                               const Observation& observation) {
  try {
    const std::string path = level2_path(context.config.level2, observation);
    const nlohmann::json snapshot = snapshot_of(catalogue, observation);
    const RerunPlan plan = plan_rerun({context.config.level2, stages, observation.level1_path, path, snapshot});
    if (plan.up_to_date()) return "up to date: " + path;
    return fmt::format("would run {}{}: {}", plan.text(), plan.needs_level1 ? "" : "; without Level-1", path);
  } catch (const Error& error) {
    return fmt::format("would fail: {}", error.what());
  }
}

void show_dry_run(const CommandContext& context, const StageList& stages, const Level2Work& work) {
  for (const Observation& observation : work.observations) {
    fmt::print("{}\t{}\t{}\n", observation.obsid, observation.source,
               what_would_be_done(context, stages, *work.catalogue, observation));
  }
}

void write_summary(const CommandContext& context, const Level2Progress& progress) {
  fmt::print("{}", progress.table());
  const auto path = std::filesystem::path(context.config.log.directory) / "level2_summary.json";
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path);
  file << progress.json() << '\n';
  if (!file) log_warning("{}: cannot write the summary", path.string());
}

int run_level2_command(const CommandContext& context) {
  const StageList stages = make_stages(context.config.level2);
  check_fields(stages);
  Level2Work work;
  run_on_rank_zero(context.world, [&] { work = find_work(context); });
  if (context.options.dry_run) {
    run_on_rank_zero(context.world, [&] { show_dry_run(context, stages, work); });
    return kDone;
  }
  std::unique_ptr<ResultJournal> journal;
  std::unique_ptr<Level2Progress> progress;
  run_on_rank_zero(context.world, [&] {
    journal = std::make_unique<ResultJournal>(*work.catalogue, context.config.log);
    journal->apply_left_over();
    progress = std::make_unique<Level2Progress>(static_cast<std::int64_t>(work.observations.size()),
                                                context.config.log.progress && !context.options.quiet);
  });
  const auto handle = [&](const ObservationOutcome& outcome) {
    const bool is_result = outcome.status != ObservationOutcome::Status::stopped;
    if (is_result && (outcome.result.complete || !outcome.result.error.empty())) journal->record(outcome.result);
    progress->add(outcome);
  };
  const auto snapshot = [&](const Observation& observation) { return snapshot_of(*work.catalogue, observation); };
  const mpi::Level2Job job{context.config, context.config_text, stages, work.observations, snapshot};
  const bool stopped = mpi::run_level2(job, context.world, handle);

  std::int64_t n_failed = 0;
  run_on_rank_zero(context.world, [&] {
    write_summary(context, *progress);
    n_failed = progress->n_failed();
    if (stopped) {
      log_warning("stopped by a signal: {} observations are left; run the same command again", progress->n_left());
    }
  });
  if (stopped) return kStopped;
  return context.world.sum(n_failed) > 0 ? kSomeFailed : kDone;
}

}  // namespace

void add_level2_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  add_leaf_command(program, commands, "level2", "Calibrate and filter Level-1 files into Level-2 files",
                   "srun comap_mpi level2 config.toml", run_level2_command, options);
}

}  // namespace comap
