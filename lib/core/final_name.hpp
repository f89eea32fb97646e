#pragma once
/// \file
/// How a product gets its name: only when it is complete, and on the disk.

#include <string>

namespace comap {

/// What is written to a product before it is complete goes to its path with this added.
inline constexpr auto kPartialEnding = ".partial";

/// Has the system write what it holds back of a file or directory. Throws IoError.
void flush_to_disk(const std::string& path);

/// Renames `partial`, which is complete and closed, to `path` in the same directory. Its bytes are on the disk before
/// the name is, so that not even a loss of power leaves half a file under it; an earlier file of that name is replaced.
/// Throws IoError, and leaves `partial` where it is.
void give_final_name(const std::string& partial, const std::string& path);

}  // namespace comap
