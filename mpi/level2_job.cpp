#include "mpi/level2_job.hpp"

#include <array>
#include <optional>

#include "core/error.hpp"
#include "core/log.hpp"
#include "core/message.hpp"
#include "core/stopping.hpp"
#include "mpi/observation_queue.hpp"
#include "mpi/parallel_file.hpp"
#include "mpi/stop_signal.hpp"
#include "mpi/team_layout.hpp"

namespace comap::mpi {
namespace {

/// Seconds by stage, summed over the ranks of the team.
void sum_seconds(ObservationOutcome& outcome, const Communicator& team) {
  StageSeconds sums;
  for (const StageSeconds& of_rank : all_gather(team, outcome.seconds)) {
    for (const auto& [stage, seconds] : of_rank) sums[stage] += seconds;
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
    while (const auto job_or_none = next_job()) {
      const ObservationJob& job = *job_or_none;
      const ScopedLogContext context({world_rank_, team_index_, job.observation.obsid, ""});
      ObservationOutcome outcome = process_observation(job, tools_);
      sum_seconds(outcome, team_);
      if (team_.rank() == 0) hand_in(outcome);
    }
  }

 private:
  /// The same on every rank of the team; rank 0 of the team gets it from rank 0 of the world. After a signal the jobs
  /// that still come go back as stopped.
  std::optional<ObservationJob> next_job() {
    while (true) {
      std::array<double, 1> stop = {stop_requested() ? 1.0 : 0.0};
      team_.max(stop);
      const Bytes bytes = share(team_, team_.rank() == 0 ? ask_for_job() : Bytes());
      if (bytes.empty()) return std::nullopt;
      auto job = unpack<ObservationJob>(bytes);
      if (stop[0] == 0.0) return job;
      ObservationOutcome outcome;
      outcome.status = ObservationOutcome::Status::stopped;
      outcome.result.obsid = job.observation.obsid;
      if (team_.rank() == 0) hand_in(outcome);
    }
  }

  Bytes ask_for_job() {
    if (server_ == nullptr) return client_->next();
    server_->serve();
    return server_->next();
  }

  void hand_in(ObservationOutcome outcome) {
    outcome.team = team_index_;
    outcome.rank = world_rank_;
    if (server_ != nullptr) {
      server_->accept(pack(outcome));
      server_->serve();
    } else {
      client_->send_result(pack(outcome));
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
  const int team_index = teams[ranks.rank()];
  const MpiCommunicator messages = ranks.split(0, ranks.rank());
  const MpiCommunicator team = ranks.split(team_index, ranks.rank());

  bool stopped = stop_requested();
  std::optional<ObservationServer> server;
  std::optional<ObservationClient> client;
  if (ranks.rank() == 0) {
    const auto next_job = [&job, next = std::size_t{0}]() mutable {
      while (next < job.observations.size()) {
        if (const auto prepared = job.prepare(job.observations[next++])) return pack(*prepared);
      }
      return Bytes();
    };
    server.emplace(messages, next_job, teams.back(), [&](const Bytes& result) {
      const auto outcome = unpack<ObservationOutcome>(result);
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
