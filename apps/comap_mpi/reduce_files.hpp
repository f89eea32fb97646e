#pragma once
/// \file
/// Level-2 files without a catalogue.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "command.hpp"
#include "data/observation.hpp"

namespace comap {

struct ReducedFiles {
  std::map<std::int64_t, std::string> level2;  ///< complete files by obsid
  bool stopped = false;                        ///< by a signal
};

/// Runs `config.level2` on the Level-1 files of these observations and shows the progress, as `level2` does, but tells
/// no catalogue; the files have an empty copy of it. The same on every rank. Collective.
ReducedFiles reduce_files(const CommandContext& context, const Config& config,
                          const std::vector<Observation>& observations);

}  // namespace comap
