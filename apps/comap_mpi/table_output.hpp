#pragma once
/// \file
/// Tables on standard output: aligned for a terminal, JSON, tab- or comma-separated.

#include <iosfwd>
#include <string>
#include <vector>

#include "data/observation.hpp"

namespace comap {

enum class OutputFormat { table, json, tsv, csv };
inline constexpr const char* kOutputFormats = "table, json, tsv or csv";

struct OutputTable {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::vector<SqlValue>> rows;
};

/// "table", "json", "tsv" or "csv"; throws ConfigError for others.
OutputFormat parse_output_format(const std::string& name);

/// table: a heading and aligned columns for each table; json: one object {name: [{column: value}, ...]}; tsv: a line
/// `# name` if there are several tables, a line of column names, the rows. In text NULL is empty, and tabs, newlines
/// and backslashes are escaped with a backslash; csv: the same lines with commas, fields in quotes where needed.
void print_tables(std::ostream& out, const std::vector<OutputTable>& tables, OutputFormat format);

}  // namespace comap
