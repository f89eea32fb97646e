#pragma once
/// \file
/// Tables of numbers in tests/data.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace comap::test {

/// Columns of a comma-separated file under tests/data; lines that start with # are skipped.
inline std::vector<std::vector<double>> read_csv_columns(const std::string& name) {
  std::ifstream stream(std::string(COMAP_TEST_DATA) + "/" + name);
  EXPECT_TRUE(stream) << "cannot read " << name;
  std::vector<std::vector<double>> columns;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream fields(line);
    std::size_t column = 0;
    for (std::string field; std::getline(fields, field, ','); ++column) {
      if (columns.size() <= column) columns.emplace_back();
      columns[column].push_back(std::stod(field));
    }
  }
  return columns;
}

}  // namespace comap::test
