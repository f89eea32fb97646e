#pragma once
/// \file
/// Which Level-2 file of an observation is renewed: files move, to other disks and between sites.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "config/level2_config.hpp"
#include "data/observation.hpp"

namespace comap {

/// Place of the Level-2 file of an observation, and what a user should know of it.
struct Level2Place {
  std::string path;
  std::string remark;  ///< why the registered file is not the one; empty when it is, or when there is none
};

/// The registered file (level2_path of the row in `snapshot`, see ObservationJob), wherever it is, when it exists and
/// is a file of this program and of this observation. Else, and when the file lies where it was made but output_dir has
/// been changed since, level2_path(). Serial. Throws what level2_path() throws.
/// `why_deadly` says of a path why it must not be opened (io/file_probe.hpp); empty = it may.
Level2Place level2_place(const Level2Config& config, const Observation& observation, const nlohmann::json& snapshot,
                         const std::function<std::string(const std::string& path)>& why_deadly);

}  // namespace comap
