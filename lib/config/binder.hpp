#pragma once
/// \file
/// Binds the keys of a TOML table to members of a struct: one description of each key serves parsing, range checks,
/// unknown keys and `config show`.

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comap {

/// The lower limit of a number that must be greater than 0.
inline constexpr double kAboveZero = std::numeric_limits<double>::min();

/// Inclusive range of a number.
struct Limits {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

/// One table of the configuration. A bind_section function calls one member function for each key; the
/// implementation reads the key into the member (parser) or prints the member (printer). Errors are collected, not
/// thrown: the caller reports all of them at once. `comment` states meaning and unit and is what `config show` prints.
class Binder {
 public:
  virtual ~Binder() = default;

  virtual void flag(std::string_view key, bool& value, std::string_view comment) = 0;
  virtual void number(std::string_view key, double& value, Limits limits, std::string_view comment) = 0;
  virtual void integer(std::string_view key, std::int64_t& value, Limits limits, std::string_view comment) = 0;
  virtual void text(std::string_view key, std::string& value, std::string_view comment) = 0;
  virtual void choice(std::string_view key, std::string& value, const std::vector<std::string>& allowed,
                      std::string_view comment) = 0;
  /// One or several texts out of `allowed`: a single text stands for a list of one, and is printed like that.
  virtual void choice_or_list(std::string_view key, std::vector<std::string>& value,
                              const std::vector<std::string>& allowed, std::string_view comment) = 0;
  virtual void text_list(std::string_view key, std::vector<std::string>& value, std::string_view comment) = 0;
  virtual void integer_list(std::string_view key, std::vector<std::int64_t>& value, Limits limits,
                            std::string_view comment) = 0;
  /// Rows of numbers of equal width, e.g. [[1.0, 2.0], [3.0, 4.0]]; `width` 0 = one flat list, stored as one row.
  virtual void number_rows(std::string_view key, std::vector<std::vector<double>>& value, int width,
                           std::string_view comment) = 0;

  /// A text that may hold credentials: printed without them.
  virtual void credential_url(std::string_view key, std::string& value, std::string_view comment) = 0;
  /// A command, whose words may hold credentials: printed without them.
  virtual void command(std::string_view key, std::string& value, std::string_view comment) = 0;
  /// A number, or a word that stands for `word_value`.
  virtual void integer_or_word(std::string_view key, std::int64_t& value, std::string_view word,
                               std::int64_t word_value, Limits limits, std::string_view comment) = 0;
  /// A list of numbers, or a word that stands for `word_values`.
  virtual void integer_list_or_word(std::string_view key, std::vector<std::int64_t>& value, std::string_view word,
                                    const std::vector<std::int64_t>& word_values, Limits limits,
                                    std::string_view comment) = 0;
  /// true, false or a word; `value` is "true", "false" or the word.
  virtual void flag_or_word(std::string_view key, std::string& value, std::string_view word,
                            std::string_view comment) = 0;
  /// Rows of a text and a number: [["path", 1.0], ...].
  virtual void text_number_rows(std::string_view key, std::vector<std::pair<std::string, double>>& value,
                                std::string_view comment) = 0;

  using BindTable = std::function<void(Binder&)>;
  /// A table of its own, printed under a header.
  virtual void section(std::string_view key, const BindTable& bind, std::string_view comment) = 0;
  /// A table printed in line: { key = value, ... }.
  virtual void table(std::string_view key, const BindTable& bind, std::string_view comment) = 0;
  /// A text, or a table in line: then `value` is `word_for_table` and the table is bound.
  virtual void text_or_table(std::string_view key, std::string& value, std::string_view word_for_table,
                             const BindTable& bind, std::string_view comment) = 0;

  /// Keys that the table holds, for tables whose keys are names that the user chooses; empty for a printer.
  virtual std::vector<std::string> present_keys() const = 0;
  /// The value of `key` is not what was expected: a check that no function above makes. A printer ignores it.
  virtual void reject(std::string_view key, std::string_view expected) = 0;

  /// The Binder for keys that change no result: where records leave them out (config/table_json.hpp).
  virtual Binder& without_effect() { return *this; }

  /// Rejects the table when it lacks `key`.
  void require(std::string_view key) {
    const auto keys = present_keys();
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) reject(key, "is required");
  }

  /// The path of a file or directory. "~/" is the directory of the user, as in a shell, which does not see these paths.
  void path(std::string_view key, std::string& value, std::string_view comment);
  void path_list(std::string_view key, std::vector<std::string>& value, std::string_view comment);

  /// Other integer types and enums go through the functions above.
  template <typename Integer>
  void integer_as(std::string_view key, Integer& value, Limits limits, std::string_view comment) {
    std::int64_t wide = value;
    integer(key, wide, limits, comment);
    value = static_cast<Integer>(wide);
  }
  template <typename Integer>
  void integer_list_as(std::string_view key, std::vector<Integer>& value, Limits limits, std::string_view comment) {
    std::vector<std::int64_t> wide(value.begin(), value.end());
    integer_list(key, wide, limits, comment);
    value.assign(wide.begin(), wide.end());
  }
  /// Texts out of `allowed`.
  void choice_list(std::string_view key, std::vector<std::string>& value, const std::vector<std::string>& allowed,
                   std::string_view comment);
  /// Exactly `N` numbers.
  template <std::size_t N>
  void number_array(std::string_view key, std::array<double, N>& value, Limits limits, std::string_view comment) {
    std::vector<double> wide(value.begin(), value.end());
    number_array(key, wide, limits, comment);
    std::copy_n(wide.begin(), N, value.begin());
  }
  template <typename Enum>
  void choice_as(std::string_view key, Enum& value, const std::vector<std::pair<std::string, Enum>>& names,
                 std::string_view comment) {
    std::vector<std::string> allowed;
    std::string name;
    for (const auto& [text, entry] : names) {
      allowed.push_back(text);
      if (entry == value) name = text;
    }
    choice(key, name, allowed, comment);
    for (const auto& [text, entry] : names) {
      if (text == name) value = entry;
    }
  }

 private:
  /// Keeps the number of elements of `value`.
  void number_array(std::string_view key, std::vector<double>& value, Limits limits, std::string_view comment);
};

/// `path` with "~" and "~/..." replaced by $HOME; nothing when that is not known or "~" means another user.
std::optional<std::string> without_tilde(const std::string& path);

/// A range in words: "at least 0", "from 0 to 1"; empty without limits.
std::string describe_limits(const Limits& limits);

/// "a, b, c"
std::string list_names(const std::vector<std::string>& names);

}  // namespace comap
