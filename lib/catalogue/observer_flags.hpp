#pragma once
/// \file
/// Observers' notes of bad data: a table of stretches of observations, feeds and bands.

#include <cstdint>
#include <string>
#include <vector>

namespace comap {

/// One line of the table: these elements are bad from the first to the last of these observations, both included.
struct FlagRule {
  int line = 0;
  std::int64_t first_obsid = 0;
  std::int64_t last_obsid = 0;       ///< the largest number there is for `ongoing`
  std::vector<int> feeds;            ///< 1-19, ascending
  std::vector<int> frequency_bands;  ///< 0-7, ascending
  std::string comment = {};          ///< what the table says of it; empty = nothing
};

/// Reads a CSV file with the columns `ObsID start`, `ObsID end`, `Pixels` and `Sidebands`, in any order and case, and
/// `Comment` where there is one; other columns are left alone, and so are lines with nothing in these four.
///
/// ObsID end  a number; empty: the same as the start; `ongoing`: every later observation
/// Pixels     see parse_feeds
/// Sidebands  `all`, `bandA` (bands 0 and 1), `bandB` (2 and 3), or both names; every band is both its sub-bands
///
/// Throws ConfigError naming file, line and column.
std::vector<FlagRule> read_observer_flags(const std::string& file);

/// Feeds 1-19, ascending: `all`, or numbers and ranges (`1-5`) separated by commas, semicolons or blanks.
/// Throws ConfigError saying what does not fit.
std::vector<int> parse_feeds(const std::string& text);
/// frequency_bands 0-7 in the same way; also `bandA` (0-3) and `bandB` (4-7).
std::vector<int> parse_frequency_bands(const std::string& text);

}  // namespace comap
