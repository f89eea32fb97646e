#pragma once
/// \file
/// How a Level-2 file was made: one record for each stage.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "data/level2_datasets.hpp"
#include "data/trouble.hpp"
#include "io/hdf5/h5.hpp"

namespace comap {

using level2::kCompleteAttribute;

/// Group with one sub-group for each stage: attributes parameters, software_version, inputs, outputs (JSON texts).
inline constexpr std::string_view kStageRecordGroup = "comap_mpi/stages";

std::string stage_record_path(std::string_view stage);

/// A dataset or group that a stage has written, and which part of it belongs to a feed.
struct StageOutput {
  std::string path;
  std::string axis;  ///< "feed", "file_row", "observation" (FeedAxis), "copy" (from Level-1), "group"

  static auto members(auto& x) { return std::tie(x.path, x.axis); }
};

/// The record of one stage. Two runs with equal parameters, version and inputs give the same data.
struct StageRecord {  // NOLINT(bugprone-exception-escape): moving JSON throws nothing
  std::string stage;
  nlohmann::json parameters;
  std::string software_version;
  nlohmann::json inputs;  ///< "level1": identity of the file; "stages": digests of the records it builds on
  std::vector<StageOutput> outputs;

  static auto members(auto& x) { return std::tie(x.stage, x.parameters, x.software_version, x.inputs, x.outputs); }
};

/// By name of the stage; empty when the file has none. Serial. Throws IoError for a record that cannot be parsed.
std::map<std::string, StageRecord> read_stage_records(const h5::File& file);

/// Collective in a parallel file; the same arguments on every rank.
void write_stage_record(h5::File& file, const StageRecord& record);

/// The troubles with its inputs that the file records; empty for files of earlier versions. Serial.
std::vector<Trouble> read_troubles(const h5::File& file);

/// Short text that differs when a record does; its outputs do not matter.
std::string digest(const StageRecord& record);
/// Short text that differs when stages, their parameters or versions do; empty without records.
std::string settings_digest(const std::vector<StageRecord>& records);
/// The same of all records of a file. Serial. Throws IoError.
std::string settings_digest(const h5::File& file);

}  // namespace comap
