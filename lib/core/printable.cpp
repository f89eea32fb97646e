#include "core/printable.hpp"

#include <fmt/core.h>

#include <iterator>

namespace comap {
namespace {

/// Length of the control character that `text` begins with; 0 = none.
std::size_t control_length(std::string_view text) {
  constexpr unsigned char kDelete = 0x7f, kLeadOfC1 = 0xc2, kLastC1 = 0x9f;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < ' ' || first == kDelete) return 1;
  if (first != kLeadOfC1 || text.size() < 2) return 0;
  return static_cast<unsigned char>(text[1]) <= kLastC1 ? 2 : 0;
}

void append_escape(std::string_view control, std::string& to) {
  if (control == "\n") {
    to += "\\n";
  } else if (control == "\t") {
    to += "\\t";
  } else {
    for (const char byte : control) {
      fmt::format_to(std::back_inserter(to), "\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
}

}  // namespace

std::string printable(std::string_view text, std::size_t most_bytes) {
  const std::string_view kept = text.substr(0, most_bytes);
  std::string result;
  result.reserve(kept.size());
  for (std::size_t i = 0; i < kept.size();) {
    const std::size_t length = control_length(kept.substr(i));
    if (length == 0) {
      result += kept[i++];
    } else {
      append_escape(kept.substr(i, length), result);
      i += length;
    }
  }
  if (kept.size() < text.size()) result += fmt::format("... ({} characters in all)", text.size());
  return result;
}

}  // namespace comap
