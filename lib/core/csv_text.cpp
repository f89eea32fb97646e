#include "core/csv_text.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/error.hpp"

namespace comap {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class Parser {
 public:
  Parser(const std::string& text, const std::string& file) : text_(text), file_(file) {
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  }

  std::vector<CsvRecord> records() {
    std::vector<CsvRecord> records;
    while (!is_end()) {
      CsvRecord one = record();
      if (one.fields.size() > 1 || !one.fields.front().empty()) records.push_back(std::move(one));
    }
    return records;
  }

 private:
  bool is_end() const { return at_ >= text_.size(); }
  bool is_at(char letter) const { return !is_end() && text_[at_] == letter; }
  bool is_line_end() const { return is_end() || text_[at_] == '\n' || text_[at_] == '\r'; }

  CsvRecord record() {
    CsvRecord one = {line_, {field()}};
    while (is_at(',')) {
      ++at_;
      one.fields.push_back(field());
    }
    pass_line_end();
    return one;
  }

  void pass_line_end() {
    if (is_at('\r')) ++at_;
    if (is_at('\n')) ++at_;
    ++line_;
  }

  std::string field() {
    if (is_at('"')) return quoted_field();
    std::string value;
    for (; !is_line_end() && !is_at(','); ++at_) value += text_[at_];
    return value;
  }

  std::string quoted_field() {
    const int first_line = line_;
    std::string value;
    for (++at_; !is_end(); ++at_) {
      if (is_at('"')) {
        ++at_;
        if (!is_at('"')) {
          require_field_end();
          return value;
        }
      }
      if (is_at('\n')) ++line_;
      value += text_[at_];
    }
    fail(first_line, "a quote is opened and never closed");
  }

  void require_field_end() const {
    if (!is_line_end() && !is_at(',')) fail(line_, "text after a closing quote; quotes in a field are doubled");
  }

  [[noreturn]] void fail(int line, std::string_view reason) const {
    throw ConfigError(fmt::format("{}, line {}: {}", file_, line, reason));
  }

  const std::string& text_;
  const std::string& file_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<CsvRecord> parse_csv(const std::string& text, const std::string& file) {
  return Parser(text, file).records();
}

std::vector<CsvRecord> read_csv(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream || std::filesystem::is_directory(file)) throw ConfigError(fmt::format("{}: cannot be read", file));
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  return parse_csv(text, file);
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted += letter == '"' ? std::string("\"\"") : std::string(1, letter);
  return quoted + "\"";
}

}  // namespace comap
