#include "io/output_directory.hpp"

#include <fmt/core.h>

#include <filesystem>

#include "core/error.hpp"
#include "core/final_name.hpp"

namespace comap {

void prepare_output_directory(const std::string& directory) {
  namespace fs = std::filesystem;
  const fs::path folder = directory.empty() ? fs::path(".") : fs::path(directory);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw IoError(fmt::format("{}: the output directory cannot be made: {}; set output_dir to one that can",
                              folder.string(), error.message()));
  }
  try {
    const PartialFile probe((folder / ".comap_mpi").string());
  } catch (const IoError&) {
    throw IoError(fmt::format("{}: the output directory is not writable, or the disk full", folder.string()));
  }
}

}  // namespace comap
