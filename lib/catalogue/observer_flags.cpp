#include "catalogue/observer_flags.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>

#include "catalogue/sql_connection.hpp"
#include "catalogue/sql_reading.hpp"
#include "core/constants.hpp"
#include "core/csv_text.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

namespace comap {

namespace {

constexpr const char* kStart = "ObsID start";
constexpr const char* kEnd = "ObsID end";
constexpr const char* kPixels = "Pixels";
constexpr const char* kSidebands = "Sidebands";
constexpr const char* kComment = "Comment";
constexpr auto kFieldBlanks = " \t\r\n";

struct Range {
  std::int64_t first;
  std::int64_t last;
};
using NamedRanges = std::map<std::string, Range>;

const NamedRanges& feed_names() {
  static const NamedRanges names = {{"all", {1, kScienceFeeds}}};
  return names;
}

const NamedRanges& band_names() {
  constexpr int kHalf = kFrequencyBands / 2;
  static const NamedRanges names = {
      {"all", {0, kFrequencyBands - 1}}, {"banda", {0, kHalf - 1}}, {"bandb", {kHalf, kFrequencyBands - 1}}};
  return names;
}

/// Without blanks around it, in lower case.
std::string plain(std::string_view text) { return lower(trimmed(text, kFieldBlanks)); }

std::vector<std::string> words_of(const std::string& text) {
  const std::string separators = std::string(",;") + kFieldBlanks;
  std::vector<std::string> words;
  std::size_t at = text.find_first_not_of(separators);
  while (at != std::string::npos) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    words.push_back(plain(text.substr(at, end - at)));
    at = text.find_first_not_of(separators, end);
  }
  return words;
}

/// Also as spreadsheets write them: 7206.0.
std::int64_t whole_number(const std::string& text) {
  try {
    return sql::integer_of(sql::as_type(SqlValue{text}, sql::ColumnType::big_integer));
  } catch (const CatalogueError& error) {
    throw ConfigError(error.what());
  }
}

Range range_of(const std::string& word, const NamedRanges& names, const std::string& expected) {
  if (const auto name = names.find(word); name != names.end()) return name->second;
  const Range allowed = names.at("all");
  const auto dash = word.find('-');
  Range range = {-1, -1};
  try {
    range.first = whole_number(word.substr(0, dash));
    range.last = dash == std::string::npos ? range.first : whole_number(word.substr(dash + 1));
  } catch (const ConfigError&) {
    throw ConfigError(fmt::format("'{}' is not {}", word, expected));
  }
  if (range.first < allowed.first || range.last > allowed.last || range.first > range.last) {
    throw ConfigError(fmt::format("'{}' is not {}", word, expected));
  }
  return range;
}

std::vector<int> parse_list(const std::string& text, const NamedRanges& names, const std::string& expected) {
  std::set<int> numbers;
  for (const std::string& word : words_of(text)) {
    const Range range = range_of(word, names, expected);
    for (auto number = range.first; number <= range.last; ++number) numbers.insert(static_cast<int>(number));
  }
  if (numbers.empty()) throw ConfigError("is empty; expected " + expected);
  return {numbers.begin(), numbers.end()};
}

/// Sidebands by name only: a number could mean a band as well as a frequency_band.
std::vector<int> parse_sidebands(const std::string& text) {
  for (const std::string& word : words_of(text)) {
    if (!band_names().contains(word)) throw ConfigError(fmt::format("'{}' is not all, bandA or bandB", word));
  }
  return parse_list(text, band_names(), "all, bandA or bandB");
}

std::int64_t parse_obsid(const std::string& text) {
  const std::int64_t obsid = whole_number(text);
  if (obsid <= 0) throw ConfigError(fmt::format("'{}' is not an obsid", text));
  return obsid;
}

std::int64_t parse_last_obsid(const std::string& text, std::int64_t first) {
  if (text.empty()) return first;
  if (text == "ongoing") return std::numeric_limits<std::int64_t>::max();
  const std::int64_t last = parse_obsid(text);
  if (last < first) throw ConfigError(fmt::format("{} is before {} {}", last, kStart, first));
  return last;
}

/// Fields of one line by the names in the header.
class Line {
 public:
  Line(const std::string& file, const CsvRecord& header, const CsvRecord& record) : file_(file), line_(record.line) {
    if (record.fields.size() > header.fields.size()) {
      throw ConfigError(fmt::format("{}, line {}: {} fields where the header has {}; lists belong in quotes", file,
                                    line_, record.fields.size(), header.fields.size()));
    }
    for (std::size_t i = 0; i < record.fields.size(); ++i) {
      fields_.try_emplace(plain(header.fields[i]), plain(record.fields[i]));
      if (plain(header.fields[i]) == plain(kComment)) comment_ = trimmed(record.fields[i], kFieldBlanks);
    }
  }

  bool is_blank() {
    return field(kStart).empty() && field(kEnd).empty() && field(kPixels).empty() && field(kSidebands).empty();
  }

  const std::string& comment() const { return comment_; }

  /// The value that `parse` makes of a field; its error gets the place.
  template <typename Parse>
  auto parsed(const char* column, const Parse& parse) {
    try {
      return parse(field(column));
    } catch (const ConfigError& error) {
      throw ConfigError(fmt::format("{}, line {}, column {}: {}", file_, line_, column, error.what()));
    }
  }

 private:
  const std::string& field(const char* column) { return fields_[plain(column)]; }

  const std::string& file_;
  int line_;
  std::map<std::string, std::string> fields_;
  std::string comment_;
};

void require_columns(const std::string& file, const std::vector<CsvRecord>& records) {
  std::set<std::string> present;
  if (!records.empty()) {
    for (const std::string& name : records.front().fields) present.insert(plain(name));
  }
  for (const char* column : {kStart, kEnd, kPixels, kSidebands}) {
    if (!present.contains(plain(column))) {
      throw ConfigError(fmt::format("{}, line {}: there is no column '{}'; needed: {}, {}, {}, {}", file,
                                    records.empty() ? 1 : records.front().line, column, kStart, kEnd, kPixels,
                                    kSidebands));
    }
  }
}

}  // namespace

std::vector<int> parse_feeds(const std::string& text) {
  return parse_list(text, feed_names(), fmt::format("all or feeds 1-{}", kScienceFeeds));
}

std::vector<int> parse_frequency_bands(const std::string& text) {
  return parse_list(text, band_names(), fmt::format("all, bandA, bandB or frequency bands 0-{}", kFrequencyBands - 1));
}

std::vector<FlagRule> read_observer_flags(const std::string& file) {
  const std::vector<CsvRecord> records = read_csv(file);
  require_columns(file, records);
  std::vector<FlagRule> rules;
  for (std::size_t i = 1; i < records.size(); ++i) {
    Line line(file, records.front(), records[i]);
    if (line.is_blank()) continue;
    FlagRule rule = {records[i].line, 0, 0, {}, {}, line.comment()};
    rule.first_obsid = line.parsed(kStart, parse_obsid);
    rule.last_obsid =
        line.parsed(kEnd, [&](const std::string& text) { return parse_last_obsid(text, rule.first_obsid); });
    rule.feeds = line.parsed(kPixels, parse_feeds);
    rule.frequency_bands = line.parsed(kSidebands, parse_sidebands);
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace comap
