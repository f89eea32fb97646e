#pragma once
/// \file
/// What a Level-2 file says of how it was made: what tells whether it is complete and up to date.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/h5.hpp"
#include "level2/feed_pass.hpp"

namespace comap {

/// Root attribute of a file that was written to its end: 1, the last thing written.
inline constexpr std::string_view kCompleteAttribute = "comap_mpi_complete";

/// Group with one sub-group for each stage: attributes parameters (JSON), software_version, inputs (JSON).
inline constexpr std::string_view kStageRecordGroup = "comap_mpi/stages";

/// Identity of the Level-1 file: name, size, time of change. Not its directory: disks move. Throws IoError.
nlohmann::json level1_identity(const std::string& level1_path);

/// Collective in a parallel file; the same arguments on every rank.
void write_stage_records(h5::File& file, const StageList& stages, const nlohmann::json& inputs);

/// Why the stages must run: empty when the file is there, complete, and made by the same stages with the same
/// parameters, software version and inputs. Serial.
std::string reason_to_process(const std::string& level2_path, const StageList& stages, const nlohmann::json& inputs);

}  // namespace comap
