#pragma once
/// \file
/// Small files of text, whole or not at all.

#include <string>

namespace comap {

/// Writes `text` beside `path` and renames. Throws IoError.
void write_text_file(const std::string& path, const std::string& text);

}  // namespace comap
