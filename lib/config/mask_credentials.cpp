#include "config/mask_credentials.hpp"

#include <regex>

namespace comap {
namespace {

constexpr std::string_view kMask = "****";

/// In a URL a password ends at '&', in a connection text at white space.
std::string mask_parameters(const std::string& text, bool is_url) {
  static const std::regex in_url(R"((password\s*=\s*)[^&]*)", std::regex::icase);
  static const std::regex in_text(R"((password\s*=\s*)('(?:\\.|[^'\\])*'|\S*))", std::regex::icase);
  return std::regex_replace(text, is_url ? in_url : in_text, "$1" + std::string(kMask));
}

}  // namespace

std::string mask_credentials(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return mask_parameters(std::string(text), false);
  // A password may hold any character, '@' included: it ends at the last one.
  const std::size_t at = text.rfind('@');
  const std::size_t colon = text.find(':', scheme + 3);
  std::string masked(text);
  if (at != std::string_view::npos && colon < at) masked.replace(colon + 1, at - colon - 1, kMask);
  return mask_parameters(masked, true);
}

}  // namespace comap
