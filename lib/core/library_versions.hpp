#pragma once
/// \file
/// Versions of the libraries that lib is built with, for `--version`.

#include <string>
#include <utility>
#include <vector>

namespace comap {

/// Name and version of each, in order of name; HDF5, libpqxx and MPI have functions of their own (io/hdf5/h5.hpp,
/// catalogue/sql_connection.hpp, mpi/environment.hpp).
std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace comap
