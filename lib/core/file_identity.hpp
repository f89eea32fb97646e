#pragma once
/// \file
/// Whether a path still leads to what it led to before.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

namespace comap {

/// Equal for the same file with the same contents, on every node that sees it: numbers of devices are not the same
/// everywhere.
struct FileIdentity {
  std::uint64_t inode = 0;
  std::int64_t bytes = 0;
  std::int64_t changed_ns = 0;  ///< time of the last change of the contents, since 1970

  bool operator==(const FileIdentity&) const = default;
  static auto members(auto& x) { return std::tie(x.inode, x.bytes, x.changed_ns); }
};

/// The file that `path` leads to, through links. Opens it: a network file system then asks its server instead of its
/// memory. Throws IoError.
FileIdentity file_identity(const std::string& path);

/// The identity of the file of this name, without following a link; nothing when there is no such file.
std::optional<FileIdentity> identity_of_name(const std::string& path);

}  // namespace comap
