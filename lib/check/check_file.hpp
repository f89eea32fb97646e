#pragma once
/// \file
/// Finds all faults of a Level-1 or Level-2 file at once.

#include <string>
#include <vector>

#include "config/level2_config.hpp"
#include "data/trouble.hpp"

namespace comap {

/// One thing that is wrong.
struct Finding {
  std::string dataset;  ///< or group or attribute; empty = the file as a whole
  std::string what;
  std::string remedy;  ///< what to do
};

/// A trouble as `check` lists it: what level2 has done or would do, and that the user decides.
Finding finding_of(const Trouble& trouble);

enum class FileKind { unknown, level1, level2 };
std::string_view file_kind_name(FileKind kind);

/// A file that was looked at; it is good when nothing was found.
struct CheckedLevelFile {
  std::string path;
  FileKind kind = FileKind::unknown;
  std::vector<Finding> findings;
};

/// How much of the TOD of a Level-1 file is read.
enum class TodDepth {
  touch,    ///< a look into the first feed, as HDF5 stores the others alike
  samples,  ///< looks into every feed
  all,
};

/// Tells the kind by what the file holds, by its name when that tells nothing, and checks it. Throws nothing that a bad
/// file causes: it becomes a finding.
CheckedLevelFile check_file(const std::string& path, const Level2Config& config, TodDepth depth);

/// The parts of check_file(). Throw IoError when the file cannot be read at all.
std::vector<Finding> check_level1_file(const std::string& path, const Level2Config& config, TodDepth depth);
std::vector<Finding> check_level2_file(const std::string& path);

}  // namespace comap
