#pragma once
/// \file
/// The one way in which the program opens files from outside: a process of its own reads them first. A file at which
/// that process dies or hangs is reported with this reason, and nobody else opens it.

#include <map>
#include <string>
#include <vector>

#include "check/check_file.hpp"
#include "config/config.hpp"
#include "core/communicator.hpp"
#include "io/file_probe.hpp"

namespace comap {

/// headers: of Level-1 and Level-2 files attributes, which datasets there are, records of stages, what a map needs
/// besides samples. contents: everything but most of the TOD. map: all of a map. sky_map: all of a HEALPix map.
enum class ProbeDepth { headers, contents, map, sky_map };

/// This program as a process that reads files: what is found by it must not be opened by others.
DeadlyFiles make_probe(ProbeDepth depth);

/// The deadly ones among the files that rank 0 names, on every rank; each rank has its share read. Collective.
std::map<std::string, std::string> deadly_files(const Communicator& world, const std::vector<std::string>& paths,
                                                ProbeDepth depth);

/// Throws ObservationError "path: reason" for a file that must not be opened. An empty path names none.
void require_harmless(const std::string& path, ProbeDepth depth);

/// check_file in such a process; what it does not survive is a finding like others.
std::vector<CheckedLevelFile> check_files(const std::vector<std::string>& paths, const Config& config, TodDepth depth);

/// The work of that process: `comap_mpi probe DEPTH PATH...`, without MPI. False for other command lines. For tests of
/// this program, which must not carry files on which libraries crash, it dies at paths that contain
/// $COMAP_MPI_PROBE_DIES.
bool is_probe(int argc, char** argv);
int run_probe(int argc, char** argv);

}  // namespace comap
