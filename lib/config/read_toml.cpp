#include "config/read_toml.hpp"

#include <fmt/core.h>

#include <limits>
#include <regex>
#include <sstream>

#include "config/closest_name.hpp"
#include "config/table_reader.hpp"
#include "config/toml_text.hpp"

namespace comap {
namespace {

std::string parent_of(const std::string& full_key) {
  const auto dot = full_key.rfind('.');
  return dot == std::string::npos ? "" : full_key.substr(0, dot);
}

std::string leaf_of(const std::string& full_key) { return full_key.substr(full_key.rfind('.') + 1); }

/// The known key closest to an unknown one. One in the same table wins over an equally close one elsewhere, and over
/// the same name elsewhere when a single slip of the finger away.
std::string closest_key(const ReadState& state, const ReadState::Unknown& unknown) {
  int best = std::numeric_limits<int>::max();
  std::string closest;
  for (const std::string& candidate : state.known) {
    const int elsewhere = parent_of(candidate) == unknown.table ? 0 : 1;
    const int distance = edit_distance(unknown.name, leaf_of(candidate)) + elsewhere;
    if (distance < best || (distance == best && elsewhere == 0 && parent_of(closest) != unknown.table)) {
      best = distance;
      closest = candidate;
    }
  }
  return closest;
}

void report_unknown_keys(ReadState& state) {
  for (const ReadState::Unknown& unknown : state.unknown) {
    const std::string full = unknown.table.empty() ? unknown.name : unknown.table + "." + unknown.name;
    const std::string closest = closest_key(state, unknown);
    state.problems.add(unknown.place, full,
                       closest.empty() ? "unknown key" : fmt::format("unknown key; did you mean {}?", closest));
  }
}

/// "section.key=value" as a TOML document. A value that is none of TOML's is taken as a text without quotes.
std::optional<toml::table> parse_set(const std::string& set) {
  const auto equals = set.find('=');
  if (equals == std::string::npos) return std::nullopt;
  const std::string key = set.substr(0, equals);
  const std::string value = set.substr(equals + 1);
  if (key.find_first_of("\n\r#[") != std::string::npos) return std::nullopt;
  if (value.find_first_of("\n\r") == std::string::npos) {
    try {
      return toml::parse(key + " = " + value);
    } catch (const toml::parse_error&) {
      // Not a TOML value: taken as a text below.
    }
  }
  try {
    return toml::parse(key + " = " + toml_text(value));
  } catch (const toml::parse_error&) {
    return std::nullopt;
  }
}

/// Moves the value of a --set document into the tables of the file. Returns its full key.
std::string overlay(toml::table& target, toml::table&& source, const std::string& path) {
  auto entry = source.begin();
  const std::string key(entry->first.str());
  std::string full = path.empty() ? key : path + "." + key;
  toml::table* inner = entry->second.as_table();
  if (inner == nullptr || inner->is_inline() || inner->empty()) {
    target.insert_or_assign(key, std::move(entry->second));
    return full;
  }
  if (!target.contains(key)) target.insert(key, toml::table{});
  toml::table* next = target[key].as_table();
  if (next == nullptr) {
    target.insert_or_assign(key, std::move(*inner));
    return full;
  }
  next->is_inline(false);
  return overlay(*next, std::move(*inner), full);
}

/// The message about a text without quotes, which the parser takes for something else that went wrong; empty when the
/// line holds none.
std::string forgotten_quotes(std::string_view text, std::int64_t line) {
  static const std::regex form(R"(\s*([\w.-]+)\s*=\s*([A-Za-z_/~.][^"'#=\[\]{}]*?)\s*(#.*)?)");
  std::istringstream lines{std::string(text)};
  std::string wanted;
  for (std::int64_t number = 0; number < line && std::getline(lines, wanted);) ++number;
  std::smatch match;
  if (!std::regex_match(wanted, match, form)) return "";
  return fmt::format("a text needs quotes: {} = {}", match[1].str(), toml_text(match[2].str()));
}

void apply_sets(toml::table& root, const std::vector<std::string>& sets, ReadState& state) {
  for (const std::string& set : sets) {
    auto parsed = parse_set(set);
    if (parsed && parsed->size() == 1) {
      state.keys_of_sets.push_back(overlay(root, std::move(*parsed), ""));
    } else {
      state.problems.add({"--set", 0}, set.substr(0, set.find('=')), "expected section.key=value");
    }
  }
}

}  // namespace

KeyPlaces read_toml(std::string_view text, const std::string& file_name, const std::vector<std::string>& sets,
                    const Binder::BindTable& bind, Problems& problems) {
  ReadState state{file_name, {}, problems, KeyPlaces(file_name), {}, {}};
  toml::table root;
  try {
    root = toml::parse(text, file_name);
  } catch (const toml::parse_error& error) {
    const auto line = static_cast<std::int64_t>(error.source().begin.line);
    const std::string quotes = forgotten_quotes(text, line);
    problems.add({file_name, line}, "",
                 quotes.empty() ? fmt::format("not valid TOML: {}", error.description()) : quotes);
  }
  apply_sets(root, sets, state);
  TableReader reader(&root, "", state);
  bind(reader);
  reader.finish();
  report_unknown_keys(state);
  return state.places;
}

}  // namespace comap
