#pragma once
/// \file
/// Where results go, looked at before the work is done.

#include <string>

namespace comap {

/// Makes the directory with those above it and writes an empty file there, which is removed again. Throws IoError that
/// names the directory and says what to do: it is better known before hours of solving than after.
void prepare_output_directory(const std::string& directory);

}  // namespace comap
