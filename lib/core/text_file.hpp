#pragma once
/// \file
/// Small files, whole or not at all.

#include <string>

namespace comap {

/// Writes `text`, which may be any bytes, beside `path` and renames; the last of two runs at once stays. Throws
/// IoError.
void write_text_file(const std::string& path, const std::string& text);

}  // namespace comap
