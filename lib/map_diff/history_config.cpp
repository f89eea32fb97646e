#include "map_diff/history_config.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <string_view>

#include "core/text.hpp"
#include "io/map/continuum_map.hpp"

namespace comap {
namespace {

constexpr std::string_view kLineBlanks = " \t";
constexpr std::string_view kHeading = "Effective configuration:";

bool is_key_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }

/// Without the comment that follows a value; a # inside quotes is part of it.
std::string without_comment(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' && (i == 0 || text[i - 1] != '\\')) quoted = !quoted;
    if (text[i] == '#' && !quoted) return std::string(trimmed(text.substr(0, i), kLineBlanks));
  }
  return std::string(trimmed(text, kLineBlanks));
}

/// Tells values from words of a comment such as "empty = none" or "{ key = "word" }"; a text may go on in the next
/// line.
bool is_value(const std::string& text) {
  constexpr std::string_view kOfNumbers = "+-0123456789._eE";
  if (text.empty()) return false;
  if (text.front() == '[' || text.front() == '{') return true;
  if (text.front() == '"') return text.find('"', 1) == std::string::npos || text.back() == '"';
  return text == "true" || text == "false" || text == "nan" || text == "inf" ||
         text.find_first_not_of(kOfNumbers) == std::string::npos;
}

/// The key of a line "key = value"; empty when it is none.
std::string_view key_of(std::string_view line) {
  const auto equals = line.find(" = ");
  if (equals == std::string_view::npos || equals == 0 || !is_value(without_comment(line.substr(equals + 3)))) return {};
  const std::string_view key = line.substr(0, equals);
  const bool quoted = key.size() > 2 && key.front() == '"' && key.back() == '"';
  const bool bare = std::isalpha(static_cast<unsigned char>(key.front())) != 0;
  return quoted || (bare && std::ranges::all_of(key, is_key_character)) ? key : std::string_view();
}

bool is_table(std::string_view line) {
  return line.size() > 2 && line.front() == '[' && std::isalpha(static_cast<unsigned char>(line[1])) != 0;
}

/// Whether a line is no continuation, although its first word would not have fitted on the one before. A table does not
/// begin there, for an empty line comes first:
/// "[deg]" is the end of a comment.
bool begins_something(std::string_view line) { return line.empty() || line.front() == '#' || !key_of(line).empty(); }

std::vector<std::string> joined(const std::vector<std::string>& history) {
  std::vector<std::string> lines;
  const auto heading = std::ranges::find(history, kHeading);
  std::size_t previous_width = 0;
  for (auto line = heading == history.end() ? heading : heading + 1; line != history.end(); ++line) {
    const std::size_t first_word = std::min(line->find(' '), line->size());
    const bool did_not_fit = previous_width + 1 + first_word > kHistoryColumns;
    if (!lines.empty() && did_not_fit && !begins_something(*line)) {
      lines.back() += " " + *line;
    } else {
      lines.push_back(*line);
    }
    previous_width = line->size();
  }
  return lines;
}

/// Square brackets opened and not closed, outside quotes.
int open_brackets(std::string_view text) {
  bool quoted = false;
  int n = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' && (i == 0 || text[i - 1] != '\\')) quoted = !quoted;
    if (quoted) continue;
    n += text[i] == '[' ? 1 : text[i] == ']' ? -1 : 0;
  }
  return n;
}

ConfigValues config_of_lines(const std::vector<std::string>& lines) {
  ConfigValues values;
  std::string section;
  std::string* unfinished = nullptr;  // a list over several lines
  for (const std::string& line : lines) {
    const std::string text = without_comment(line);
    if (unfinished != nullptr) {
      *unfinished += text;
      if (open_brackets(*unfinished) <= 0) unfinished = nullptr;
    } else if (is_table(text)) {
      section = text.substr(1, text.find(']') - 1);
    } else if (const std::string_view key = key_of(text); !key.empty()) {
      std::string& value = values[section + "." + std::string(key)];
      value = trimmed(std::string_view(text).substr(key.size() + 3), kLineBlanks);
      if (open_brackets(value) > 0) unfinished = &value;
    }
  }
  return values;
}

}  // namespace

ConfigValues config_of_history(const std::vector<std::string>& history) { return config_of_lines(joined(history)); }

ConfigValues config_of_text(const std::string& toml) {
  std::vector<std::string> lines;
  std::istringstream stream(toml);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return config_of_lines(lines);
}

bool affects_pixels(const std::string& key) {
  constexpr auto kSections = std::to_array<std::string_view>(
      {"catalogue.", "log.", "run.", "io.", "parallel.", "simulate.", "linemap.", "acquire."});
  constexpr auto kKeys = std::to_array<std::string_view>(
      {"mapmake.name", "mapmake.output_dir", "mapmake.plot", "mapmake.format", "mapmake.memory_GB",
       "mapmake.scratch_dir", "mapmake.write_mean_azel", "mapmake.max_residual_ratio", "mapmake.null_test_simulations",
       "level2.output_dir", "level2.layout", "level2.check_level1.warn_position_error_arcsec"});
  if (key.ends_with(".overwrite")) return false;
  return std::ranges::none_of(kSections, [&](std::string_view section) { return key.starts_with(section); }) &&
         std::ranges::find(kKeys, key) == kKeys.end();
}

bool selects_observations(const std::string& key) { return key.starts_with("select."); }

}  // namespace comap
