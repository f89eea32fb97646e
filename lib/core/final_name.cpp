#include "core/final_name.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "core/error.hpp"
#include "core/file_descriptor.hpp"
#include "core/log.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

constexpr ::mode_t kFileMode = 0666;  // less the umask

/// "<path>.<host>-"
std::string beginning_of_name(const std::string& path) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return fmt::format("{}.{}-", path, host.data());
}

/// Whether `name` is a file in the making of `product` by a process that lives; it can only be known on its own host.
bool is_of_living_process(const std::string& name, const std::string& product) {
  const std::string beginning = beginning_of_name(product);
  if (!name.starts_with(beginning)) return false;
  const auto pid = static_cast<::pid_t>(std::atoi(name.c_str() + beginning.size()));
  return pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM);
}

/// A file in the making, or the directory in which a library makes it (NAME.partial.XXXXXX).
bool is_partial(const std::string& name) {
  constexpr std::size_t kSuffix = 7;
  const bool is_directory_of_one = name.size() > kSuffix && name[name.size() - kSuffix] == '.' &&
                                   std::string_view(name).substr(0, name.size() - kSuffix).ends_with(kPartialEnding);
  return name.ends_with(kPartialEnding) || is_directory_of_one;
}

std::string folder_of(const std::string& path) { return fs::absolute(path).parent_path().string(); }

/// Keeps other runs from giving names in a directory. A run that was stopped there, or a file system without locks,
/// must not hold this one up for ever.
FileDescriptor lock_directory(const std::string& folder) {
  constexpr int kTries = 200;
  constexpr std::chrono::milliseconds kPause(10);
  FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; directory.is_open() && i < kTries; ++i) {
    if (::flock(directory.number(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) break;
    std::this_thread::sleep_for(kPause);
  }
  return directory;
}

}  // namespace

void flush_to_disk(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.is_open() && ::fsync(file.number()) == 0) return;
  throw IoError(fmt::format("{}: cannot be written out to the disk: {}", path, std::strerror(errno)));
}

void give_final_name(const std::string& partial, const std::string& path) {
  flush_to_disk(partial);
  std::error_code error;
  fs::rename(partial, path, error);
  if (error) throw IoError(fmt::format("{}: cannot rename to {}: {}", partial, path, error.message()));
  flush_to_disk(folder_of(path));
}

PartialFile::PartialFile(std::string path)
    : path_(std::move(path)),
      name_(fmt::format("{}{}{}", beginning_of_name(path_), ::getpid(), kPartialEnding)),
      earlier_(identity_of_name(path_)) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  FileDescriptor file(::open(name_.c_str(), kFlags, kFileMode));
  if (!file.is_open() && errno == EEXIST && ::unlink(name_.c_str()) == 0) {
    file = FileDescriptor(::open(name_.c_str(), kFlags, kFileMode));
  }
  if (!file.is_open()) {
    throw IoError(fmt::format("{}: cannot be written there: {}: {}; is the disk full or the directory not writable?",
                              path_, name_, std::strerror(errno)));
  }
  std::error_code error;
  start_ = fs::last_write_time(name_, error);
  inode_ = identity_of_name(name_).value_or(FileIdentity()).inode;
}

PartialFile::~PartialFile() {
  if (!is_published_) ::unlink(name_.c_str());
}

void PartialFile::reserve(std::uint64_t bytes) const {
  const FileDescriptor file(::open(name_.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  // Removed by another run that took this one for dead: giving the final name finds that, and says so.
  if (!file.is_open() && errno == ENOENT) return;
  const ::off_t end = file.is_open() ? ::lseek(file.number(), 0, SEEK_END) : -1;
  const auto length = static_cast<::off_t>(bytes);
  if (end >= 0 && (::fallocate(file.number(), FALLOC_FL_KEEP_SIZE, end, length) == 0 || errno == EOPNOTSUPP)) return;
  throw IoError(fmt::format("{}: no room for {:.0f} MB: {}; make room on the disk, or write elsewhere", path_,
                            static_cast<double>(bytes) / 1e6, std::strerror(errno)));
}

void PartialFile::adopt(const std::string& file) {
  const auto identity = identity_of_name(file);
  if (!identity || ::rename(file.c_str(), name_.c_str()) != 0) {
    throw IoError(fmt::format("{}: cannot rename to {}: {}", file, name_, std::strerror(errno)));
  }
  inode_ = identity->inode;
}

bool PartialFile::publish(Rival rival) {
  // A run that has made it since may have cleared ours away before HDF5 opened it: then another file has our name.
  if (is_gone() || (is_taken() && !is_ours())) {
    log_warning("{}: another run has made it, too, and was done first", path_);
    return false;
  }
  if (is_taken()) {
    const bool stays = rival == Rival::stays;
    log_warning("{}: another run has made it meanwhile, too; {}", path_, stays ? "its file stays" : "it is replaced");
    if (stays) return false;
  }
  rename(rival);
  return true;
}

bool publish_together(std::span<PartialFile* const> files) {
  for (const PartialFile* file : files) {
    if (!file->is_gone()) flush_to_disk(file->name());
  }
  const FileDescriptor lock = lock_directory(folder_of(files.front()->path()));
  const auto rival = std::ranges::find_if(files, [](const auto* file) { return file->is_gone() || file->is_taken(); });
  if (rival != files.end()) {
    log_warning("{}: another run has made it meanwhile, too; its file stays", (*rival)->path());
    return false;
  }
  // The old ones go first: none of them must ever stand beside the new first one.
  for (const PartialFile* file : files.subspan(1)) ::unlink(file->path().c_str());
  for (PartialFile* file : files) file->rename(Rival::stays);
  return true;
}

bool PartialFile::is_gone() const { return !identity_of_name(name_) && identity_of_name(path_); }

bool PartialFile::is_taken() const {
  const auto now = identity_of_name(path_);
  return now && now != earlier_;
}

bool PartialFile::is_ours() const {
  const auto now = identity_of_name(name_);
  return !now || now->inode == inode_;
}

void PartialFile::rename(Rival rival) {
  if (!is_ours()) {
    throw IoError(fmt::format("{}: somebody has replaced what was written to {}; run again", path_, name_));
  }
  // To its own size, which gives back what was reserved behind its end.
  std::error_code error;
  fs::resize_file(name_, fs::file_size(name_, error), error);
  give_final_name(name_, path_);
  is_published_ = true;
  remove_left_over(rival);
}

void PartialFile::remove_left_over(Rival rival) const {
  std::error_code error;
  const std::string product = fs::path(path_).filename().string();
  for (const auto& entry : fs::directory_iterator(folder_of(path_), error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(product + ".") || !is_partial(name)) continue;
    if (rival != Rival::has_lost && is_of_living_process(name, product)) continue;
    const auto written = entry.last_write_time(error);
    if (!error && written < start_) fs::remove_all(entry.path(), error);
  }
}

}  // namespace comap
