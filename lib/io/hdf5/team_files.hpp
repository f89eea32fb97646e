#pragma once
/// \file
/// How a team opens its files. Two implementations: serially here, with the MPI-IO driver in mpi/parallel_file.

#include <string>

#include "io/hdf5/h5.hpp"

namespace comap {

class TeamFiles {
 public:
  virtual ~TeamFiles() = default;
  /// Collective. `collective` false for files whose data is read chunk by chunk, each rank by itself.
  virtual h5::File open_read(const std::string& path, bool collective) const = 0;
  /// Collective; for an existing file.
  virtual h5::File open_write(const std::string& path) const = 0;
  /// Collective.
  virtual h5::File create(const std::string& path) const = 0;
};

/// For a team of one rank without MPI.
class SerialFiles final : public TeamFiles {
 public:
  h5::File open_read(const std::string& path, bool /*collective*/) const override { return h5::File::open_read(path); }
  h5::File open_write(const std::string& path) const override { return h5::File::open_write(path); }
  h5::File create(const std::string& path) const override { return h5::File::create(path); }
};

}  // namespace comap
