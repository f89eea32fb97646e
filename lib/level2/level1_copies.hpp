#pragma once
/// \file
/// Copies of Level-1 datasets in the Level-2 file.

#include <string>
#include <vector>

#include "config/level2_config.hpp"
#include "level2/level2_writer.hpp"

namespace comap {

/// Copies what `config` lists from the Level-1 file of `level1`, and the attributes of `comap`. What was mended in
/// reading the metadata is mended in the copies: times, frequencies, attributes, and bands and channels come in our
/// order. Collective over the team: team rank 0 reads and writes the values. Returns the paths of the copies, on every
/// rank.
std::vector<std::string> copy_level1_datasets(const Level1Metadata& level1, const CreateLevel2Config& config,
                                              Level2Writer& writer, const Communicator& team);

}  // namespace comap
