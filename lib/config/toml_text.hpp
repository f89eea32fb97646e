#pragma once
/// \file
/// Values as TOML writes them.

#include <cstdint>
#include <string>
#include <string_view>

namespace comap {

/// A string in quotes, with everything escaped that needs it.
std::string toml_text(std::string_view text);
/// The shortest text that reads back as the same number, always a TOML float.
std::string toml_number(double value);
std::string toml_integer(std::int64_t value);
/// A key, in quotes when it must be.
std::string toml_key(std::string_view key);

}  // namespace comap
