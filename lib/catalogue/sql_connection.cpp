#include "catalogue/sql_connection.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <random>

namespace comap::sql {

namespace {

/// Bytes of the UTF-8 sequence that starts at `position`; 0 when there is none.
std::size_t utf8_length(const std::string& text, std::size_t position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  std::size_t length = 0;
  if (lead >= 0x01 && lead <= 0x7F) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) length = 2;
  if (lead >= 0xE0 && lead <= 0xEF) length = 3;
  if (lead >= 0xF0 && lead <= 0xF4) length = 4;
  if (length == 0 || position + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[position + i]) & 0xC0U) != 0x80U) return 0;
  }
  const auto second = static_cast<unsigned char>(text[position + 1]);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool not_a_character = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
  return overlong || not_a_character ? 0 : length;
}

template <typename Number>
std::optional<Number> parse(const std::string& text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

std::optional<double> number_in(const SqlValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1.0 : 0.0;
  if (const auto* text = std::get_if<std::string>(&value)) return parse<double>(*text);
  return std::nullopt;
}

std::optional<std::int64_t> integer_in(const SqlValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (const auto integer = parse<std::int64_t>(*text)) return integer;
  }
  constexpr double kLargest = 9.0e15;  // beyond it a double no longer holds every whole number
  const auto number = number_in(value);
  if (!number || std::abs(*number) > kLargest || std::floor(*number) != *number) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

/// Also of the words that Python writes.
std::optional<bool> truth_in(const SqlValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text != nullptr && (*text == "true" || *text == "True")) return true;
  if (text != nullptr && (*text == "false" || *text == "False")) return false;
  const auto integer = integer_in(value);
  return integer ? std::optional(*integer != 0) : std::nullopt;
}

[[noreturn]] void refuse(const SqlValue& value, std::string_view type) {
  throw CatalogueError(fmt::format("'{}' is not {}", text_of(value), type));
}

SqlValue as_integer(const SqlValue& value, bool big) {
  using Small = std::numeric_limits<std::int32_t>;
  const auto integer = integer_in(value);
  if (!integer) refuse(value, "a whole number");
  if (!big && (*integer < Small::min() || *integer > Small::max())) refuse(value, "a whole number of 32 bits");
  return *integer;
}

}  // namespace

std::string type_name(ColumnType type, Dialect dialect) {
  const bool sqlite = dialect == Dialect::sqlite;
  switch (type) {
    case ColumnType::integer:
      return "INTEGER";
    case ColumnType::big_integer:
      return sqlite ? "INTEGER" : "BIGINT";
    case ColumnType::floating:
      return sqlite ? "FLOAT" : "DOUBLE PRECISION";
    case ColumnType::text:
      return sqlite ? "VARCHAR" : "TEXT";
    case ColumnType::boolean:
      return "BOOLEAN";
  }
  throw Bug("a column type without a name");
}

std::unique_ptr<Connection> open_connection(const CatalogueConfig& config, Access access) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (config.url.starts_with(kSqlite)) return open_sqlite(config.url.substr(kSqlite.size()), access);
  if (config.url.starts_with("postgresql://") || config.url.starts_with("postgres://")) return open_postgres(config);
  throw ConfigError("catalogue: [catalogue] url must start with sqlite: or postgresql://");
}

std::string storable_text(const std::string& text) {
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t length = utf8_length(text, position);
    clean += length == 0 ? std::string("?") : text.substr(position, length);
    position += length == 0 ? 1 : length;
  }
  return clean;
}

bool is_null(const SqlValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return std::isnan(*number);
  return std::holds_alternative<std::monostate>(value);
}

SqlValue as_type(const SqlValue& value, ColumnType type) {
  if (is_null(value)) return {};
  switch (type) {
    case ColumnType::integer:
      return as_integer(value, false);
    case ColumnType::big_integer:
      return as_integer(value, true);
    case ColumnType::floating:
      if (const auto number = number_in(value)) return std::isnan(*number) ? SqlValue{} : SqlValue{*number};
      refuse(value, "a number");
    case ColumnType::boolean:
      if (const auto truth = truth_in(value)) return *truth;
      refuse(value, "a truth value");
    case ColumnType::text:
      return text_of(value);
  }
  throw Bug("a column type without values");
}

std::int64_t integer_of(const SqlValue& value) { return integer_in(value).value_or(0); }

std::string text_of(const SqlValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return "";
}

std::string random_name() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

std::string joined(const std::vector<std::string>& parts, const std::string& separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

}  // namespace comap::sql
