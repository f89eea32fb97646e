#include "config/mask_credentials.hpp"

#include <algorithm>

namespace comap {
namespace {

constexpr std::string_view kMask = "****";
constexpr std::string_view kWord = "password";
constexpr const char* kBlanks = " \t\n\v\f\r";

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return result;
}

std::size_t after_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(kBlanks, at), text.size());
}

/// In a URL a password ends at '&', in a connection text at white space or after the quote that closes it.
std::size_t end_of_password(std::string_view text, std::size_t at, bool is_url) {
  if (is_url) return std::min(text.find('&', at), text.size());
  if (at < text.size() && text[at] == '\'') {
    for (std::size_t i = at + 1; i < text.size(); ++i) {
      if (text[i] == '\'') return i + 1;
      if (text[i] == '\\') ++i;
    }
  }
  return std::min(text.find_first_of(kBlanks, at), text.size());
}

std::string mask_parameters(std::string_view text, bool is_url) {
  const std::string words = lower(text);
  std::string masked;
  std::size_t copied = 0;
  for (std::size_t at = words.find(kWord); at != std::string::npos; at = words.find(kWord, at)) {
    at = after_blanks(text, at + kWord.size());
    if (at == text.size() || text[at] != '=') continue;
    at = after_blanks(text, at + 1);
    masked += text.substr(copied, at - copied);
    masked += kMask;
    at = copied = end_of_password(text, at, is_url);
  }
  masked += text.substr(copied);
  return masked;
}

}  // namespace

std::string mask_credentials(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return mask_parameters(text, false);
  // A password may hold any character, '@' included: it ends at the last one.
  const std::size_t at = text.rfind('@');
  const std::size_t colon = text.find(':', scheme + 3);
  std::string masked(text);
  if (at != std::string_view::npos && colon < at) masked.replace(colon + 1, at - colon - 1, kMask);
  return mask_parameters(masked, true);
}

}  // namespace comap
