// Tables of comma-separated values: what is read and written again reads the same, and the observers' flags in them are
// feeds and bands that exist.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "catalogue/observer_flags.hpp"
#include "core/constants.hpp"
#include "core/csv_text.hpp"
#include "core/error.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/scratch_file.hpp"

namespace {

using comap::fuzz::expect;

std::string written(const std::vector<comap::CsvRecord>& records) {
  std::string text = "\xEF\xBB\xBF";  // so that another mark at the start of a field stays one
  for (const comap::CsvRecord& record : records) {
    for (std::size_t i = 0; i < record.fields.size(); ++i) {
      if (i > 0) text += ',';
      text += comap::csv_field(record.fields[i]);
    }
    text += '\n';
  }
  return text;
}

void check_round_trip(const std::string& text) {
  const std::vector<comap::CsvRecord> records = comap::parse_csv(text, "fuzz.csv");
  const std::vector<comap::CsvRecord> again = comap::parse_csv(written(records), "written.csv");
  expect(again.size() == records.size(), "the number of records changes");
  int line = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    expect(records[i].fields == again[i].fields, "a field changes");
    expect(records[i].line > line, "lines go backwards");
    line = records[i].line;
  }
}

void check_flags(const std::string& text) {
  static const comap::fuzz::ScratchFile file("flags.csv");
  std::ofstream(file.path(), std::ios::binary) << text;
  for (const comap::FlagRule& rule : comap::read_observer_flags(file.path())) {
    expect(rule.first_obsid <= rule.last_obsid, "an empty range of obsids");
    for (const int feed : rule.feeds) expect(feed >= 1 && feed <= comap::kScienceFeeds, "a feed that does not exist");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  try {
    check_round_trip(text);
    check_flags(text);
  } catch (const comap::ConfigError& error) {
    expect(!std::string(error.what()).empty(), "an error without a text");
  }
  return 0;
}
