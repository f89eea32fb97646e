#pragma once
/// \file
/// Tables of comma-separated values as spreadsheets write them (RFC 4180).

#include <string>
#include <vector>

namespace comap {

struct CsvRecord {
  int line = 0;  ///< where it starts, counted from 1
  std::vector<std::string> fields;
};

/// The records of a text: fields between commas, in double quotes where they hold commas, quotes (doubled) or new
/// lines. A byte order mark, blank lines and the end of lines by CR LF are no matter. Throws ConfigError naming `file`
/// and the line of a quote that is never closed or has text after it.
std::vector<CsvRecord> parse_csv(const std::string& text, const std::string& file);

/// Throws ConfigError when the file cannot be read.
std::vector<CsvRecord> read_csv(const std::string& file);

/// A field as parse_csv reads it back: in quotes where needed.
std::string csv_field(const std::string& text);

}  // namespace comap
