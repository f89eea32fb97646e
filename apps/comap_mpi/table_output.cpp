#include "table_output.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "core/csv_text.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "data/row_json.hpp"

namespace comap {
namespace {

using Cells = std::vector<std::string>;

std::string cell_text(const SqlValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return "";
}

bool is_number(const SqlValue& value) {
  return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value);
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    switch (letter) {
      case '\t':
        result += "\\t";
        break;
      case '\n':
        result += "\\n";
        break;
      case '\\':
        result += "\\\\";
        break;
      default:
        result += printable({&letter, 1}, 1);
    }
  }
  return result;
}

/// Characters, not bytes, of a UTF-8 text.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char letter) { return (letter & 0xC0) != 0x80; }));
}

std::vector<std::size_t> column_widths(const OutputTable& table) {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    std::size_t width = width_of(table.columns[column]);
    for (const auto& row : table.rows) width = std::max(width, width_of(escaped(cell_text(row[column]))));
    widths.push_back(width);
  }
  return widths;
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string blanks(width - std::min(width, width_of(text)), ' ');
  return right ? blanks + text : text + blanks;
}

void write_line(std::ostream& out, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  out << line << '\n';
}

void print_aligned(std::ostream& out, const OutputTable& table) {
  const std::vector<std::size_t> widths = column_widths(table);
  std::string header, rule;
  for (std::size_t column = 0; column < widths.size(); ++column) {
    const bool right = !table.rows.empty() && is_number(table.rows.front()[column]);
    header += padded(table.columns[column], widths[column], right) + "  ";
    rule += std::string(widths[column], '-') + "  ";
  }
  write_line(out, header);
  write_line(out, rule);
  for (const auto& row : table.rows) {
    std::string line;
    for (std::size_t column = 0; column < widths.size(); ++column) {
      line += padded(escaped(cell_text(row[column])), widths[column], is_number(row[column])) + "  ";
    }
    write_line(out, line);
  }
}

void print_separated(std::ostream& out, const OutputTable& table, OutputFormat format) {
  const bool is_csv = format == OutputFormat::csv;
  const auto write = [&](const Cells& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      out << (i == 0 ? "" : is_csv ? "," : "\t") << (is_csv ? csv_field(cells[i]) : escaped(cells[i]));
    }
    out << '\n';
  };
  write(table.columns);
  for (const auto& row : table.rows) {
    Cells cells;
    for (const SqlValue& value : row) cells.push_back(cell_text(value));
    write(cells);
  }
}

nlohmann::json json_rows(const OutputTable& table) {
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& row : table.rows) {
    nlohmann::json entry = nlohmann::json::object();
    for (std::size_t i = 0; i < row.size(); ++i) entry[table.columns[i]] = json_of(row[i]);
    rows.push_back(std::move(entry));
  }
  return rows;
}

}  // namespace

OutputFormat parse_output_format(const std::string& name) {
  if (name == "table") return OutputFormat::table;
  if (name == "json") return OutputFormat::json;
  if (name == "tsv") return OutputFormat::tsv;
  if (name == "csv") return OutputFormat::csv;
  throw ConfigError(fmt::format("--format {}: expected {}", name, kOutputFormats));
}

void print_tables(std::ostream& out, const std::vector<OutputTable>& tables, OutputFormat format) {
  if (format == OutputFormat::json) {
    nlohmann::json all = nlohmann::json::object();
    for (const OutputTable& table : tables) all[table.name] = json_rows(table);
    out << all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return;
  }
  for (const OutputTable& table : tables) {
    if (&table != &tables.front()) out << '\n';
    if (format == OutputFormat::table) {
      out << table.name << '\n';
      print_aligned(out, table);
    } else {
      if (tables.size() > 1) out << "# " << table.name << '\n';
      print_separated(out, table, format);
    }
  }
}

}  // namespace comap
