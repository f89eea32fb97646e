#include "acquire/landing.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

#include "core/error.hpp"
#include "core/final_name.hpp"
#include "core/log.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHiddenDirectory = ".comap_acquire";
constexpr const char* kFetchEnding = ".fetch";
constexpr auto kKeepGroup = static_cast<gid_t>(-1);
constexpr int kOctal = 8;

[[noreturn]] void fail(const fs::path& path, const char* what) {
  throw IoError(fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

void make_directories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw IoError(fmt::format("{}: the directory cannot be made: {}", path.string(), error.message()));
}

gid_t group_number(const std::string& name) {
  if (name.empty()) return kKeepGroup;
  if (const struct group* found = getgrnam(name.c_str())) return found->gr_gid;
  gid_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc() && end == name.data() + name.size()) return number;
  throw ConfigError(fmt::format("acquire.group: there is no group \"{}\" on this machine", name));
}

mode_t mode_number(const std::string& octal) {
  mode_t mode = 0;
  std::from_chars(octal.data(), octal.data() + octal.size(), mode, kOctal);  // checked with the configuration
  return mode;
}

FileDescriptor locked(const fs::path& path) {
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0664));
  if (!file.is_open()) fail(path, "cannot be opened; may you write there?");
  if (flock(file.number(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK) {
    throw IoError(
        fmt::format("{}: another acquire, or an rsync that a killed one left, works in this directory; wait "
                    "for it, or end it",
                    path.parent_path().parent_path().string()));
  }
  log_warning("{}: this file system has no locks ({}); let no two acquire work here at once", path.string(),
              std::strerror(errno));
  return file;
}

std::uintmax_t size_of(const fs::path& path) {
  std::error_code error;
  const auto bytes = fs::file_size(path, error);
  return error ? 0 : bytes;
}

}  // namespace

Landing::Landing(const AcquireConfig& config, DeadlyFiles deadly_files)
    : directory_(fs::absolute(config.directory).lexically_normal()),  // rsync takes no colon in it for a host
      hidden_(directory_ / kHiddenDirectory),
      group_(group_number(config.group)),
      mode_(mode_number(config.mode)),
      deadly_files_(std::move(deadly_files)) {
  make_directories(hidden_);
  lock_ = locked(hidden_ / "lock");
}

fs::path Landing::final_path(const ListedFile& file) const { return directory_ / file_name_of(file); }

fs::path Landing::fetch_directory(const ListedFile& file) const { return hidden_ / std::to_string(file.obsid); }

fs::path Landing::prepare(const ListedFile& file) const {
  fs::path target = fetch_directory(file) / (file_name_of(file) + kFetchEnding);
  const fs::path partial = target.parent_path() / kPartialDirectory / target.filename();
  make_directories(partial.parent_path());
  // rsync writes to .NAME.XXXXXX, and moves it to the partial directory unless it is killed.
  for (const fs::directory_entry& entry : fs::directory_iterator(target.parent_path())) {
    if (!entry.path().filename().string().starts_with(fmt::format(".{}", target.filename().string()))) continue;
    if (size_of(entry.path()) > size_of(partial)) {
      fs::rename(entry.path(), partial);
    } else {
      fs::remove(entry.path());
    }
  }
  return target;
}

std::uintmax_t Landing::bytes_so_far(const ListedFile& file) const {
  std::uintmax_t most = 0;
  std::error_code error;
  for (fs::directory_iterator entry(fetch_directory(file), error), end; !error && entry != end;
       entry.increment(error)) {
    most = std::max(most, size_of(entry->path()));
  }
  return most;
}

void Landing::remove_if_empty(const ListedFile& file) const {
  std::error_code ignored;
  fs::remove(fetch_directory(file) / kPartialDirectory, ignored);
  fs::remove(fetch_directory(file), ignored);
}

FileFinding Landing::take_in(const ListedFile& file) const {
  const fs::path fetched = fetch_directory(file) / (file_name_of(file) + kFetchEnding);
  std::error_code error;
  if (fs::symlink_status(fetched, error).type() != fs::file_type::regular) {
    throw ObservationError(fmt::format("rsync sent no regular file from {}", file.path));
  }
  if (group_ != kKeepGroup && chown(fetched.c_str(), static_cast<uid_t>(-1), group_) != 0) {
    fail(fetched, "its group cannot be set; are you a member of acquire.group?");
  }
  if (chmod(fetched.c_str(), mode_) != 0) fail(fetched, "its mode cannot be set");
  FileFinding finding = checked(fetched, file.obsid);
  const fs::path final = final_path(file);
  if (fs::exists(final, error)) throw IoError(final.string() + ": has come into being meanwhile; it is left alone");
  give_final_name(fetched.string(), final.string());
  fs::remove_all(fetch_directory(file), error);
  finding.path = final.string();
  return finding;
}

FileFinding Landing::checked(const fs::path& path, std::int64_t obsid) const {
  FileFinding finding = inspect_files({{path.string(), DataLevel::level1}}, deadly_files_).at(0);
  if (finding.obsid == obsid) return finding;
  if (finding.remarks.empty()) throw ObservationError(fmt::format("{}: is of obsid {}", path.string(), finding.obsid));
  if (finding.names_file) throw ObservationError(finding.remarks[0]);
  throw ObservationError(path.string(), finding.remarks[0]);
}

}  // namespace comap
