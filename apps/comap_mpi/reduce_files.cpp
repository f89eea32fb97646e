#include "reduce_files.hpp"

#include "config/config_parser.hpp"
#include "core/json_bytes.hpp"
#include "level2_progress.hpp"
#include "mpi/level2_job.hpp"
#include "stages/stage_list.hpp"

namespace comap {

ReducedFiles reduce_files(const CommandContext& context, const Config& config,
                          const std::vector<Observation>& observations) {
  const StageList stages = make_stages(config.level2);
  check_fields(stages);
  const std::string text = config_of_product(config, Product::level2, all_stages());
  const auto with_empty_snapshot = [](const Observation& observation) -> std::optional<ObservationJob> {
    return ObservationJob{observation, {{"row", nlohmann::json::object()}, {"flags", nlohmann::json::array()}}, ""};
  };
  Level2Progress progress(std::ssize(observations), context.config.log.progress && !context.options.quiet);
  nlohmann::json complete = nlohmann::json::array();
  const auto handle = [&](const ObservationOutcome& outcome) {
    if (outcome.result.complete) complete.push_back({outcome.result.obsid, outcome.result.level2_path});
    progress.add(outcome);
  };
  ReducedFiles files;
  files.stopped = mpi::run_level2({config, text, stages, observations, with_empty_snapshot}, context.world, handle);
  Bytes bytes = to_bytes(complete);
  context.world.broadcast(bytes, 0);
  for (const auto& entry : from_bytes(bytes)) {
    files.level2[entry.at(0).get<std::int64_t>()] = entry.at(1).get<std::string>();
  }
  return files;
}

}  // namespace comap
