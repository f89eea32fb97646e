#include "level2/provenance.hpp"

#include <fmt/core.h>
#include <libdeflate.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/error.hpp"
#include "core/json_bytes.hpp"
#include "core/version.hpp"

namespace comap {
namespace {

/// Short text that differs when a record does.
std::string digest(const StageRecord& record) {
  nlohmann::json compared = to_json(record);
  compared.erase("outputs");
  const std::string text = json_text(compared);
  return fmt::format("{:08x}", libdeflate_crc32(0, text.data(), text.size()));
}

/// What finalize_metadata copies of the catalogue, without what this program writes there and without places of files.
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

/// What tells whether the calibration in a Level-2 file is another one: not the file as a whole, of which other stages
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

std::string attribute_text(const h5::File& file, const std::string& object, std::string_view name) {
  const auto value = file.attribute(object, name);
  if (!value) throw IoError(fmt::format("{}: {}: the attribute {} is missing", file.path(), object, name));
  return h5::to_text(*value);
}

nlohmann::json json_of_outputs(const std::vector<StageOutput>& outputs) {
  nlohmann::json list = nlohmann::json::array();
  for (const StageOutput& output : outputs) list.push_back({output.path, output.axis});
  return list;
}

}  // namespace

std::string stage_record_path(std::string_view stage) { return fmt::format("{}/{}", kStageRecordGroup, stage); }

nlohmann::json input_identity(const std::string& level1_path, const std::string& following_level2_path) {
  nlohmann::json identity = identity_of(level1_path);
  std::error_code error;
  if (!following_level2_path.empty() && std::filesystem::exists(following_level2_path, error)) {
    identity[std::string(kFollowingLevel2)] = calibration_identity(following_level2_path);
  }
  return identity;
}

bool carries_data(Field field) { return field != Field::level2_file; }

std::vector<StageRecord> expected_records(const StageList& stages, const nlohmann::json& level1,
                                          const nlohmann::json& snapshot) {
  std::vector<StageRecord> records;
  std::map<Field, std::size_t> made_by;
  for (const auto& stage : stages) {
    StageRecord record{std::string(stage->name()), stage->parameters(), software_version(), {}, {}};
    record.inputs = {{"level1", level1}, {"stages", nlohmann::json::object()}};
    for (const Field field : stage->requires_fields()) {
      if (!carries_data(field)) continue;
      const StageRecord& source = records[made_by.at(field)];
      record.inputs["stages"][source.stage] = digest(source);
    }
    if (stage->copies_catalogue()) record.inputs["catalogue"] = catalogue_identity(snapshot);
    for (const Field field : stage->provides_fields()) made_by[field] = records.size();
    records.push_back(std::move(record));
  }
  return records;
}

std::map<std::string, StageRecord> read_stage_records(const h5::File& file) {
  std::map<std::string, StageRecord> records;
  if (!file.exists(kStageRecordGroup)) return records;
  for (const std::string& stage : file.list(kStageRecordGroup)) {
    const std::string path = stage_record_path(stage);
    try {
      const auto parsed = [&](std::string_view name) {
        return nlohmann::json::parse(attribute_text(file, path, name));
      };
      records[stage] = record_from_json({{"stage", stage},
                                         {"parameters", parsed("parameters")},
                                         {"software_version", attribute_text(file, path, "software_version")},
                                         {"inputs", parsed("inputs")},
                                         {"outputs", parsed("outputs")}});
    } catch (const nlohmann::json::exception& error) {
      throw IoError(fmt::format("{}: {}: {}", file.path(), path, error.what()));
    }
  }
  return records;
}

std::vector<Trouble> read_troubles(const h5::File& file) {
  if (!file.exists(level2::kTroublesGroup)) return {};
  const auto text = file.attribute(level2::kTroublesGroup, level2::kTroublesAttribute);
  if (!text) return {};
  try {
    return troubles_from_json(nlohmann::json::parse(h5::to_text(*text)));
  } catch (const nlohmann::json::exception& error) {
    throw IoError(fmt::format("{}: {}, attribute {}: {}", file.path(), level2::kTroublesGroup,
                              level2::kTroublesAttribute, error.what()));
  }
}

void write_stage_record(h5::File& file, const StageRecord& record) {
  const std::string path = stage_record_path(record.stage);
  file.create_group(path);
  file.write_attribute(path, "parameters", json_text(record.parameters));
  file.write_attribute(path, "software_version", record.software_version);
  file.write_attribute(path, "inputs", json_text(record.inputs));
  file.write_attribute(path, "outputs", json_text(json_of_outputs(record.outputs)));
}

nlohmann::json to_json(const StageRecord& record) {
  return {{"stage", record.stage},
          {"parameters", record.parameters},
          {"software_version", record.software_version},
          {"inputs", record.inputs},
          {"outputs", json_of_outputs(record.outputs)}};
}

StageRecord record_from_json(const nlohmann::json& json) {
  StageRecord record;
  json.at("stage").get_to(record.stage);
  record.parameters = json.at("parameters");
  json.at("software_version").get_to(record.software_version);
  record.inputs = json.at("inputs");
  for (const auto& output : json.at("outputs")) {
    record.outputs.push_back({output.at(0).get<std::string>(), output.at(1).get<std::string>()});
  }
  return record;
}

}  // namespace comap
