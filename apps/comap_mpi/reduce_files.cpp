#include "reduce_files.hpp"

#include "config/config_parser.hpp"
#include "core/message.hpp"
#include "level2_progress.hpp"
#include "mpi/level2_job.hpp"
#include "stages/stage_list.hpp"

namespace comap {

ReducedFiles reduce_files(const CommandContext& context, const Config& config,
                          const std::vector<Observation>& observations) {
  const StageList stages = make_stages(config.level2);
  check_order(stages);
  const std::string text = config_of_product(config, Product::level2, all_stages());
  const auto with_empty_snapshot = [](const Observation& observation) -> std::optional<ObservationJob> {
    return ObservationJob{observation, {{"row", nlohmann::json::object()}, {"flags", nlohmann::json::array()}}, ""};
  };
  Level2Progress progress(std::ssize(observations), context.config.log.progress && !context.options.quiet);
  ReducedFiles files;
  const auto handle = [&](const ObservationOutcome& outcome) {
    if (outcome.result.complete) files.level2[outcome.result.obsid] = outcome.result.level2_path;
    progress.add(outcome);
  };
  files.stopped = mpi::run_level2({config, text, stages, observations, with_empty_snapshot}, context.world, handle);
  files.level2 = share(context.world, files.level2);
  return files;
}

}  // namespace comap
