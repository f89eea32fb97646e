#include "catalogue/sql_condition.hpp"

#include <fmt/core.h>

#include "catalogue/schema.hpp"
#include "core/text.hpp"

namespace comap::sql {

namespace {

/// Adds to a LIKE pattern, with `!` as escape: this character alone, ASCII letters in lower case.
void append_literal(std::string& pattern, char letter) {
  if (letter == '!' || letter == '%' || letter == '_') pattern += '!';
  pattern += lower(letter);
}

std::string name_pattern(const std::string& wildcard) {
  std::string pattern;
  for (const char letter : wildcard) {
    if (letter == '*') {
      pattern += '%';
    } else if (letter == '?') {
      pattern += '_';
    } else {
      append_literal(pattern, letter);
    }
  }
  return pattern;
}

std::string part_pattern(const std::string& part) {
  std::string pattern = "%";
  for (const char letter : part) append_literal(pattern, letter);
  return pattern + '%';
}

/// The column matches the pattern, its ASCII letters in lower case whatever the locale of the server.
std::string matches(const std::string& column, const std::string& mark, Dialect dialect) {
  return fmt::format("lower({}) LIKE {} ESCAPE '!'", in_byte_order(column, dialect), mark);
}

}  // namespace

std::string in_byte_order(const std::string& column, Dialect dialect) {
  return dialect == Dialect::sqlite ? column : column + " COLLATE \"C\"";
}

std::string Condition::parameter(const SqlValue& value) {
  parameters.push_back(value);
  return fmt::format("${}", parameters.size());
}

void Condition::require(const std::string& condition) { text += " AND " + condition; }

void Condition::require_name(const std::string& column, const std::vector<std::string>& wildcards) {
  if (wildcards.empty()) return;
  std::vector<std::string> parts;
  for (const std::string& wildcard : wildcards) {
    parts.push_back(matches(column, parameter(name_pattern(wildcard)), dialect));
  }
  require(fmt::format("({})", joined(parts, " OR ")));
}

void Condition::require_part(const std::vector<std::string>& columns, const std::string& part) {
  const std::string mark = parameter(part_pattern(part));
  std::vector<std::string> parts;
  for (const std::string& column : columns) parts.push_back(matches(column, mark, dialect));
  require(fmt::format("({})", joined(parts, " OR ")));
}

void Condition::require_selection(const SelectConfig& selection) {
  const auto column = [](const char* name) { return fmt::format("{}.{}", kObservations, name); };
  require_name(column("source"), selection.source);
  require_name(column("source_group"), selection.source_group);
  if (selection.min_obsid > 0) require(column("obsid") + " >= " + parameter(selection.min_obsid));
  if (selection.max_obsid > 0) require(column("obsid") + " <= " + parameter(selection.max_obsid));
}

}  // namespace comap::sql
