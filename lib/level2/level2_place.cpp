#include "level2/level2_place.hpp"

#include <fmt/core.h>

#include <filesystem>

#include "catalogue/inspect_file.hpp"
#include "config/config_parser.hpp"
#include "core/error.hpp"
#include "io/hdf5/h5.hpp"
#include "level2/level2_path.hpp"
#include "level2/provenance.hpp"
#include "stages/stage_list.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

std::string registered_path(const nlohmann::json& snapshot) {
  const auto row = snapshot.find("row");
  if (row == snapshot.end()) return "";
  const auto path = row->find("level2_path");
  return path != row->end() && path->is_string() ? path->get<std::string>() : "";
}

bool is_same_place(const std::string& one, const std::string& other) {
  return fs::absolute(one).lexically_normal() == fs::absolute(other).lexically_normal();
}

/// As far as a relative path tells, whose directory is not known any more.
bool lies_at(const std::string& file, const std::string& place) {
  const std::string normal = fs::path(place).lexically_normal().string();
  return normal.starts_with('/') ? file == normal : file.ends_with("/" + normal);
}

/// The file is where the run that made it has put it, and this run would put it elsewhere.
bool is_left_behind(const h5::File& file, const Level2Config& config, const Observation& observation) {
  const auto text = file.attribute("/", "configuration");
  if (!text) return false;
  try {
    const Level2Config own = parse_config(h5::to_text(*text), file.path(), {}, all_stages()).level2;
    return !is_same_place(own.output_dir, config.output_dir) && lies_at(file.path(), level2_path(own, observation));
  } catch (const ConfigError&) {
    return false;  // of another version
  }
}

/// Why a file that is there is not the one to be renewed; empty when it is.
std::string reason_against(const std::string& path, const Level2Config& config, const Observation& observation) {
  const FileFinding finding = inspect_file(path, DataLevel::level2);
  if (finding.obsid == 0) return finding.remarks.at(0);
  if (finding.obsid != observation.obsid) return fmt::format("belongs to observation {}", finding.obsid);
  const h5::File file = h5::File::open_read(path);
  if (!file.attribute("/", kCompleteAttribute)) return "was not made by comap_mpi";
  if (is_left_behind(file, config, observation)) return "was made with another level2.output_dir";
  return "";
}

}  // namespace

Level2Place level2_place(const Level2Config& config, const Observation& observation, const nlohmann::json& snapshot,
                         const std::function<std::string(const std::string& path)>& why_deadly) {
  const std::string own = level2_path(config, observation);
  const std::string registered = registered_path(snapshot);
  std::error_code error;
  if (registered.empty() || is_same_place(registered, own) || !fs::exists(registered, error)) return {own, ""};
  std::string reason = why_deadly(registered);
  try {
    if (reason.empty()) reason = reason_against(registered, config, observation);
  } catch (const IoError& failure) {
    reason = failure.what();
  }
  if (reason.empty()) return {registered, ""};
  return {own, fmt::format("the registered {} stays as it is ({})", registered, reason)};
}

}  // namespace comap
