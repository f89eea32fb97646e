#include "archive/scan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "catalogue/sql_writing.hpp"
#include "core/rank_zero.hpp"

namespace comap {

namespace {

void append(std::vector<FileProblem>& all, const std::vector<FileProblem>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

std::vector<InspectedFile> find_candidates(const ScanOptions& options, ScanReport& report) {
  std::vector<InspectedFile> candidates;
  for (const DataLevel level : {DataLevel::level1, DataLevel::level2}) {
    const bool is_level1 = level == DataLevel::level1;
    FoundFiles found = find_files(is_level1 ? options.level1_dirs : options.level2_dirs, level);
    (is_level1 ? report.n_level1_files : report.n_level2_files) = static_cast<std::int64_t>(found.paths.size());
    append(report.problems, found.problems);
    for (std::string& path : found.paths) candidates.push_back({std::move(path), level});
  }
  return candidates;
}

/// Every rank inspects its share; rank 0 gets all, in order of path.
std::vector<FileFinding> inspect_shared(const std::vector<InspectedFile>& candidates, const ScanOptions& options,
                                        const Communicator& world) {
  const std::size_t rank = world.rank();
  const std::size_t n_ranks = world.size();
  std::vector<InspectedFile> share;
  for (std::size_t i = rank; i < candidates.size(); i += n_ranks) share.push_back(candidates[i]);
  std::vector<FileFinding> mine;
  world.run_agreed("catalogue scan", [&] { mine = inspect_files(share, options.deadly_files); });
  std::vector<FileFinding> all = joined(gather(world, mine));
  std::sort(all.begin(), all.end(), [](const FileFinding& a, const FileFinding& b) { return a.path < b.path; });
  return all;
}

/// The file of each obsid: the registered one, else the first.
class Chosen {
 public:
  void offer(const FileFinding& finding, const std::string& registered, std::vector<FileProblem>& problems) {
    const auto [place, is_first] = by_obsid_.try_emplace(finding.obsid, &finding);
    if (is_first) return;
    const FileFinding* other = &finding;
    if (finding.path == registered) std::swap(place->second, other);
    problems.push_back(
        {other->path, fmt::format("observation {} also has {}, which is taken", finding.obsid, place->second->path)});
  }
  const std::map<std::int64_t, const FileFinding*>& all() const { return by_obsid_; }

 private:
  std::map<std::int64_t, const FileFinding*> by_obsid_;
};

class Planner {
 public:
  Planner(const std::vector<Observation>& known, bool overwrite, std::vector<FileProblem>& problems)
      : overwrite_(overwrite), problems_(problems) {
    for (const Observation& one : known) known_[one.obsid] = &one;
  }

  ScanPlan plan(const std::vector<FileFinding>& findings) {
    for (const FileFinding& finding : findings) take(finding);
    for (const auto& [obsid, finding] : level1_.all()) plan_level1(obsid, *finding);
    for (const auto& [obsid, finding] : level2_.all()) plan_level2(obsid, *finding);
    for (const auto& [obsid, observation] : known_) plan_gone(*observation);
    return std::move(plan_);
  }

 private:
  std::string registered(std::int64_t obsid, DataLevel level) const {
    const auto found = known_.find(obsid);
    if (found == known_.end()) return "";
    return level == DataLevel::level1 ? found->second->level1_path : found->second->level2_path;
  }

  void take(const FileFinding& finding) {
    for (const std::string& remark : finding.remarks) problems_.push_back({finding.path, sql::storable_text(remark)});
    if (finding.obsid == 0) return;
    Chosen& chosen = finding.level == DataLevel::level1 ? level1_ : level2_;
    chosen.offer(finding, registered(finding.obsid, finding.level), problems_);
  }

  void add_row(const FileFinding& finding) {
    if (!known_.contains(finding.obsid)) ++plan_.n_new;
    plan_.rows.push_back(finding.row);
  }

  /// True when the registered file may be replaced by another one that was found.
  bool may_replace(const FileFinding& finding) {
    const std::string old = registered(finding.obsid, finding.level);
    if (old.empty() || overwrite_ || presence_of(old) == Presence::gone) return true;
    problems_.push_back({finding.path, fmt::format("observation {} is registered with {}, which stays (--overwrite "
                                                   "takes the new one)",
                                                   finding.obsid, old)});
    return false;
  }

  void plan_level1(std::int64_t obsid, const FileFinding& finding) {
    const std::string old = registered(obsid, DataLevel::level1);
    add_row(finding);
    if (old == finding.path) return;
    if (old.empty()) {
      plan_.rows.back()["level1_path"] = finding.path;
    } else if (may_replace(finding)) {
      plan_.moved.push_back({{"obsid", obsid}, {"level1_path", finding.path}});
    }
  }

  void plan_level2(std::int64_t obsid, const FileFinding& finding) {
    if (!known_.contains(obsid) && !level1_.all().contains(obsid)) add_row(finding);
    if (registered(obsid, DataLevel::level2) != finding.path && may_replace(finding)) {
      plan_.level2[obsid] = finding.path;
    }
  }

  void plan_gone(const Observation& observation) {
    if (observation.level2_path.empty() || plan_.level2.contains(observation.obsid)) return;
    const auto found = level2_.all().find(observation.obsid);
    if (found != level2_.all().end() && found->second->path == observation.level2_path) return;
    const Presence presence = presence_of(observation.level2_path);
    if (presence == Presence::gone) plan_.gone.push_back(observation.obsid);
    if (presence == Presence::unknown) {
      problems_.push_back({observation.level2_path, "is registered but cannot be looked at; it stays registered"});
    }
  }

  bool overwrite_;
  std::vector<FileProblem>& problems_;
  std::map<std::int64_t, const Observation*> known_;
  Chosen level1_, level2_;
  ScanPlan plan_;
};

/// A dry run may meet a catalogue that has not been created.
std::vector<Observation> known_observations(Catalogue& catalogue) {
  const std::vector<std::string> missing = catalogue.missing_tables();
  if (std::find(missing.begin(), missing.end(), "comap_data") != missing.end()) return {};
  return catalogue.select({});
}

void write_plan(Catalogue& catalogue, const ScanOptions& options, const ScanPlan& plan) {
  if (!plan.gone.empty()) catalogue.clear_level2(plan.gone, options.clear_statistics);
  if (!plan.rows.empty()) catalogue.upsert_observations(plan.rows, options.overwrite);
  if (!plan.moved.empty()) catalogue.upsert_observations(plan.moved, true);
  if (plan.level2.empty()) return;
  catalogue.change([&](sql::Connection& connection) { sql::register_level2(connection, plan.level2); });
}

}  // namespace

ScanPlan plan_scan(const std::vector<FileFinding>& findings, const std::vector<Observation>& known, bool overwrite,
                   std::vector<FileProblem>& problems) {
  return Planner(known, overwrite, problems).plan(findings);
}

ScanReport scan_files(Catalogue* catalogue, const ScanOptions& options, const Communicator& world) {
  ScanReport report;
  const auto candidates = from_rank_zero(world, [&] { return find_candidates(options, report); });
  const std::vector<FileFinding> findings = inspect_shared(candidates, options, world);
  run_on_rank_zero(world, [&] {
    // Who may not create tables may scan into those that are there.
    if (!options.dry_run && !catalogue->missing_tables().empty()) catalogue->initialize();
    report.plan = plan_scan(findings, known_observations(*catalogue), options.overwrite, report.problems);
    if (!options.dry_run) write_plan(*catalogue, options, report.plan);
  });
  std::stable_sort(report.problems.begin(), report.problems.end(),
                   [](const FileProblem& a, const FileProblem& b) { return a.path < b.path; });
  return report;
}

}  // namespace comap
