#pragma once
/// \file
/// What a Level-2 file says of how it was made: one record for each stage.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/trouble.hpp"
#include "io/h5.hpp"
#include "io/level2_schema.hpp"
#include "level2/stage_list.hpp"

namespace comap {

using level2::kCompleteAttribute;

/// Group with one sub-group for each stage: attributes parameters, software_version, inputs, outputs (JSON texts).
inline constexpr std::string_view kStageRecordGroup = "comap_mpi/stages";

std::string stage_record_path(std::string_view stage);

/// A dataset or group that a stage has written, and which part of it belongs to a feed.
struct StageOutput {
  std::string path;
  std::string axis;  ///< "feed", "file_row", "observation" (FeedAxis), "copy" (from Level-1), "group"
};

/// The record of one stage. Two runs with equal parameters, version and inputs give the same data.
struct StageRecord {  // NOLINT(bugprone-exception-escape): moving JSON throws nothing
  std::string stage;
  nlohmann::json parameters;
  std::string software_version;
  nlohmann::json inputs;  ///< "level1": identity of the file; "stages": digests of the records it builds on
  std::vector<StageOutput> outputs;
};

/// Identity of the files that an observation is made from: name, size and time of change of its Level-1 file and,
/// under kFollowingLevel2, name and system_temperature record of the Level-2 file from which a sky dip takes its
/// calibration, when that is there. Not their directories: disks move. Throws IoError.
nlohmann::json input_identity(const std::string& level1_path, const std::string& following_level2_path);
inline constexpr std::string_view kFollowingLevel2 = "following_level2";

/// False for a field that only orders the stages: that a Level-2 file is there.
bool carries_data(Field field);

/// The records that the pipeline would write for an observation, without their outputs. `snapshot` is what the
/// catalogue knows of it (ObservationJob::snapshot); it is an input of finalize_metadata.
std::vector<StageRecord> expected_records(const StageList& stages, const nlohmann::json& level1,
                                          const nlohmann::json& snapshot);

/// By name of the stage; empty when the file has none. Serial. Throws IoError for a record that cannot be parsed.
std::map<std::string, StageRecord> read_stage_records(const h5::File& file);

/// Collective in a parallel file; the same arguments on every rank.
void write_stage_record(h5::File& file, const StageRecord& record);

/// What the file says was wrong with its inputs; empty for files of earlier versions. Serial.
std::vector<Trouble> read_troubles(const h5::File& file);

nlohmann::json to_json(const StageRecord& record);
StageRecord record_from_json(const nlohmann::json& json);

}  // namespace comap
