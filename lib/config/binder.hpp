#pragma once
/// \file
/// Binds the keys of a TOML table to members of a struct: one description of each key serves parsing, range checks,
/// unknown keys and `config show`.

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comap {

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
  virtual void text_list(std::string_view key, std::vector<std::string>& value, std::string_view comment) = 0;
  virtual void integer_list(std::string_view key, std::vector<std::int64_t>& value, Limits limits,
                            std::string_view comment) = 0;
  /// Rows of numbers of equal width, e.g. [[1.0, 2.0], [3.0, 4.0]]; `width` 0 = one flat list, stored as one row.
  virtual void number_rows(std::string_view key, std::vector<std::vector<double>>& value, int width,
                           std::string_view comment) = 0;

  /// Other integer types and enums go through the functions above.
  template <typename Integer>
  void integer_as(std::string_view key, Integer& value, Limits limits, std::string_view comment) {
    auto wide = static_cast<std::int64_t>(value);
    integer(key, wide, limits, comment);
    value = static_cast<Integer>(wide);
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
};

}  // namespace comap
