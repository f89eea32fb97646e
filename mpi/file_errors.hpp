#pragma once
/// \file
/// Errors of writing in parallel files, kept back from HDF5.

#include <string>

namespace comap::mpi {

/// HDF5 writes with MPI-IO in several collective steps. Where one rank's step fails HDF5 leaves the others out on that
/// rank, and the rest of the team waits in them for ever. So MPI-IO tells HDF5 that writing succeeded, in this process
/// whatever file it is, and says here what really happened: the first error since the last call, "file: cannot write:
/// reason", or empty. MpiCommunicator::run_agreed asks, so that the error becomes that of the whole team at its next
/// agreement. The file is then worthless and must not get its final name.
std::string take_file_error();

}  // namespace comap::mpi
