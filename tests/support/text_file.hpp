#pragma once
/// \file
/// Whole text files for tests.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace comap {

inline std::string read_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream.is_open()) << path;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace comap
