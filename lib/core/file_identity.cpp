#include "core/file_identity.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "core/error.hpp"
#include "core/file_descriptor.hpp"

namespace comap {
namespace {

FileIdentity identity_from(const struct stat& status) {
  constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
  return {status.st_ino, status.st_size, status.st_mtim.tv_sec * kNanosecondsPerSecond + status.st_mtim.tv_nsec};
}

}  // namespace

FileIdentity file_identity(const std::string& path) {
  // A pipe that nobody writes to would hold us up.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file.is_open() || ::fstat(file.number(), &status) != 0) {
    throw IoError(fmt::format("{}: {}", path, std::strerror(errno)), errno == EIO || errno == ESTALE);
  }
  return identity_from(status);
}

std::optional<FileIdentity> identity_of_name(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return identity_from(status);
}

}  // namespace comap
