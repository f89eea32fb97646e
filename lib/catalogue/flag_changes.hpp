#pragma once
/// \file
/// Flags of observations by hand: quality_flags.is_good and comment. All run inside a transaction. Rows with pixel 0
/// are left alone; an element without a row is good and gets its row when it is first set or becomes bad.

#include <optional>
#include <string>
#include <vector>

#include "catalogue/observer_flags.hpp"
#include "catalogue/sql_connection.hpp"

namespace comap::sql {

/// What is to be set on every feed and frequency_band of these lists.
struct FlagSetting {
  std::vector<int> feeds;
  std::vector<int> frequency_bands;
  bool is_good = true;
  std::optional<std::string> comment;  ///< empty = the comments that are there stay
};

/// All 19 x 8 elements of an observation, or those that are flagged: pixel, frequency_band, is_good, comment. Throws
/// CatalogueError for an obsid that has no row.
Result flags_of(Connection& connection, std::int64_t obsid, bool only_bad);

/// Sets the elements of one observation. Throws CatalogueError for an obsid that has no row.
void set_flags(Connection& connection, std::int64_t obsid, const FlagSetting& setting);

/// What an import changes, or would change.
struct FlagImport {
  /// obsid, become_bad, become_good (numbers of elements), only where one of them is not 0; in order of obsid.
  Result changes;
  std::int64_t n_become_bad = 0;
  std::int64_t n_become_good = 0;
  std::int64_t n_bad = 0;                    ///< elements that are bad afterwards
  std::vector<std::int64_t> n_observations;  ///< that each rule names and the catalogue has, [rule]
};

/// Makes the elements that the rules name bad and all others of all observations good. Comments stay. A fixed number
/// of statements, whatever the number of observations and rules. Only looks unless `write`.
FlagImport import_flags(Connection& connection, const std::vector<FlagRule>& rules, bool write);

}  // namespace comap::sql
