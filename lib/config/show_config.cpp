#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>

#include "config/bind_config.hpp"
#include "config/binder.hpp"
#include "config/config_parser.hpp"
#include "config/mask_credentials.hpp"
#include "config/toml_text.hpp"
#include "core/error.hpp"

namespace comap {
namespace {

constexpr std::size_t kLineWidth = 120;
constexpr std::size_t kCommentColumn = 36;
constexpr double kShownLimit = 1e5;  ///< larger limits only guard against nonsense and are not shown

/// The Binder that prints: one table, with its sub-tables behind it.
class TablePrinter final : public Binder {
 public:
  TablePrinter(std::string path, bool in_line, std::span<const std::string_view> only = {})
      : path_(std::move(path)), in_line_(in_line), only_(only) {}

  /// Lines of a table under a header, or the entries of a table in line.
  const std::string& keys() const { return keys_; }
  const std::string& sections() const { return sections_; }

  void flag(std::string_view key, bool& value, std::string_view comment) override {
    print(key, value ? "true" : "false", comment);
  }
  void number(std::string_view key, double& value, Limits limits, std::string_view comment) override {
    print(key, toml_number(value), with_range(comment, limits));
  }
  void integer(std::string_view key, std::int64_t& value, Limits limits, std::string_view comment) override {
    print(key, fmt::format("{}", value), with_range(comment, limits));
  }
  void text(std::string_view key, std::string& value, std::string_view comment) override {
    print(key, toml_text(value), comment);
  }
  void choice(std::string_view key, std::string& value, const std::vector<std::string>& allowed,
              std::string_view comment) override {
    print(key, toml_text(value), fmt::format("{}: {}", comment, fmt::join(allowed, " | ")));
  }
  void choice_or_list(std::string_view key, std::vector<std::string>& value, const std::vector<std::string>& allowed,
                      std::string_view comment) override {
    const std::string out_of = fmt::format("{}, out of: {}", comment, list_names(allowed));
    if (value.size() == 1) return print(key, toml_text(value.front()), out_of);
    print_list(key, texts_of(value, toml_text), out_of);
  }
  void text_list(std::string_view key, std::vector<std::string>& value, std::string_view comment) override {
    print_list(key, texts_of(value, toml_text), comment);
  }
  void integer_list(std::string_view key, std::vector<std::int64_t>& value, Limits limits,
                    std::string_view comment) override {
    print_list(key, texts_of(value, toml_integer), with_range(comment, limits));
  }
  void number_rows(std::string_view key, std::vector<std::vector<double>>& value, int width,
                   std::string_view comment) override {
    const auto row_text = [](const std::vector<double>& row) {
      return fmt::format("[{}]", fmt::join(texts_of(row, toml_number), ", "));
    };
    if (width > 0) return print_list(key, texts_of(value, row_text), comment);
    print(key, value.empty() ? "[]" : row_text(value.front()), comment);
  }
  void credential_url(std::string_view key, std::string& value, std::string_view comment) override {
    print(key, toml_text(mask_credentials(value)), comment);
  }
  void command(std::string_view key, std::string& value, std::string_view comment) override {
    print(key, toml_text(mask_command(value)), comment);
  }
  void integer_or_word(std::string_view key, std::int64_t& value, std::string_view word, std::int64_t word_value,
                       Limits limits, std::string_view comment) override {
    print(key, value == word_value ? toml_text(word) : toml_integer(value),
          fmt::format("\"{}\", or {}", word, with_range(comment, limits)));
  }
  void integer_list_or_word(std::string_view key, std::vector<std::int64_t>& value, std::string_view word,
                            const std::vector<std::int64_t>& word_values, Limits limits,
                            std::string_view comment) override {
    const std::string with_word = fmt::format("{}, or \"{}\"", with_range(comment, limits), word);
    if (value == word_values) return print(key, toml_text(word), with_word);
    print_list(key, texts_of(value, toml_integer), with_word);
  }
  void flag_or_word(std::string_view key, std::string& value, std::string_view word,
                    std::string_view comment) override {
    print(key, value == word ? toml_text(word) : value, fmt::format("{}: true | false | \"{}\"", comment, word));
  }
  void text_number_rows(std::string_view key, std::vector<std::pair<std::string, double>>& value,
                        std::string_view comment) override {
    const auto row_text = [](const std::pair<std::string, double>& row) {
      return fmt::format("[{}, {}]", toml_text(row.first), toml_number(row.second));
    };
    print_list(key, texts_of(value, row_text), comment);
  }
  void section(std::string_view key, const BindTable& bind, std::string_view comment) override {
    if (!only_.empty() && std::ranges::find(only_, key) == only_.end()) return;
    const std::string path = path_.empty() ? toml_key(key) : path_ + "." + toml_key(key);
    TablePrinter printer(path, false);
    bind(printer);
    sections_ +=
        fmt::format("\n{}\n{}{}", with_comment(fmt::format("[{}]", path), comment), printer.keys(), printer.sections());
  }
  void table(std::string_view key, const BindTable& bind, std::string_view comment) override {
    print(key, table_text(bind), comment);
  }
  void text_or_table(std::string_view key, std::string& value, std::string_view word_for_table, const BindTable& bind,
                     std::string_view comment) override {
    print(key, value == word_for_table ? table_text(bind) : toml_text(value), comment);
  }
  std::vector<std::string> present_keys() const override { return {}; }
  void reject(std::string_view, std::string_view) override {}

 private:
  template <typename Values, typename ToText>
  static std::vector<std::string> texts_of(const Values& values, const ToText& to_text) {
    std::vector<std::string> texts;
    for (const auto& value : values) texts.push_back(to_text(value));
    return texts;
  }

  static std::string with_range(std::string_view comment, Limits limits) {
    if (limits.max > kShownLimit) limits.max = std::numeric_limits<double>::infinity();
    const std::string range = describe_limits(limits);
    return range.empty() ? std::string(comment) : fmt::format("{} ({})", comment, range);
  }

  static std::string with_comment(const std::string& line, std::string_view comment) {
    if (comment.empty()) return line;
    const std::string padded = fmt::format("{:<{}}", line, kCommentColumn);
    if (padded.size() + comment.size() + 4 <= kLineWidth) return fmt::format("{}  # {}", padded, comment);
    return fmt::format("# {}\n{}", comment, line);
  }

  static std::string table_text(const BindTable& bind) {
    TablePrinter printer("", true);
    bind(printer);
    return printer.keys().empty() ? "{}" : fmt::format("{{ {} }}", printer.keys());
  }

  void print(std::string_view key, std::string_view value, std::string_view comment) {
    const std::string line = fmt::format("{} = {}", toml_key(key), value);
    if (in_line_) {
      keys_ += (keys_.empty() ? "" : ", ") + line;
    } else {
      keys_ += with_comment(line, comment) + "\n";
    }
  }

  /// On several lines when it is long, with the comment above.
  void print_list(std::string_view key, const std::vector<std::string>& items, std::string_view comment) {
    const std::string joined = fmt::format("[{}]", fmt::join(items, ", "));
    if (in_line_ || joined.size() + key.size() + 3 <= kLineWidth) return print(key, joined, comment);
    std::string text = "[", line = "    ";
    for (const std::string& item : items) {
      if (line.size() + item.size() + 1 > kLineWidth) {
        text += "\n" + line;
        line = "    ";
      }
      line += (line.back() == ',' ? " " : "") + item + ",";
    }
    print(key, text + "\n" + line + "\n]", comment);
  }

  std::string path_;
  bool in_line_;
  std::span<const std::string_view> only_;  ///< tables that are printed; empty = all
  std::string keys_;
  std::string sections_;
};

}  // namespace

std::string show_config(const Config& config, StageEntries stages, std::span<const std::string_view> sections) {
  Config copy = config;  // a Binder takes values that may be changed; a printer changes none
  TablePrinter printer("", false, sections);
  bind_config(printer, copy, stages);
  return printer.sections().substr(1);
}

std::string config_of_product(const Config& config, Product product, StageEntries stages) {
  // The place of the telescope and the limits of glitches are of [mapmake], for Level-2 too.
  constexpr std::array<std::string_view, 2> kLevel2 = {"level2", "mapmake"};
  constexpr std::array<std::string_view, 2> kMap = {"select", "mapmake"};
  constexpr std::array<std::string_view, 3> kCube = {"select", "mapmake", "linemap"};
  constexpr std::array<std::string_view, 4> kTransfer = {"select", "level2", "mapmake", "simulate"};
  switch (product) {
    case Product::level2:
      return show_config(config, stages, kLevel2);
    case Product::map:
      return show_config(config, stages, kMap);
    case Product::cube:
      return show_config(config, stages, kCube);
    case Product::transfer:
      return show_config(config, stages, kTransfer);
  }
  throw Bug("a product without sections of the configuration");
}

}  // namespace comap
