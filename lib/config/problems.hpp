#pragma once
/// \file
/// The errors of a configuration, gathered so that all are shown at once.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace comap {

/// Where a value was given: a file with a line, or the option --set. Line 0 = no line.
struct Place {
  std::string source;
  std::int64_t line = 0;
};

/// The places of all keys that were given, by full key ("mapmake.offset_length").
class KeyPlaces {
 public:
  explicit KeyPlaces(std::string file_name) : file_name_(std::move(file_name)) {}
  void set(const std::string& key, Place place) { places_[key] = std::move(place); }
  /// The place of the key, or else the file: its default is meant.
  Place find(const std::string& key) const;

 private:
  std::string file_name_;
  std::map<std::string, Place> places_;
};

class Problems {
 public:
  /// One line "file:line: key: text"; an empty key is left out.
  void add(const Place& place, std::string_view key, std::string_view text);
  bool empty() const { return entries_.empty(); }
  /// Throws ConfigError with all lines, those of the file first, by line.
  void throw_if_any(const std::string& file_name) const;

 private:
  struct Entry {
    Place place;
    std::string text;
  };
  std::vector<Entry> entries_;
};

}  // namespace comap
