#include "acquire/acquire_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "catalogue/file_search.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

class Planner {
 public:
  Planner(const std::vector<Observation>& known, const AcquireChoice& choice) : choice_(choice) {
    for (const Observation& one : known) known_[one.obsid] = &one;
  }

  PlannedFile decide(const ListedFile& file) {
    std::string reason = why_not(file);
    if (!reason.empty()) return {file, false, std::move(reason)};
    lines_[file.obsid] = file.line;
    return {file, true, why(file.obsid)};
  }

 private:
  std::string why_not(const ListedFile& file) const {
    if (!choice_.obsids.empty() && std::ranges::find(choice_.obsids, file.obsid) == choice_.obsids.end()) {
      return "not asked for";
    }
    if (file.obsid < choice_.min_obsid) return fmt::format("below min_obsid {}", choice_.min_obsid);
    if (source_group_of(file.target, file.comment) == "CO") return "CO";
    const auto listed = lines_.find(file.obsid);
    if (listed != lines_.end()) return fmt::format("also on line {}, which is taken", listed->second);
    return why_known(registered_path(file.obsid));
  }

  std::string why_known(const std::string& path) const {
    if (path.empty()) return "";
    if (presence_of(path) != Presence::gone) return "in the catalogue: " + path;
    if (choice_.fetch_lost || presence_of(fs::path(path).parent_path()) != Presence::gone) return "";
    return fmt::format("in the catalogue, but the directory of {} is gone: is its disk mounted? (--lost fetches it)",
                       path);
  }

  std::string why(std::int64_t obsid) const {
    if (!known_.contains(obsid)) return "not in the catalogue";
    const std::string path = registered_path(obsid);
    return path.empty() ? "has no Level-1 file" : "its file is gone: " + path;
  }

  std::string registered_path(std::int64_t obsid) const {
    const auto found = known_.find(obsid);
    return found == known_.end() ? "" : found->second->level1_path;
  }

  const AcquireChoice& choice_;
  std::map<std::int64_t, const Observation*> known_;
  std::map<std::int64_t, int> lines_;  ///< of what is wanted
};

}  // namespace

std::vector<PlannedFile> plan_acquisition(const std::vector<ListedFile>& files, const std::vector<Observation>& known,
                                          const AcquireChoice& choice) {
  Planner planner(known, choice);
  std::vector<PlannedFile> plan;
  for (const ListedFile& file : files) plan.push_back(planner.decide(file));
  return plan;
}

}  // namespace comap
