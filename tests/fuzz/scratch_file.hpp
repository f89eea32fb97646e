#pragma once
/// \file
/// A file in memory for targets whose reader takes a path.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace comap::fuzz {

/// A path in a directory of this process, which goes away with it.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& name) {
    const std::filesystem::path memory = "/dev/shm";
    const auto place = std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    std::string pattern = (place / "comap_fuzz_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    directory_ = pattern;
    path_ = pattern + "/" + name;
  }
  ~ScratchFile() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string directory_, path_;
};

}  // namespace comap::fuzz
