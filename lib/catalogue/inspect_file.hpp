#pragma once
/// \file
/// Reads one file on disk into a row of comap_data.

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "catalogue/catalogue.hpp"
#include "catalogue/file_search.hpp"
#include "io/file_probe.hpp"
#include "io/hdf5/h5.hpp"

namespace comap {

/// The use that a file is of. damaged: no HDF5 file, cut off, or empty. foreign: not what its name or place says.
enum class FileState { usable, missing, unreadable, damaged, incomplete, foreign };

/// The outcome of looking into a file.
struct FileFinding {
  std::string path;
  DataLevel level = DataLevel::level1;
  FileState state = FileState::unreadable;
  std::int64_t obsid = 0;            ///< 0 = the file cannot be used
  Row row;                           ///< columns of comap_data, without paths
  std::vector<std::string> remarks;  ///< why it cannot be used, or attributes that were left out
  bool names_file = false;           ///< the reason why it cannot be used begins with the path

  static auto members(auto& x) { return std::tie(x.path, x.level, x.state, x.obsid, x.row, x.remarks, x.names_file); }
};

/// Opens a Level-1 file (attributes of `comap`, presence of the TOD) or a Level-2 file (the same attributes, and the
/// record of our writer that it is complete, or the filtered data of the Python pipeline). Never throws for a bad
/// file: the reason is in `remarks`.
FileFinding inspect_file(const std::string& path, DataLevel level);

struct InspectedFile {
  std::string path;
  DataLevel level = DataLevel::level1;

  static auto members(auto& x) { return std::tie(x.path, x.level); }
};

/// inspect_file for each, in the same order, but for the deadly ones, which are damaged. An empty `deadly_files` takes
/// none for deadly. Throws Stopped when asked to stop.
std::vector<FileFinding> inspect_files(const std::vector<InspectedFile>& files, const DeadlyFiles& deadly_files);

/// Columns of comap_data from the attributes of the group `comap`. What does not fit its column is left out with a
/// remark.
Row observation_row(const std::map<std::string, h5::AttributeValue>& attributes, std::vector<std::string>& remarks);

}  // namespace comap
