#include "level2/provenance.hpp"

#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/error.hpp"
#include "core/version.hpp"

namespace comap {
namespace {

std::string record_path(const Stage& stage) { return fmt::format("{}/{}", kStageRecordGroup, stage.name()); }

struct stat status_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    throw IoError(fmt::format("{}: {}", path, std::strerror(errno)), errno == EIO || errno == ESTALE);
  }
  return status;
}

std::string attribute_text(const h5::File& file, const std::string& object, std::string_view name) {
  const auto value = file.attribute(object, name);
  return value ? h5::to_text(*value) : "";
}

std::string reason_of_stage(const h5::File& file, const Stage& stage, const nlohmann::json& inputs) {
  const std::string record = record_path(stage);
  if (!file.exists(record)) return fmt::format("{} has not run", stage.name());
  if (attribute_text(file, record, "parameters") != stage.parameters().dump()) {
    return fmt::format("the parameters of {} have changed", stage.name());
  }
  if (attribute_text(file, record, "software_version") != software_version()) {
    return fmt::format("{} was made by version {}", stage.name(), attribute_text(file, record, "software_version"));
  }
  if (attribute_text(file, record, "inputs") != inputs.dump()) return "the files it is made from have changed";
  return "";
}

}  // namespace

nlohmann::json input_identity(const std::string& level1_path, const std::string& following_level2_path) {
  nlohmann::json inputs = level1_identity(level1_path);
  std::error_code error;
  if (following_level2_path.empty() || !std::filesystem::exists(following_level2_path, error)) return inputs;
  const struct stat status = status_of(following_level2_path);
  inputs["following_level2_bytes"] = status.st_size;
  inputs["following_level2_changed_s"] = status.st_mtim.tv_sec;
  return inputs;
}

nlohmann::json level1_identity(const std::string& level1_path) {
  const struct stat status = status_of(level1_path);
  return {{"level1_name", std::filesystem::path(level1_path).filename().string()},
          {"level1_bytes", status.st_size},
          {"level1_changed_s", status.st_mtim.tv_sec}};
}

void write_stage_records(h5::File& file, const StageList& stages, const nlohmann::json& inputs) {
  for (const auto& stage : stages) {
    const std::string record = record_path(*stage);
    file.create_group(record);
    file.write_attribute(record, "parameters", stage->parameters().dump());
    file.write_attribute(record, "software_version", software_version());
    file.write_attribute(record, "inputs", inputs.dump());
    for (const OutputAttribute& attribute : stage->attributes()) {
      file.write_attribute(attribute.object, attribute.name, attribute.value);
    }
  }
}

std::string reason_to_process(const std::string& level2_path, const StageList& stages, const nlohmann::json& inputs) {
  if (!std::filesystem::exists(level2_path)) return "no Level-2 file";
  try {
    const h5::File file = h5::File::open_read(level2_path);
    if (!file.attribute("/", kCompleteAttribute)) return "the Level-2 file is not complete";
    for (const auto& stage : stages) {
      if (const std::string reason = reason_of_stage(file, *stage, inputs); !reason.empty()) return reason;
    }
  } catch (const IoError& error) {
    return fmt::format("the Level-2 file cannot be read: {}", error.what());
  }
  return "";
}

}  // namespace comap
