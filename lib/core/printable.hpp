#pragma once
/// \file
/// Text from outside on its way to logs and terminals.

#include <cstddef>
#include <string>
#include <string_view>

namespace comap {

/// Control characters, those of UTF-8 (U+0080 to U+009F) included, as escapes: "\n", "\x1b"; they could forge lines of
/// a log and give orders to a terminal. Longer than `most_bytes` the text is cut, and says so.
std::string printable(std::string_view text, std::size_t most_bytes);

}  // namespace comap
