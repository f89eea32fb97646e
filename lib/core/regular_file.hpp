#pragma once
/// \file
/// Files from outside, looked at before they are opened.

#include <string>

namespace comap {

/// The kind of thing that stands at `path` instead of a file: "is a named pipe", "is a directory" ...; to open it could
/// wait for ever. Empty for a file, and where nothing can be looked at: who opens it hears why.
std::string problem_of_kind(const std::string& path);

/// Throws IoError "path: is a named pipe, not a file".
void require_regular_file(const std::string& path);

}  // namespace comap
