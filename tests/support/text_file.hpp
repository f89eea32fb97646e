#pragma once
/// \file
/// Whole text files for tests.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace comap {

inline std::string read_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream.is_open()) << path;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

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

}  // namespace comap
