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

/// The outcome for one file.
struct ProbedFile {
  std::string line;    ///< that the process wrote about it
  std::string deadly;  ///< what happened to the process instead; empty = it survived
};

/// Damaged files can crash the libraries that read them (HDF5, CFITSIO, HEALPix) or make them loop. Here they are read
/// in a process of its own first.
class FileProbe {
 public:
  /// `program` with its first arguments; it gets paths as further ones and writes a line after each that it survived.
  FileProbe(std::vector<std::string> program, double timeout_s);

  /// For each of `paths`, in their order, the line, or how that process ended or that it wrote nothing for `timeout_s`.
  /// Throws IoError when the program cannot be started.
  std::vector<ProbedFile> read(const std::vector<std::string>& paths) const;

  /// Those that are deadly, and what is no file (a named pipe, a device), which nobody opens. Throws as read().
  std::map<std::string, std::string> deadly_files(const std::vector<std::string>& paths) const;

 private:
  std::vector<std::string> program_;
  double timeout_s_;
};

}  // namespace comap
