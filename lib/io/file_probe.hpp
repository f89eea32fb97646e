#pragma once
/// \file
/// Files that no process survives reading.

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace comap {

/// The files among those given that no process survives reading, and why; they are reported and not opened.
using DeadlyFiles = std::function<std::map<std::string, std::string>(const std::vector<std::string>&)>;

/// Damaged HDF5 files can crash the HDF5 library or make it loop. Here they are read in a process of its own first.
class FileProbe {
 public:
  /// `program` with its first arguments; it gets paths as further ones and writes a line after each that it survived.
  FileProbe(std::vector<std::string> program, double timeout_s);

  /// The files among `paths` at which that process ended or wrote no line for `timeout_s`, and what happened. Throws
  /// IoError when the program cannot be started.
  std::map<std::string, std::string> deadly_files(const std::vector<std::string>& paths) const;

 private:
  std::vector<std::string> program_;
  double timeout_s_;
};

}  // namespace comap
