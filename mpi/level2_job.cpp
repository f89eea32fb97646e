#include "mpi/level2_job.hpp"

#include <array>
#include <cstring>
#include <optional>

#include "core/error.hpp"
#include "core/json_bytes.hpp"
#include "core/log.hpp"
#include "core/stopping.hpp"
#include "level2/catalogue_values.hpp"
#include "mpi/observation_queue.hpp"
#include "mpi/parallel_file.hpp"
#include "mpi/stop_signal.hpp"
#include "mpi/team_layout.hpp"

namespace comap::mpi {
namespace {

std::string text_of(const ObservationJob& job) {
  return json_text({{"observation", to_json(job.observation)},
                    {"snapshot", job.snapshot},
                    {"following_level2_path", job.following_level2_path}});
}

ObservationJob job_of(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  return {observation_from_json(json.at("observation")), json.at("snapshot"),
          json.at("following_level2_path").get<std::string>()};
}

std::string text_of(const ObservationOutcome& outcome) {
  return json_text({{"status", static_cast<int>(outcome.status)},
                    {"result", to_json(outcome.result)},
                    {"seconds", outcome.seconds},
                    {"wall_s", outcome.wall_s},
                    {"tod_bytes", outcome.tod_bytes},
                    {"stored_bytes", outcome.stored_bytes},
                    {"team", outcome.team},
                    {"rank", outcome.rank}});
}

ObservationOutcome outcome_of(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  ObservationOutcome outcome;
  outcome.status = static_cast<ObservationOutcome::Status>(json.at("status").get<int>());
  outcome.result = result_from_json(json.at("result"));
  for (const auto& [stage, seconds] : json.at("seconds").items()) outcome.seconds[stage] = seconds.get<double>();
  json.at("wall_s").get_to(outcome.wall_s);
  json.at("tod_bytes").get_to(outcome.tod_bytes);
  json.at("stored_bytes").get_to(outcome.stored_bytes);
  json.at("team").get_to(outcome.team);
  json.at("rank").get_to(outcome.rank);
  return outcome;
}

/// Seconds by stage, summed over the ranks of the team.
void sum_seconds(ObservationOutcome& outcome, const Communicator& team) {
  const std::string mine = nlohmann::json(outcome.seconds).dump();
  Bytes bytes(mine.size());
  std::memcpy(bytes.data(), mine.data(), mine.size());
  StageSeconds sums;
  for (const Bytes& from : team.all_gather(bytes)) {
    const std::string_view text(reinterpret_cast<const char*>(from.data()), from.size());
    const auto seconds_of_rank = nlohmann::json::parse(text);
    for (const auto& [stage, seconds] : seconds_of_rank.items()) sums[stage] += seconds.get<double>();
  }
  outcome.seconds = std::move(sums);
}

/// The work of one team: takes jobs until there are none.
class TeamLoop {
 public:
  TeamLoop(const Level2Job& job, const MpiCommunicator& team, int team_index, int world_rank, ObservationServer* server,
           ObservationClient* client)
      : team_(team),
        team_index_(team_index),
        world_rank_(world_rank),
        server_(server),
        client_(client),
        files_(team, job.config.io.mpi_hints),
        tools_{job.config, job.config_text, job.stages,     team,
               files_,     job.probe,       job.why_deadly, [this] { between_blocks(); }} {}

  void run() {
    while (const auto text = next_job()) {
      const ObservationJob job = job_of(*text);
      const ScopedLogContext context({world_rank_, team_index_, job.observation.obsid, ""});
      ObservationOutcome outcome = process_observation(job, tools_);
      sum_seconds(outcome, team_);
      if (team_.rank() == 0) hand_in(outcome);
    }
  }

 private:
  /// The same text on every rank of the team; rank 0 of the team gets it from rank 0 of the world. After a signal
  /// the jobs that still come go back as stopped.
  std::optional<std::string> next_job() {
    while (true) {
      std::array<double, 1> stop = {stop_requested() ? 1.0 : 0.0};
      team_.max(stop);
      const std::string text = broadcast_text(team_, team_.rank() == 0 ? ask_for_job() : "");
      if (text.empty()) return std::nullopt;
      if (stop[0] == 0.0) return text;
      ObservationOutcome outcome;
      outcome.status = ObservationOutcome::Status::stopped;
      outcome.result.obsid = job_of(text).observation.obsid;
      if (team_.rank() == 0) hand_in(outcome);
    }
  }

  std::string ask_for_job() {
    if (server_ == nullptr) return client_->next().value_or("");
    server_->serve();
    return server_->next().value_or("");
  }

  void hand_in(ObservationOutcome outcome) {
    outcome.team = team_index_;
    outcome.rank = world_rank_;
    if (server_ != nullptr) {
      server_->accept(text_of(outcome));
      server_->serve();
    } else {
      client_->send_result(text_of(outcome));
    }
  }

  void between_blocks() {
    if (server_ != nullptr) server_->serve();
    throw_when_stopped();
  }

  const MpiCommunicator& team_;
  int team_index_;
  int world_rank_;
  ObservationServer* server_;  ///< on rank 0 of the world
  ObservationClient* client_;  ///< on the other team roots
  ParallelFiles files_;
  Level2Tools tools_;
};

}  // namespace

bool run_level2(const Level2Job& job, const Communicator& world, const OutcomeHandler& handle) {
  const auto& ranks = dynamic_cast<const MpiCommunicator&>(world);
  const StopSignals signals;
  const auto n_jobs = world.sum(static_cast<std::int64_t>(job.observations.size()));
  const std::vector<int> teams = team_of_ranks(ranks.size(), n_jobs, job.config.parallel.ranks_per_observation);
  const int team_index = teams[static_cast<std::size_t>(ranks.rank())];
  const MpiCommunicator messages = ranks.split(0, ranks.rank());
  const MpiCommunicator team = ranks.split(team_index, ranks.rank());

  bool stopped = stop_requested();
  std::optional<ObservationServer> server;
  std::optional<ObservationClient> client;
  if (ranks.rank() == 0) {
    const auto next_text = [&job, next = std::size_t{0}]() mutable -> std::optional<std::string> {
      while (next < job.observations.size()) {
        if (const auto prepared = job.prepare(job.observations[next++])) return text_of(*prepared);
      }
      return std::nullopt;
    };
    server.emplace(messages, next_text, teams.back(), [&](const std::string& result) {
      const ObservationOutcome outcome = outcome_of(result);
      if (outcome.status == ObservationOutcome::Status::stopped) stopped = true;
      handle(outcome);
    });
    log_info("{} observations, {} ranks in {} teams", n_jobs, ranks.size(), teams.back() + 1);
  } else if (team.rank() == 0) {
    client.emplace(messages);
  }
  TeamLoop(job, team, team_index, ranks.rank(), server ? &*server : nullptr, client ? &*client : nullptr).run();
  if (server) server->serve_until_all_done();
  restful_barrier(ranks);
  std::array<double, 1> any_stopped = {stopped ? 1.0 : 0.0};
  world.max(any_stopped);
  return any_stopped[0] > 0.0;
}

}  // namespace comap::mpi
