#include "level2/provenance.hpp"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/error.hpp"
#include "core/version.hpp"

namespace comap {
namespace {

/// The part of the catalogue that finalize_metadata copies, without what this program writes there and without places
/// of files.
nlohmann::json catalogue_identity(const nlohmann::json& snapshot) {
  nlohmann::json row = snapshot.value("row", nlohmann::json::object());
  for (const char* column : {"level1_path", "level2_path"}) row.erase(column);
  nlohmann::json flags = nlohmann::json::array();
  for (const auto& flag : snapshot.value("flags", nlohmann::json::array())) {
    const auto good = flag.find("is_good");
    const bool is_good = good == flag.end() || !good->is_boolean() || good->get<bool>();
    const auto comment = flag.find("comment");
    const bool has_comment = comment != flag.end() && comment->is_string();
    if (is_good && !has_comment) continue;
    flags.push_back({flag.value("pixel", 0), flag.value("frequency_band", 0), is_good,
                     has_comment ? comment->get<std::string>() : std::string()});
    const auto source = flag.find("flag_source");
    if (source != flag.end() && source->is_string()) flags.back().push_back(*source);
  }
  return {{"row", std::move(row)}, {"flags", std::move(flags)}};
}

/// Name, size and time of change of a file.
nlohmann::json identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    throw IoError(fmt::format("{}: {}", path, std::strerror(errno)), errno == EIO || errno == ESTALE);
  }
  return {{"name", std::filesystem::path(path).filename().string()},
          {"bytes", status.st_size},
          {"changed_s", status.st_mtim.tv_sec}};
}

/// Tells whether the calibration in a Level-2 file is another one: not the file as a whole, of which other stages
/// may have been done again.
nlohmann::json calibration_identity(const std::string& level2_path) {
  nlohmann::json identity = {{"name", std::filesystem::path(level2_path).filename().string()}};
  try {
    const auto records = read_stage_records(h5::File::open_read(level2_path));
    const auto record = records.find("system_temperature");
    if (record != records.end()) identity["system_temperature"] = digest(record->second);
  } catch (const IoError&) {  // the stage that reads it says what is wrong
  }
  return identity;
}

}  // namespace

nlohmann::json input_identity(const std::string& level1_path, const std::string& following_level2_path) {
  nlohmann::json identity = identity_of(level1_path);
  std::error_code error;
  if (!following_level2_path.empty() && std::filesystem::exists(following_level2_path, error)) {
    identity[std::string(kFollowingLevel2)] = calibration_identity(following_level2_path);
  }
  return identity;
}

Providers::Providers(const StageList& stages) {
  std::map<std::string_view, std::size_t> by_path, by_name;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    std::vector<std::size_t>& of_stage = providers_.emplace_back();
    for (const level2::Dataset* dataset : stages[i]->reads()) {
      const auto replaced = by_path.find(dataset->path);
      const std::size_t maker = replaced != by_path.end() ? replaced->second : by_name.at(dataset->stage);
      if (std::ranges::find(of_stage, maker) == of_stage.end()) of_stage.push_back(maker);
    }
    for (const level2::Dataset* dataset : stages[i]->writes()) by_path[dataset->path] = i;
    by_name[stages[i]->name()] = i;
  }
}

std::vector<StageRecord> expected_records(const StageList& stages, const nlohmann::json& level1,
                                          const nlohmann::json& snapshot) {
  std::vector<StageRecord> records;
  const Providers providers(stages);
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const Stage& stage = *stages[i];
    StageRecord record{std::string(stage.name()), stage.settings.parameters, software_version(), {}, {}};
    record.inputs = {{"level1", level1}, {"stages", nlohmann::json::object()}};
    for (const std::size_t source : providers.of(i)) {
      record.inputs["stages"][records[source].stage] = digest(records[source]);
    }
    if (stage.copies_catalogue()) record.inputs["catalogue"] = catalogue_identity(snapshot);
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace comap
