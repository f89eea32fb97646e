#pragma once
/// \file
/// The Binder that reads TOML tables. Internal to lib/config: it includes toml++.

#include <toml++/toml.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/binder.hpp"
#include "config/problems.hpp"

namespace comap {

/// State that the readers of all tables of one text share.
struct ReadState {
  std::string file_name;
  std::vector<std::string> keys_of_sets;  ///< full keys that --set gave
  Problems& problems;
  KeyPlaces places;
  std::vector<std::string> known;  ///< full keys that were asked for

  struct Unknown {
    std::string table;
    std::string name;
    Place place;
  };
  std::vector<Unknown> unknown;
};

class TableReader final : public Binder {
 public:
  /// `table` may be nullptr: then every key keeps its value, but becomes known.
  TableReader(const toml::table* table, std::string path, ReadState& state)
      : table_(table), path_(std::move(path)), state_(state) {}

  /// Notes the keys of the table that nobody asked for.
  void finish();

  void flag(std::string_view key, bool& value, std::string_view comment) override;
  void number(std::string_view key, double& value, Limits limits, std::string_view comment) override;
  void integer(std::string_view key, std::int64_t& value, Limits limits, std::string_view comment) override;
  void text(std::string_view key, std::string& value, std::string_view comment) override;
  void choice(std::string_view key, std::string& value, const std::vector<std::string>& allowed,
              std::string_view comment) override;
  void choice_or_list(std::string_view key, std::vector<std::string>& value, const std::vector<std::string>& allowed,
                      std::string_view comment) override;
  void text_list(std::string_view key, std::vector<std::string>& value, std::string_view comment) override;
  void integer_list(std::string_view key, std::vector<std::int64_t>& value, Limits limits,
                    std::string_view comment) override;
  void number_rows(std::string_view key, std::vector<std::vector<double>>& value, int width,
                   std::string_view comment) override;
  void credential_url(std::string_view key, std::string& value, std::string_view comment) override;
  void command(std::string_view key, std::string& value, std::string_view comment) override;
  void integer_or_word(std::string_view key, std::int64_t& value, std::string_view word, std::int64_t word_value,
                       Limits limits, std::string_view comment) override;
  void integer_list_or_word(std::string_view key, std::vector<std::int64_t>& value, std::string_view word,
                            const std::vector<std::int64_t>& word_values, Limits limits,
                            std::string_view comment) override;
  void flag_or_word(std::string_view key, std::string& value, std::string_view word, std::string_view comment) override;
  void text_number_rows(std::string_view key, std::vector<std::pair<std::string, double>>& value,
                        std::string_view comment) override;
  void section(std::string_view key, const BindTable& bind, std::string_view comment) override;
  void table(std::string_view key, const BindTable& bind, std::string_view comment) override;
  void text_or_table(std::string_view key, std::string& value, std::string_view word_for_table, const BindTable& bind,
                     std::string_view comment) override;
  std::vector<std::string> present_keys() const override;
  void reject(std::string_view key, std::string_view expected) override;

 private:
  std::string full_key(std::string_view key) const;
  Place place_of(const std::string& full_key, const toml::node& node) const;
  /// Marks the key as known; nullptr when it is not given.
  const toml::node* find(std::string_view key);
  void wrong(std::string_view key, const toml::node& node, std::string_view expected);
  void bind_table(std::string_view key, const toml::node& node, const BindTable& bind);
  void read_integers(std::string_view key, const toml::node& node, std::vector<std::int64_t>& value, Limits limits,
                     std::string_view or_word);

  const toml::table* table_;
  std::string path_;
  ReadState& state_;
};

}  // namespace comap
