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
  const bool is_url = scheme != std::string_view::npos;
  if (!is_url && text.starts_with("sqlite:")) return std::string(text);
  std::string masked = is_url ? std::string(text) : mask_parameters(text, false);
  // A password may hold any character, '@' included: it ends at the last one. A URL with a slash too few has one, too.
  const std::size_t at = masked.rfind('@');
  const std::size_t colon = masked.find(':', is_url ? scheme + 3 : 0);
  if (at != std::string::npos && colon < at) masked.replace(colon + 1, at - colon - 1, kMask);
  return is_url ? mask_parameters(masked, true) : masked;
}

}  // namespace comap
