#pragma once
/// \file
/// What a Level-2 file says of how it was made: what tells whether it is complete and up to date.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/h5.hpp"
#include "io/level2_schema.hpp"
#include "level2/feed_pass.hpp"

namespace comap {

using level2::kCompleteAttribute;

/// Group with one sub-group for each stage: attributes parameters (JSON), software_version, inputs (JSON).
inline constexpr std::string_view kStageRecordGroup = "comap_mpi/stages";

/// Identity of the Level-1 file: name, size, time of change. Not its directory: disks move. Throws IoError.
nlohmann::json level1_identity(const std::string& level1_path);

/// Identity of everything an observation is made from: its Level-1 file and, where `following_level2_path` is the path of
/// a file, the Level-2 file from which a sky dip takes its calibration. Throws IoError.
nlohmann::json input_identity(const std::string& level1_path, const std::string& following_level2_path);

/// Records of the stages, and the attributes they ask for. Collective in a parallel file; the same arguments on every rank.
void write_stage_records(h5::File& file, const StageList& stages, const nlohmann::json& inputs);

/// Why the stages must run: empty when the file is there, complete, and made by the same stages with the same
/// parameters, software version and inputs. Serial.
std::string reason_to_process(const std::string& level2_path, const StageList& stages, const nlohmann::json& inputs);

}  // namespace comap
