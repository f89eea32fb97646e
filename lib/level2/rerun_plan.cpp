#include "level2/rerun_plan.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "core/error.hpp"
#include "io/level1/level1_metadata.hpp"

namespace comap {
namespace {

/// "prior_sigma 0.0 -> 0.001": what differs between two sets of parameters.
std::string differences(const nlohmann::json& earlier, const nlohmann::json& now) {
  std::vector<std::string> changes;
  for (const auto& [key, value] : now.items()) {
    const auto old = earlier.find(key);
    if (old == earlier.end()) {
      changes.push_back(fmt::format("{} is new", key));
    } else if (*old != value) {
      changes.push_back(fmt::format("{} {} -> {}", key, old->dump(), value.dump()));
    }
  }
  for (const auto& [key, value] : earlier.items()) {
    if (!now.contains(key)) changes.push_back(fmt::format("{} is gone", key));
  }
  return fmt::format("{}", fmt::join(changes, ", "));
}

/// Which of the files that an observation is made from is another one.
std::string reason_of_files(const StageRecord& earlier, const StageRecord& now) {
  nlohmann::json old = earlier.inputs.value("level1", nlohmann::json::object());
  nlohmann::json current = now.inputs.at("level1");
  for (nlohmann::json* identity : {&old, &current}) identity->erase(std::string(kFollowingLevel2));
  return old == current ? "the Level-2 file of the next observation has changed" : "the Level-1 file has changed";
}

/// Why the record of a stage is not what it would be now; empty when it is.
std::string reason_of_record(const StageRecord& now, const std::map<std::string, StageRecord>& earlier) {
  const auto found = earlier.find(now.stage);
  if (found == earlier.end()) return "has not run";
  const StageRecord& old = found->second;
  if (old.software_version != now.software_version) return fmt::format("made by version {}", old.software_version);
  if (old.parameters != now.parameters) return differences(old.parameters, now.parameters);
  if (old.inputs.value("level1", nlohmann::json()) != now.inputs.at("level1")) return reason_of_files(old, now);
  if (old.inputs != now.inputs) return "its inputs have changed";
  return "";
}

/// Everything that these stages have written.
std::set<std::string> datasets_of(const RerunPlan& plan, const std::vector<std::string>& stages) {
  std::set<std::string> paths;
  for (const std::string& stage : stages) {
    for (const StageOutput& output : plan.earlier.at(stage).outputs) paths.insert(output.path);
  }
  return paths;
}

std::string reason_of_dropped(const RerunPlan& plan, const std::string& stage) {
  const auto record = plan.earlier.find(stage);
  if (record == plan.earlier.end() || plan.dropped.empty()) return "";
  const std::set<std::string> touched = datasets_of(plan, plan.dropped);
  const auto is_touched = [&](const StageOutput& output) { return touched.contains(output.path); };
  if (!std::ranges::any_of(record->second.outputs, is_touched)) return "";
  return fmt::format("{} has changed its results and is no longer in the pipeline", fmt::join(plan.dropped, ", "));
}

bool needs_level1(const Stage& stage) {
  const Deliveries asks = stage.deliveries();
  return asks.level1_metadata || asks.vane_samples || asks.scan_samples || asks.between_scans;
}

void decide(const RerunQuestion& question, RerunPlan& plan) {
  const Providers providers(question.stages);
  for (std::size_t i = 0; i < question.stages.size(); ++i) {
    const Stage& stage = *question.stages[i];
    std::string reason;
    if (stage.settings.overwrite) reason = "overwrite = true";
    if (reason.empty()) reason = reason_of_record(plan.records[i], plan.earlier);
    if (reason.empty()) reason = reason_of_dropped(plan, plan.records[i].stage);
    const auto record = plan.earlier.find(plan.records[i].stage);
    bool same_data = record != plan.earlier.end() && record->second.inputs == plan.records[i].inputs;
    for (const std::size_t source : providers.of(i)) {
      if (!plan.runs(source)) continue;
      same_data = false;
      reason = fmt::format("after {}", plan.records[source].stage);
    }
    // The snapshot holds what the other stages say to the catalogue.
    const bool any_runs = std::ranges::any_of(plan.reasons, [](const std::string& other) { return !other.empty(); });
    if (reason.empty() && stage.copies_catalogue() && any_runs) reason = "after the others";
    plan.reuses.push_back(reason.empty() || (same_data && !needs_level1(stage)));
    plan.reasons.push_back(std::move(reason));
  }
}

/// The records of a file that can be kept, or why there is none.
void read_earlier(const std::string& path, const std::string& deadly, RerunPlan& plan) {
  if (!deadly.empty()) {
    plan.no_earlier_file = fmt::format("the Level-2 file cannot be read: {}", deadly);
    return;
  }
  if (!std::filesystem::exists(path)) {
    plan.no_earlier_file = "no Level-2 file";
    return;
  }
  try {
    const h5::File file = h5::File::open_read(path);
    const auto mark = file.attribute("/", kCompleteAttribute);
    if (!mark || h5::to_number(*mark) != 1.0) {
      plan.no_earlier_file = "the Level-2 file is not complete";
      return;
    }
    plan.earlier = read_stage_records(file);
    plan.needs_level1 = !has_level1_copies(file);
  } catch (const IoError& error) {
    plan.no_earlier_file = fmt::format("the Level-2 file cannot be read: {}", error.what());
    plan.earlier.clear();
  }
}

/// Identity of the Level-1 file; when it cannot be seen, that of the Level-2 file's records, and the error.
nlohmann::json identity_or_recorded(const RerunQuestion& question, const RerunPlan& plan,
                                    std::optional<IoError>& error) {
  try {
    return input_identity(question.level1_path, question.following_level2_path);
  } catch (const IoError& missing) {
    if (plan.earlier.empty()) throw;
    error = missing;
    return plan.earlier.begin()->second.inputs.value("level1", nlohmann::json());
  }
}

}  // namespace

bool RerunPlan::up_to_date() const {
  return no_earlier_file.empty() && dropped.empty() &&
         std::ranges::all_of(reasons, [](const std::string& reason) { return reason.empty(); });
}

std::string RerunPlan::text() const {
  if (up_to_date()) return "up to date";
  if (!no_earlier_file.empty()) return fmt::format("all stages ({})", no_earlier_file);
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    if (runs(i)) parts.push_back(fmt::format("{} ({})", records[i].stage, reasons[i]));
  }
  for (const std::string& stage : dropped) parts.push_back(fmt::format("without {}", stage));
  return fmt::format("{}", fmt::join(parts, "; "));
}

RerunPlan plan_rerun(const RerunQuestion& question) {
  RerunPlan plan;
  read_earlier(question.level2_path, question.deadly, plan);
  std::optional<IoError> level1_error;
  const nlohmann::json level1 = identity_or_recorded(question, plan, level1_error);
  plan.records = expected_records(question.stages, level1, question.snapshot);
  for (const auto& [stage, record] : plan.earlier) {
    if (std::ranges::find(plan.records, stage, &StageRecord::stage) == plan.records.end()) {
      plan.dropped.push_back(stage);
    }
  }
  decide(question, plan);
  for (std::size_t i = 0; i < plan.reasons.size(); ++i) {
    plan.needs_level1 = plan.needs_level1 || (plan.runs(i) && needs_level1(*question.stages[i]));
  }
  const bool all_run = std::ranges::none_of(plan.reasons, [](const std::string& reason) { return reason.empty(); });
  if (plan.no_earlier_file.empty() && all_run) plan.no_earlier_file = plan.reasons.front();
  if (!plan.no_earlier_file.empty()) {
    plan.earlier.clear();
    plan.dropped.clear();
    plan.reasons.assign(plan.records.size(), plan.no_earlier_file);
    plan.reuses.assign(plan.records.size(), false);
    plan.needs_level1 = true;
  }
  if (level1_error && plan.needs_level1 && !plan.up_to_date()) throw *level1_error;
  return plan;
}

}  // namespace comap
