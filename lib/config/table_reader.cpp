#include "config/table_reader.hpp"

#include <fmt/core.h>

#include <optional>

#include "config/mask_credentials.hpp"

namespace comap {
namespace {

constexpr std::size_t kShownTextLength = 60;

std::string in_quotes(std::string_view text) {
  const std::string shown = mask_credentials(text);
  if (shown.size() <= kShownTextLength) return fmt::format("\"{}\"", shown);
  return fmt::format("\"{}...\"", shown.substr(0, kShownTextLength));
}

/// The kind of value that was found, for messages.
std::string describe(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return fmt::format("the text {}", in_quotes(*text));
  if (const auto integer = node.value_exact<std::int64_t>()) return fmt::format("{}", *integer);
  if (const auto number = node.value_exact<double>()) return fmt::format("the number {}", *number);
  if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  if (node.is_array()) return "a list";
  if (node.is_table()) return "a table";
  return "a date or time";
}

std::string ranged(std::string_view what, const Limits& limits) {
  const std::string range = describe_limits(limits);
  return range.empty() ? std::string(what) : fmt::format("{} {}", what, range);
}

bool inside(double value, const Limits& limits) { return value >= limits.min && value <= limits.max; }

std::optional<std::int64_t> integer_inside(const toml::node& node, const Limits& limits) {
  const auto value = node.value_exact<std::int64_t>();
  return value && inside(static_cast<double>(*value), limits) ? value : std::nullopt;
}

/// A list of numbers; empty when any element is something else.
std::optional<std::vector<double>> numbers_of(const toml::node& node) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::vector<double> numbers;
  for (const toml::node& element : *array) {
    if (!element.is_number()) return std::nullopt;
    numbers.push_back(*element.value<double>());
  }
  return numbers;
}

std::optional<std::pair<std::string, double>> text_and_number(const toml::node& node) {
  const toml::array* row = node.as_array();
  if (row == nullptr || row->size() != 2 || !(*row)[0].is_string() || !(*row)[1].is_number()) return std::nullopt;
  return std::pair(*(*row)[0].value<std::string>(), *(*row)[1].value<double>());
}

bool is_or_is_inside(const std::string& key, const std::string& outer) {
  return key == outer || key.starts_with(outer + ".");
}

}  // namespace

std::string TableReader::full_key(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

Place TableReader::place_of(const std::string& key, const toml::node& node) const {
  for (const std::string& set : state_.keys_of_sets) {
    if (is_or_is_inside(key, set)) return {"--set", 0};
  }
  return {state_.file_name, static_cast<std::int64_t>(node.source().begin.line)};
}

const toml::node* TableReader::find(std::string_view key) {
  const std::string full = full_key(key);
  state_.known.push_back(full);
  const toml::node* node = table_ == nullptr ? nullptr : table_->get(key);
  if (node != nullptr) state_.places.set(full, place_of(full, *node));
  return node;
}

void TableReader::wrong(std::string_view key, const toml::node& node, std::string_view expected) {
  const std::string full = full_key(key);
  state_.problems.add(place_of(full, node), full, fmt::format("expected {}; found {}", expected, describe(node)));
}

void TableReader::reject(std::string_view key, std::string_view expected) {
  const std::string full = full_key(key);
  Place place = state_.places.find(full);
  // A key that is missing is reported at its table.
  if (place.line == 0 && table_ != nullptr && !table_->contains(key)) place = place_of(path_, *table_);
  state_.problems.add(place, full, expected);
}

std::vector<std::string> TableReader::present_keys() const {
  std::vector<std::string> keys;
  if (table_ == nullptr) return keys;
  for (const auto& [key, node] : *table_) keys.emplace_back(key.str());
  return keys;
}

void TableReader::finish() {
  if (table_ == nullptr) return;
  for (const auto& [key, node] : *table_) {
    const std::string full = full_key(key.str());
    if (std::find(state_.known.begin(), state_.known.end(), full) != state_.known.end()) continue;
    const toml::source_region& source = key.source();
    Place place = place_of(full, node);
    if (place.line > 0) place.line = static_cast<std::int64_t>(source.begin.line);
    state_.unknown.push_back({path_, std::string(key.str()), place});
  }
}

void TableReader::flag(std::string_view key, bool& value, std::string_view) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (const auto given = node->value_exact<bool>()) {
    value = *given;
  } else {
    wrong(key, *node, "true or false");
  }
}

void TableReader::number(std::string_view key, double& value, Limits limits, std::string_view) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto given = node->is_number() ? node->value<double>() : std::nullopt;
  if (given && inside(*given, limits)) {
    value = *given;
  } else {
    wrong(key, *node, ranged("a number", limits));
  }
}

void TableReader::integer(std::string_view key, std::int64_t& value, Limits limits, std::string_view) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (const auto given = integer_inside(*node, limits)) {
    value = *given;
  } else {
    wrong(key, *node, ranged("a whole number", limits));
  }
}

void TableReader::text(std::string_view key, std::string& value, std::string_view) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (const auto given = node->value_exact<std::string>()) {
    value = *given;
  } else {
    wrong(key, *node, "a text in quotes");
  }
}

void TableReader::credential_url(std::string_view key, std::string& value, std::string_view comment) {
  text(key, value, comment);
}

void TableReader::command(std::string_view key, std::string& value, std::string_view comment) {
  text(key, value, comment);
}

void TableReader::choice(std::string_view key, std::string& value, const std::vector<std::string>& allowed,
                         std::string_view) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto given = node->value_exact<std::string>();
  if (given && std::find(allowed.begin(), allowed.end(), *given) != allowed.end()) {
    value = *given;
  } else {
    wrong(key, *node, "one of " + list_names(allowed));
  }
}

void TableReader::choice_or_list(std::string_view key, std::vector<std::string>& value,
                                 const std::vector<std::string>& allowed, std::string_view) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const std::string expected = "one of " + list_names(allowed);
  std::vector<std::string> given;
  const auto add = [&](const toml::node& element) {
    const auto text = element.value_exact<std::string>();
    if (!text || std::find(allowed.begin(), allowed.end(), *text) == allowed.end()) {
      return wrong(key, element, expected + ", or a list of these");
    }
    given.push_back(*text);
  };
  if (const toml::array* array = node->as_array()) {
    for (const toml::node& element : *array) add(element);
    if (array->empty()) wrong(key, *node, expected + ", or a list that is not empty");
  } else {
    add(*node);
  }
  if (!given.empty()) value = given;
}

void TableReader::text_list(std::string_view key, std::vector<std::string>& value, std::string_view) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr) return wrong(key, *node, "a list of texts like [\"a\", \"b\"]");
  std::vector<std::string> given;
  for (const toml::node& element : *array) {
    const auto text = element.value_exact<std::string>();
    if (!text) return wrong(key, element, "texts in quotes in the list");
    given.push_back(*text);
  }
  value = given;
}

void TableReader::read_integers(std::string_view key, const toml::node& node, std::vector<std::int64_t>& value,
                                Limits limits, std::string_view or_word) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return wrong(key, node, fmt::format("a list of whole numbers like [1, 2]{}", or_word));
  std::vector<std::int64_t> given;
  for (const toml::node& element : *array) {
    const auto number = integer_inside(element, limits);
    if (!number) return wrong(key, element, ranged("whole numbers", limits) + " in the list");
    given.push_back(*number);
  }
  value = given;
}

void TableReader::integer_list(std::string_view key, std::vector<std::int64_t>& value, Limits limits,
                               std::string_view) {
  if (const toml::node* node = find(key)) read_integers(key, *node, value, limits, "");
}

void TableReader::number_rows(std::string_view key, std::vector<std::vector<double>>& value, int width,
                              std::string_view) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (width == 0) {
    const auto numbers = numbers_of(*node);
    if (!numbers) return wrong(key, *node, "a list of numbers");
    value = {*numbers};
    return;
  }
  const std::string expected = fmt::format("a list of rows of {} numbers", width);
  const toml::array* array = node->as_array();
  if (array == nullptr) return wrong(key, *node, expected);
  std::vector<std::vector<double>> rows;
  for (const toml::node& element : *array) {
    const auto numbers = numbers_of(element);
    if (!numbers || numbers->size() != static_cast<std::size_t>(width)) return wrong(key, element, expected);
    rows.push_back(*numbers);
  }
  value = rows;
}

void TableReader::integer_or_word(std::string_view key, std::int64_t& value, std::string_view word,
                                  std::int64_t word_value, Limits limits, std::string_view) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (const auto given = integer_inside(*node, limits)) {
    value = *given;
  } else if (node->value_exact<std::string>() == word) {
    value = word_value;
  } else {
    wrong(key, *node, fmt::format("\"{}\" or {}", word, ranged("a whole number", limits)));
  }
}

void TableReader::integer_list_or_word(std::string_view key, std::vector<std::int64_t>& value, std::string_view word,
                                       const std::vector<std::int64_t>& word_values, Limits limits, std::string_view) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (node->value_exact<std::string>() == word) {
    value = word_values;
  } else {
    read_integers(key, *node, value, limits, fmt::format(" or \"{}\"", word));
  }
}

void TableReader::flag_or_word(std::string_view key, std::string& value, std::string_view word, std::string_view) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (const auto flag = node->value_exact<bool>()) {
    value = *flag ? "true" : "false";
  } else if (node->value_exact<std::string>() == word) {
    value = word;
  } else {
    wrong(key, *node, fmt::format("true, false or \"{}\"", word));
  }
}

void TableReader::text_number_rows(std::string_view key, std::vector<std::pair<std::string, double>>& value,
                                   std::string_view) {
  constexpr std::string_view kExpected = "a list of rows like [\"path\", 1.0]";
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr) return wrong(key, *node, kExpected);
  std::vector<std::pair<std::string, double>> rows;
  for (const toml::node& element : *array) {
    const auto row = text_and_number(element);
    if (!row) return wrong(key, element, kExpected);
    rows.push_back(*row);
  }
  value = rows;
}

void TableReader::bind_table(std::string_view key, const toml::node& node, const BindTable& bind) {
  if (!node.is_table()) return wrong(key, node, "a table");
  TableReader reader(node.as_table(), full_key(key), state_);
  bind(reader);
  reader.finish();
}

void TableReader::section(std::string_view key, const BindTable& bind, std::string_view) {
  if (const toml::node* node = find(key)) return bind_table(key, *node, bind);
  TableReader absent(nullptr, full_key(key), state_);
  bind(absent);
}

void TableReader::table(std::string_view key, const BindTable& bind, std::string_view comment) {
  section(key, bind, comment);
}

void TableReader::text_or_table(std::string_view key, std::string& value, std::string_view word_for_table,
                                const BindTable& bind, std::string_view) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto given = node->value_exact<std::string>();
  if (given && *given != word_for_table) {
    value = *given;
  } else if (node->is_table()) {
    value = word_for_table;
    bind_table(key, *node, bind);
  } else {
    wrong(key, *node, "a name in quotes or a table like { NAME = value, ... }");
  }
}

}  // namespace comap
