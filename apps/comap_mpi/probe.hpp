#pragma once
/// \file
/// Reading files in a process of their own, before the program does.

#include "io/file_probe.hpp"

namespace comap {

/// headers: attributes, which datasets there are, records of stages. contents: everything but most of the TOD.
enum class ProbeDepth { headers, contents };

/// This program as a process that reads files: what is found by it must not be opened by others.
DeadlyFiles make_probe(ProbeDepth depth);

/// What that process does: `comap_mpi probe headers|contents PATH...`, without MPI. False for other command lines.
bool is_probe(int argc, char** argv);
int run_probe(int argc, char** argv);

}  // namespace comap
