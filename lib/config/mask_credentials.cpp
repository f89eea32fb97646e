#include "config/mask_credentials.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/text.hpp"

namespace comap {
namespace {

constexpr std::string_view kMask = "****";
constexpr std::string_view kWord = "password";

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

/// Words and the blanks between them, in turn, beginning with blanks; quotes hold words together.
std::vector<std::string> split_command(std::string_view command) {
  std::vector<std::string> pieces = {""};
  char quote = '\0';
  for (const char letter : command) {
    const bool blank = quote == '\0' && kBlanks.find(letter) != std::string_view::npos;
    if (quote == letter) {
      quote = '\0';
    } else if (quote == '\0' && (letter == '"' || letter == '\'')) {
      quote = letter;
    }
    if (blank != (pieces.size() % 2 == 1)) pieces.emplace_back();
    pieces.back() += letter;
  }
  return pieces;
}

bool sounds_secret(const std::string& lower_text) {
  constexpr auto kSecrets =
      std::to_array<std::string_view>({"pass", "pwd", "secret", "token", "credential", "apikey", "api-key", "api_key"});
  return std::ranges::any_of(kSecrets,
                             [&](std::string_view word) { return lower_text.find(word) != std::string::npos; });
}

/// Masks word after word of a command.
class CommandMask {
 public:
  std::string masked(const std::string& word) {
    const std::string small = lower(word);
    if (std::exchange(hide_next_, false)) return std::string(kMask);
    if (std::exchange(user_next_, false)) return masked_user(word);
    if (small.find("authorization") != std::string::npos) return std::string(kMask);
    const auto equals = word.find('=');
    if (equals != std::string::npos && sounds_secret(small.substr(0, equals))) {
      return word.substr(0, equals + 1) + std::string(kMask);
    }
    if (in_sshpass_ && small.starts_with("-p") && small.size() > 2) return "-p" + std::string(kMask);
    hide_next_ = small == "-pw" || (in_sshpass_ && small == "-p") || (small.starts_with('-') && sounds_secret(small));
    user_next_ = small == "-u" || small == "--user";
    if (!small.starts_with('-')) in_sshpass_ = small.ends_with("sshpass");
    return mask_credentials(word);
  }

 private:
  static std::string masked_user(const std::string& word) {
    const auto colon = word.find(':');
    return colon == std::string::npos ? word : word.substr(0, colon + 1) + std::string(kMask);
  }

  bool hide_next_ = false, user_next_ = false, in_sshpass_ = false;
};

}  // namespace

std::string mask_command(std::string_view command) {
  std::vector<std::string> pieces = split_command(command);
  CommandMask mask;
  std::string masked;
  for (std::size_t i = 0; i < pieces.size(); ++i) masked += i % 2 == 0 ? pieces[i] : mask.masked(pieces[i]);
  return masked;
}

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
