#pragma once
/// \file
/// The directory where fetched files go, and the hidden one beside them where they are until they are complete.

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "acquire/observatory_list.hpp"
#include "catalogue/inspect_file.hpp"
#include "config/acquire_config.hpp"
#include "core/file_descriptor.hpp"

namespace comap {

/// `directory/.comap_acquire/OBSID/NAME.fetch` becomes `directory/NAME`. Only one program works in it at a time:
/// it holds a lock, and so does every rsync that it starts, so that one left behind by a killed program is not joined
/// by another.
class Landing {
 public:
  /// Creates the directories. Throws ConfigError for a group or mode that cannot be, IoError when the directory cannot
  /// be written or another program works in it.
  Landing(const AcquireConfig& config, DeadlyFiles deadly_files);

  /// Where a file is when it is complete.
  std::filesystem::path final_path(const ListedFile& file) const;
  /// Where it is fetched to; makes the directory, and takes over what a killed rsync left there, to go on from it.
  std::filesystem::path prepare(const ListedFile& file) const;
  /// Size of what has been fetched so far.
  std::uintmax_t bytes_so_far(const ListedFile& file) const;

  /// Removes its directory when nothing was fetched.
  void remove_if_empty(const ListedFile& file) const;

  /// Looks into the fetched file, sets group and mode, makes sure it is on the disk, gives it its final name. Throws
  /// ObservationError or IoError; the file then stays where it is, and a later fetch starts from it.
  FileFinding take_in(const ListedFile& file) const;

  /// The finding of inspect_files on a Level-1 file that must be of this observation. Throws ObservationError.
  FileFinding checked(const std::filesystem::path& path, std::int64_t obsid) const;

  /// File descriptor that children inherit.
  int lock() const { return lock_.number(); }

 private:
  std::filesystem::path fetch_directory(const ListedFile& file) const;

  std::filesystem::path directory_, hidden_;
  gid_t group_;  ///< -1 = leave
  mode_t mode_;
  DeadlyFiles deadly_files_;
  FileDescriptor lock_;
};

/// Directory of what has not been completed, relative to that of the file; rsync makes it.
inline constexpr const char* kPartialDirectory = ".partial";

}  // namespace comap
