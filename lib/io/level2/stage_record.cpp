#include "io/level2/stage_record.hpp"

#include <fmt/core.h>
#include <libdeflate.h>

#include "core/error.hpp"
#include "core/json_text.hpp"

namespace comap {
namespace {

std::string crc_text(const std::string& text) {
  return fmt::format("{:08x}", libdeflate_crc32(0, text.data(), text.size()));
}

std::string required_text(const h5::File& file, const std::string& object, std::string_view name) {
  const auto value = file.attribute(object, name);
  if (!value) throw IoError(fmt::format("{}: {}: the attribute {} is missing", file.path(), object, name));
  return h5::to_text(*value);
}

}  // namespace

std::string stage_record_path(std::string_view stage) { return fmt::format("{}/{}", kStageRecordGroup, stage); }

std::string digest(const StageRecord& record) {
  return crc_text(json_text({{"stage", record.stage},
                             {"parameters", record.parameters},
                             {"software_version", record.software_version},
                             {"inputs", record.inputs}}));
}

std::string settings_digest(const std::vector<StageRecord>& records) {
  if (records.empty()) return "";
  auto settings = nlohmann::json::object();
  for (const StageRecord& record : records) settings[record.stage] = {record.parameters, record.software_version};
  return crc_text(json_text(settings));
}

std::string settings_digest(const h5::File& file) {
  std::vector<StageRecord> records;
  for (auto& [stage, record] : read_stage_records(file)) records.push_back(std::move(record));
  return settings_digest(records);
}

std::map<std::string, StageRecord> read_stage_records(const h5::File& file) {
  std::map<std::string, StageRecord> records;
  if (!file.exists(kStageRecordGroup)) return records;
  for (const std::string& stage : file.list(kStageRecordGroup)) {
    const std::string path = stage_record_path(stage);
    try {
      const auto parsed = [&](std::string_view name) { return nlohmann::json::parse(required_text(file, path, name)); };
      StageRecord& record = records[stage];
      record = {stage, parsed("parameters"), required_text(file, path, "software_version"), parsed("inputs"), {}};
      for (const auto& output : parsed("outputs")) record.outputs.push_back({output.at(0), output.at(1)});
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
  nlohmann::json outputs = nlohmann::json::array();
  for (const StageOutput& output : record.outputs) outputs.push_back({output.path, output.axis});
  file.write_attribute(path, "outputs", json_text(outputs));
}

}  // namespace comap
