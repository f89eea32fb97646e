#pragma once
/// \file
/// Products in the making.

#include <algorithm>
#include <filesystem>
#include <string>

namespace comap::test {

/// Whether anything of a product that was not finished is in a directory.
inline bool has_partial_file(const std::filesystem::path& folder) {
  return std::ranges::any_of(std::filesystem::directory_iterator(folder), [](const auto& entry) {
    return entry.path().filename().string().find(".partial") != std::string::npos;
  });
}

}  // namespace comap::test
