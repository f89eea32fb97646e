#pragma once
/// \file
/// Copies of Level-1 files with a random sky in them.

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "core/communicator.hpp"
#include "data/observation.hpp"
#include "sky/coordinates.hpp"

namespace comap {

/// The configuration of one realisation (counted from 1): [simulate] with nothing in the sky but the random sky of
/// `rms_K`, a seed of its own (sky_seed + realisation - 1), around `centre` (Galactic), written to `directory`/level1.
Config injection_config(const Config& config, double rms_K, int realisation, SkyPosition centre,
                        const std::string& directory);

/// Mean direction of a Level-1 file's first feed, Galactic. Throws ObservationError, IoError.
SkyPosition mean_direction(const Observer& observer, const std::string& level1_path);

/// Makes the copies, under the obsids of the originals, each rank its share. `directory`/injected.toml says with what
/// settings; with the same settings, copies that are younger than their originals are kept, with others all are made
/// anew. On every rank: the observations with the paths of the copies; those that could not be copied are left out,
/// with an error in the log. Throws IoError on every rank. Collective.
std::vector<Observation> make_injected_copies(const Config& injection, const std::string& directory,
                                              const std::vector<Observation>& observations, const Communicator& ranks);

}  // namespace comap
