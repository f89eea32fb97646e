#pragma once
/// \file
/// Finding Level-1 and Level-2 files below directories.

#include <string>
#include <vector>

namespace comap {

/// A file or directory that was left out or needs attention, and why.
struct FileProblem {
  std::string path;
  std::string reason;
};

/// Unknown: the directory of the path cannot be searched, or lies on a mount that does not answer.
enum class Presence { there, gone, unknown };
Presence presence_of(const std::string& path);

enum class DataLevel { level1, level2 };

struct FoundFiles {
  std::vector<std::string> paths;     ///< absolute, ascending, each file once
  std::vector<FileProblem> problems;  ///< unreadable directories, broken links
};

/// Regular files below the directories whose names are `*comap*.hd5` without the prefix `Level2_` (Level-1), or
/// `Level2_comap-*.hd5` (Level-2). Links to files and directories are followed; a file or directory that is reached by
/// several ways is taken once, by the first way in order of name. Throws CatalogueError when one of `directories`
/// itself is not there: an unmounted disk must not look like an empty one.
FoundFiles find_files(const std::vector<std::string>& directories, DataLevel level);

}  // namespace comap
