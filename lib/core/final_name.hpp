#pragma once
/// \file
/// How a product gets its name: only when it is complete, and on the disk.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "core/file_identity.hpp"

namespace comap {

/// Ending of what is written to a product before it is complete.
inline constexpr auto kPartialEnding = ".partial";

/// Has the system write what it holds back of a file or directory. Throws IoError.
void flush_to_disk(const std::string& path);

/// Renames `partial`, which is complete and closed, to `path` in the same directory. Its bytes are on the disk before
/// the name is, so that not even a loss of power leaves half a file under it; an earlier file of that name is replaced,
/// a link of that name itself, not what it leads to. Throws IoError, and leaves `partial` where it is.
void give_final_name(const std::string& partial, const std::string& path);

/// The fate of a product of the same name that another run has finished since this one was begun.
enum class Rival {
  stays,
  is_replaced,
  has_lost  ///< is replaced, and what others have not written to since is removed: they lost their claim on the product
};

/// A product in the making, `<path>.<host>-<pid>.partial`. The name belongs to one process, and what is written there
/// is never written through a link: two runs at once, or a run that was taken for dead and its successor, do not write
/// into each other's file. Every function throws IoError that names `path`.
class PartialFile {
 public:
  /// Creates it, empty, in a directory that is there. What a dead process of this number has left there, or a link that
  /// somebody has put there, is removed.
  explicit PartialFile(std::string path);
  /// Removes what did not get its final name.
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  /// The final one.
  const std::string& path() const { return path_; }
  /// Where to write until then.
  const std::string& name() const { return name_; }
  /// Has the file system keep this room behind its end, where it can: what is written then does not find the disk full.
  void reserve(std::uint64_t bytes) const;
  /// Puts a file of the same directory in its place, for libraries that will only write to what they have created.
  void adopt(const std::string& file);

  /// Gives the complete, closed file its final name, and removes what killed runs have left of it: files of dead
  /// processes, and of other hosts, that nobody has written to since this one was begun. False, with a warning in the
  /// log, when another run has made the product meanwhile and that stays, or has removed this one as left over.
  bool publish(Rival rival = Rival::stays);

 private:
  friend bool publish_together(std::span<PartialFile* const> files);
  bool is_gone() const;
  bool is_taken() const;
  bool is_ours() const;
  void rename(Rival rival);
  void remove_left_over(Rival rival) const;

  std::string path_, name_;
  std::optional<FileIdentity> earlier_;    ///< what had the final name at first
  std::filesystem::file_time_type start_;  ///< by the clock of the file system
  std::uint64_t inode_ = 0;                ///< of what is written
  bool is_published_ = false;
};

/// Products of which none may stand beside another run's: all get their names, in this order, or none, with a warning
/// in the log.
bool publish_together(std::span<PartialFile* const> files);

}  // namespace comap
