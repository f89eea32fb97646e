#pragma once
/// \file
/// Makes the records that a Level-2 file is to have (io/level2/stage_record.hpp).

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "io/level2/stage_record.hpp"
#include "stages/stage_list.hpp"

namespace comap {

/// Identity of the files that an observation is made from: name, size and time of change of its Level-1 file and,
/// under kFollowingLevel2, name and system_temperature record of the Level-2 file from which a sky dip takes its
/// calibration, when that is there. Not their directories: disks move. Throws IoError.
nlohmann::json input_identity(const std::string& level1_path, const std::string& following_level2_path);
inline constexpr std::string_view kFollowingLevel2 = "following_level2";

/// For each stage the earlier ones whose datasets it reads: of several that write a dataset the last.
class Providers {
 public:
  explicit Providers(const StageList& stages);
  const std::vector<std::size_t>& of(std::size_t stage) const { return providers_[stage]; }

 private:
  std::vector<std::vector<std::size_t>> providers_;
};

/// The records that the pipeline would write for an observation, without their outputs. `snapshot` is what the
/// catalogue knows of it (ObservationJob::snapshot); it is an input of finalize_metadata.
std::vector<StageRecord> expected_records(const StageList& stages, const nlohmann::json& level1,
                                          const nlohmann::json& snapshot);

}  // namespace comap
