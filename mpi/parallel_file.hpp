#pragma once
/// \file
/// Files opened by a team together with the MPI-IO driver of HDF5.

#include <map>
#include <string>

#include "io/hdf5/team_files.hpp"
#include "mpi/mpi_communicator.hpp"

namespace comap::mpi {

/// Opens and creates files over the ranks of a team; reads and writes are collective. `hints` go to MPI-IO as they are.
class ParallelFiles final : public TeamFiles {
 public:
  ParallelFiles(const MpiCommunicator& team, std::map<std::string, std::string> hints)
      : team_(team), hints_(std::move(hints)) {}

  /// `collective` false: metadata is read by each rank for itself, as reading raw chunks needs it.
  h5::File open_read(const std::string& path, bool collective) const override;
  h5::File open_write(const std::string& path) const override;
  h5::File create(const std::string& path) const override;

 private:
  const MpiCommunicator& team_;
  std::map<std::string, std::string> hints_;
};

}  // namespace comap::mpi
