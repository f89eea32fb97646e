#include "archive/verify.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <span>

#include "archive/path_changes.hpp"
#include "catalogue/inspect_file.hpp"
#include "catalogue/schema.hpp"
#include "catalogue/sql_reading.hpp"
#include "catalogue/sql_writing.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "core/stopping.hpp"
#include "level2/catalogue_snapshot.hpp"
#include "level2/rerun_plan.hpp"

namespace comap {

namespace {

constexpr std::size_t kObservationsPerRound = 100;  // for each rank: some MB of flags

/// One observation to look at, as rank 0 hands it out.
struct Question {
  Observation observation;
  std::string status;
  nlohmann::json snapshot;
  std::string following_level2_path;

  static auto members(auto& x) { return std::tie(x.observation, x.status, x.snapshot, x.following_level2_path); }
};

std::string name_of(FileState state) {
  switch (state) {
    case FileState::usable:
      return "usable";
    case FileState::missing:
      return "missing";
    case FileState::unreadable:
      return "unreadable";
    case FileState::damaged:
      return "damaged";
    case FileState::incomplete:
      return "incomplete";
    case FileState::foreign:
      return "foreign";
  }
  throw Bug("a state of a file without a name");
}

/// The files of an observation.
std::vector<InspectedFile> files_of(const Observation& observation) {
  std::vector<InspectedFile> files;
  if (!observation.level1_path.empty()) files.push_back({observation.level1_path, DataLevel::level1});
  if (!observation.level2_path.empty()) files.push_back({observation.level2_path, DataLevel::level2});
  return files;
}

/// The checks of one observation. `findings` are of its files, in their order.
class Inspection {
 public:
  Inspection(const Question& question, std::span<const FileFinding> findings, const StageList& stages, bool with_stages)
      : question_(question), findings_(findings), stages_(stages), with_stages_(with_stages) {}

  std::vector<VerifyProblem> run() {
    const Observation& observation = question_.observation;
    if (!observation.level1_path.empty()) check_file(findings_.front());
    if (observation.level2_path.empty()) {
      if (question_.status == "complete") {
        find("status_wrong", "", "is complete, but there is no Level-2 path", Repair::status_pending);
      }
    } else if (check_file(findings_.back())) {
      if (question_.status.empty() || question_.status == "pending") {
        find("status_wrong", observation.level2_path, "is not noted as complete, but the Level-2 file is",
             Repair::status_complete);
      }
      if (with_stages_) check_stages();
    }
    return std::move(problems_);
  }

 private:
  void find(const std::string& kind, const std::string& path, const std::string& reason, Repair repair) {
    problems_.push_back({question_.observation.obsid, kind, path, sql::storable_text(reason), repair});
  }

  bool check_file(FileFinding finding) {
    if (finding.state == FileState::usable && finding.obsid != question_.observation.obsid) {
      finding.state = FileState::foreign;
      finding.remarks = {fmt::format("belongs to observation {}", finding.obsid)};
    }
    if (finding.state == FileState::usable) return true;
    const bool is_level2 = finding.level == DataLevel::level2;
    const bool can_clear = is_level2 && finding.state != FileState::unreadable;
    find((is_level2 ? "level2_" : "level1_") + name_of(finding.state), finding.path, finding.remarks.at(0),
         can_clear ? Repair::clear_level2 : Repair::none);
    return false;
  }

  void check_stages() {
    const Observation& observation = question_.observation;
    std::string reason;
    try {
      const RerunPlan plan = plan_rerun({stages_, observation.level1_path, observation.level2_path, question_.snapshot,
                                         question_.following_level2_path});
      if (!plan.up_to_date()) reason = plan.text();
    } catch (const std::exception& error) {
      reason = error.what();
    }
    if (!reason.empty()) find("level2_outdated", observation.level2_path, reason, Repair::none);
  }

  const Question& question_;
  std::span<const FileFinding> findings_;
  const StageList& stages_;
  bool with_stages_;
  std::vector<VerifyProblem> problems_;
};

std::map<std::int64_t, std::string> all_status(Catalogue& catalogue) {
  std::map<std::int64_t, std::string> status;
  catalogue.read([&](sql::Connection& connection) {
    status.clear();
    if (connection.columns_of(sql::kSummaries).empty()) return;
    connection.stream(fmt::format("SELECT obsid, processing_status FROM {}", sql::kSummaries),
                      [&](const sql::Values& row) { status[sql::integer_of(row[0])] = sql::text_of(row[1]); });
  });
  return status;
}

/// The questions that rank 0 hands out, round after round.
class Questions {
 public:
  Questions(Catalogue& catalogue, const VerifyOptions& options)
      : catalogue_(catalogue),
        with_stages_(options.with_stages),
        observations_(catalogue.select(options.select)),
        status_(all_status(catalogue)) {}

  std::size_t size() const { return observations_.size(); }

  std::vector<Question> round(std::size_t first, std::size_t n) const {
    std::vector<Question> questions;
    for (std::size_t i = first; i < std::min(size(), first + n); ++i) questions.push_back(question(observations_[i]));
    return questions;
  }

 private:
  Question question(const Observation& observation) const {
    const auto found = status_.find(observation.obsid);
    Question question = {observation, found == status_.end() ? "" : found->second, {}, ""};
    if (with_stages_ && !observation.level2_path.empty()) {
      question.snapshot = catalogue_snapshot(catalogue_, observation.obsid);
      question.following_level2_path = following_level2_path(catalogue_, observation);
    }
    return question;
  }

  Catalogue& catalogue_;
  bool with_stages_;
  std::vector<Observation> observations_;
  std::map<std::int64_t, std::string> status_;
};

/// The problems that one rank finds in its share of the questions of a round.
std::vector<VerifyProblem> inspect(const std::vector<Question>& questions, const StageList& stages,
                                   const VerifyOptions& options) {
  std::vector<InspectedFile> files;
  for (const Question& question : questions)
    std::ranges::copy(files_of(question.observation), std::back_inserter(files));
  const std::vector<FileFinding> findings = inspect_files(files, options.deadly_files);
  std::vector<VerifyProblem> problems;
  std::span<const FileFinding> rest = findings;
  for (const Question& question : questions) {
    throw_when_stopped();
    const std::size_t n = files_of(question.observation).size();
    std::ranges::move(Inspection(question, rest.first(n), stages, options.with_stages).run(),
                      std::back_inserter(problems));
    rest = rest.subspan(n);
  }
  return problems;
}

}  // namespace

VerifyReport verify(Catalogue* catalogue, const StageList& stages, const VerifyOptions& options,
                    const Communicator& world) {
  VerifyReport report;
  std::unique_ptr<Questions> questions;
  run_on_rank_zero(world, [&] { questions = std::make_unique<Questions>(*catalogue, options); });
  const auto n_all = static_cast<std::size_t>(world.sum(questions ? static_cast<std::int64_t>(questions->size()) : 0));
  const auto rank = static_cast<std::size_t>(world.rank()), n_ranks = static_cast<std::size_t>(world.size());
  const std::size_t per_round = kObservationsPerRound * n_ranks;
  for (std::size_t first = 0; first < n_all; first += per_round) {
    const auto round = from_rank_zero(world, [&] { return questions->round(first, per_round); });
    std::vector<Question> my_share;
    for (std::size_t i = rank; i < round.size(); i += n_ranks) my_share.push_back(round[i]);
    std::vector<VerifyProblem> mine;
    world.run_agreed("catalogue verify", [&] { mine = inspect(my_share, stages, options); });
    std::ranges::move(joined(all_gather(world, mine)), std::back_inserter(report.problems));
    if (world.rank() == 0) log_info("verified {} of {} observations", std::min(n_all, first + per_round), n_all);
  }
  if (world.rank() != 0) return {};
  report.n_observations = static_cast<std::int64_t>(n_all);
  std::ranges::stable_sort(report.problems, {}, &VerifyProblem::obsid);
  return report;
}

namespace sql {

namespace {

std::vector<std::int64_t> obsids_of(const std::vector<VerifyProblem>& problems, Repair repair) {
  std::vector<std::int64_t> obsids;
  for (const VerifyProblem& one : problems) {
    if (one.repair == repair) obsids.push_back(one.obsid);
  }
  return obsids;
}

std::int64_t mark_pending(Connection& connection, const std::vector<std::int64_t>& obsids) {
  return connection.execute(fmt::format(
      "UPDATE {0} SET processing_status = 'pending' WHERE processing_status = 'complete' AND obsid IN (SELECT "
      "ours.obsid FROM {1} AS ours JOIN {2} AS new ON new.obsid = ours.obsid WHERE ours.level2_path IS NULL OR "
      "ours.level2_path = '')",
      kSummaries, kObservations, fill_obsids(connection, obsids)));
}

/// Those whose path is still the one that was looked into.
std::int64_t mark_complete(Connection& connection, const std::vector<VerifyProblem>& problems) {
  std::map<std::int64_t, std::string> paths, unchanged;
  for (const VerifyProblem& one : problems) {
    if (one.repair == Repair::status_complete) paths[one.obsid] = one.path;
  }
  const Result now = connection.query(
      fmt::format("SELECT obsid, level2_path FROM {} WHERE obsid IN (SELECT obsid FROM {})", kObservations,
                  fill_obsids(connection, obsids_of(problems, Repair::status_complete))));
  for (const Values& row : now.rows) {
    const auto found = paths.find(integer_of(row[0]));
    if (found != paths.end() && found->second == text_of(row[1])) unchanged.insert(*found);
  }
  register_level2(connection, unchanged);
  return std::ssize(unchanged);
}

}  // namespace

std::int64_t repair(Connection& connection, const std::vector<VerifyProblem>& problems) {
  std::vector<PathChange> cleared;
  for (const VerifyProblem& one : problems) {
    if (one.repair == Repair::clear_level2) cleared.push_back({one.obsid, one.path, ""});
  }
  return change_paths(connection, DataLevel::level2, cleared) +
         mark_pending(connection, obsids_of(problems, Repair::status_pending)) + mark_complete(connection, problems);
}

}  // namespace sql

}  // namespace comap
