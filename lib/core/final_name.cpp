#include "core/final_name.hpp"

#include <fcntl.h>
#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/error.hpp"
#include "core/file_descriptor.hpp"

namespace comap {

void flush_to_disk(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.is_open() && ::fsync(file.number()) == 0) return;
  throw IoError(fmt::format("{}: cannot be written out to the disk: {}", path, std::strerror(errno)));
}

void give_final_name(const std::string& partial, const std::string& path) {
  flush_to_disk(partial);
  std::error_code error;
  std::filesystem::rename(partial, path, error);
  if (error) throw IoError(fmt::format("{}: cannot rename to {}: {}", partial, path, error.message()));
  flush_to_disk((std::filesystem::absolute(path).parent_path()).string());
}

}  // namespace comap
