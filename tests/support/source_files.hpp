#pragma once
/// \file
/// The sources of the program as texts, to count in how many places a thing is named.

#include <algorithm>
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "support/text_file.hpp"

namespace comap::test {

/// Sources below lib, mpi and apps in which the regular expression is found, in order.
inline std::vector<std::string> sources_with(const std::string& pattern) {
  const std::filesystem::path root = COMAP_SOURCE_DIR;
  const std::regex regex(pattern);
  std::vector<std::string> files;
  for (const char* top : {"lib", "mpi", "apps"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / top)) {
      const std::filesystem::path& path = entry.path();
      if (path.extension() != ".cpp" && path.extension() != ".hpp") continue;
      if (std::regex_search(read_text(path), regex)) files.push_back(std::filesystem::relative(path, root).string());
    }
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace comap::test
