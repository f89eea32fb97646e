#pragma once
/// \file
/// Copies of Level-1 datasets in the Level-2 file.

#include <string>
#include <vector>

#include "config/config.hpp"
#include "level2/level2_writer.hpp"

namespace comap {

/// Copies what `config` lists from the Level-1 file, and the attributes of `comap`. Collective over the team: team
/// rank 0 reads and writes the values. Returns the paths of the copies, on every rank.
std::vector<std::string> copy_level1_datasets(const std::string& level1_path, const CreateLevel2Config& config,
                                              Level2Writer& writer, const Communicator& team);

}  // namespace comap
