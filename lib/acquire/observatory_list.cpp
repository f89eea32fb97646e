#include "acquire/observatory_list.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>

#include "core/error.hpp"
#include "core/text.hpp"
#include "io/level1/level1_identity.hpp"

namespace comap {
namespace {

constexpr std::string_view kLineBlanks = " \t\r";
constexpr std::string_view kWildcards = "*?[]\\";
constexpr std::size_t kMaxPathLength = 4096;
constexpr std::size_t kMaxNameLength = 200;  // leaves room for the endings that a file has on its way

/// Takes the next field off `line`.
std::string next_field(std::string_view& line, std::string_view separators) {
  const std::size_t end = std::min(line.find_first_of(separators), line.size());
  std::string field(trimmed(line.substr(0, end), kLineBlanks));
  line.remove_prefix(std::min(end + 1, line.size()));
  if (separators != "\t") line = trimmed(line, kLineBlanks);
  return field;
}

bool is_printable(unsigned char letter) { return letter >= ' ' && letter < 127; }

/// The obsid of a text of digits alone, else 0.
std::int64_t obsid_in(const std::string& text) {
  std::int64_t obsid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), obsid);
  return error == std::errc() && end == text.data() + text.size() && obsid > 0 ? obsid : 0;
}

std::string problem_of(const ListedFile& file, const std::string& first_field) {
  if (file.obsid == 0) return fmt::format("'{}' is no obsid; expected: obsid path target comment", first_field);
  if (file.path.empty() || file.target.empty()) return "expected: obsid path target comment";
  return path_problem(file.path, file.obsid);
}

/// Text of another machine, fit for a log.
std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char letter) { return !is_printable(letter); }, '?');
  return text;
}

}  // namespace

std::string path_problem(const std::string& path, std::int64_t obsid) {
  if (path.size() > kMaxPathLength) return "its path is too long";
  const std::string shown = printable(path);
  if (shown != path) return fmt::format("its path '{}' has control characters or others than ASCII", shown);
  if (path.find_first_of(kWildcards) != std::string::npos) {
    return fmt::format("its path '{}' has wildcards or backslashes", shown);
  }
  if (path.find(':') != std::string::npos) return fmt::format("its path '{}' has a colon, as if on a host", shown);
  if (path.starts_with('-')) return fmt::format("its path '{}' looks like an option", shown);
  if (fmt::format("/{}/", path).find("/../") != std::string::npos) return fmt::format("its path '{}' has ..", shown);
  const std::string name = path.substr(path.rfind('/') + 1);
  if (name.size() > kMaxNameLength) return "its file name is too long";
  if (!name.starts_with("comap-") || !name.ends_with(".hd5")) {
    return fmt::format("'{}' is not the name of a Level-1 file (comap-NNNNNNN-....hd5)", shown);
  }
  if (obsid_of_file_name(name) != obsid) return fmt::format("'{}' is not named after obsid {}", shown, obsid);
  return "";
}

ObservatoryList parse_observatory_list(const std::string& text) {
  ObservatoryList list;
  std::istringstream lines(text);
  int number = 0;
  for (std::string whole; std::getline(lines, whole);) {
    ++number;
    std::string_view line = trimmed(whole, kLineBlanks);
    if (line.empty() || line.starts_with('#')) continue;
    const std::string_view separators = line.find('\t') == std::string_view::npos ? " " : "\t";
    const std::string first = next_field(line, separators);
    ListedFile file = {obsid_in(first), next_field(line, separators), next_field(line, separators),
                       std::string(trimmed(line, kLineBlanks)), number};
    const std::string problem = problem_of(file, printable(first));
    if (problem.empty()) {
      list.files.push_back(std::move(file));
    } else {
      list.bad_lines.push_back({number, problem});
    }
  }
  return list;
}

std::string file_name_of(const ListedFile& file) { return file.path.substr(file.path.rfind('/') + 1); }

std::vector<std::string> split_command(const std::string& text) {
  std::vector<std::string> words;
  char quote = '\0';
  bool in_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    const bool is_blank = quote == '\0' && (kLineBlanks.find(letter) != std::string_view::npos || letter == '\n');
    if (is_blank) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (letter == '\\' && quote != '\'' && i + 1 < text.size()) {
      words.back() += text[++i];
    } else if (quote == '\0' && (letter == '\'' || letter == '"')) {
      quote = letter;
    } else if (letter == quote) {
      quote = '\0';
    } else {
      words.back() += letter;
    }
  }
  if (quote != '\0') throw ConfigError(fmt::format("the quote {} is not closed in: {}", quote, text));
  return words;
}

}  // namespace comap
