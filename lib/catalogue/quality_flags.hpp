#pragma once
/// \file
/// Flags of observations by hand and from tables: quality_flags.is_good, comment and flag_source. All run inside a
/// transaction. Rows with pixel 0 are left alone; an element without a row is good and gets its row when it is first
/// set or becomes bad.
///
/// flag_source says who has flagged: `by hand`, `import TABLE`, or several, separated by "; "; NULL where nobody has,
/// or where an earlier version or the Python pipeline did. An import changes its own flags only.

#include <optional>
#include <string>
#include <vector>

#include "catalogue/observer_flags.hpp"
#include "catalogue/sql_connection.hpp"

namespace comap::sql {

/// A flag to be set on every feed and frequency_band of these lists.
struct FlagSetting {
  std::vector<int> feeds;
  std::vector<int> frequency_bands;
  bool is_good = true;
  std::optional<std::string> comment;  ///< empty = the comments that are there stay
};

/// All 19 x 8 elements of an observation, or those that are flagged: pixel, frequency_band, is_good, comment,
/// source. Throws CatalogueError for an obsid that has no row.
Result flags_of(Connection& connection, std::int64_t obsid, bool only_bad);

/// Sets the elements of one observation, by hand. Throws CatalogueError for an obsid that has no row.
void set_flags(Connection& connection, std::int64_t obsid, const FlagSetting& setting);

/// The changes that an import makes, or would make.
struct FlagImport {
  /// obsid, become_bad, become_good (numbers of elements), only where one of them is not 0; in order of obsid.
  Result changes;
  std::int64_t n_become_bad = 0;
  std::int64_t n_become_good = 0;
  Result lifted;                             ///< what becomes good: obsid, pixel, frequency_band, comment
  std::int64_t n_good_by_hand = 0;           ///< named, but said to be good by hand: they stay good
  std::int64_t n_of_no_source = 0;           ///< bad before, nobody knows why: they stay bad
  std::int64_t n_bad = 0;                    ///< elements that are bad afterwards, of any source
  std::vector<std::int64_t> n_observations;  ///< that each rule names and the catalogue has, [rule]
};

/// The flag_source of a table, by its name.
std::string import_source(const std::string& table);

/// Makes the elements that the rules name bad, but for those that are good by hand, and those good that only this
/// source said were bad and that the rules no longer name. The comment of a rule is stored with flags that are of this
/// source alone, and goes with them. A fixed number of statements, whatever the number of observations and rules. Only
/// looks unless `write`.
FlagImport import_flags(Connection& connection, const std::vector<FlagRule>& rules, const std::string& source,
                        bool write);

/// Bad elements of no known source are of this one from now on.
void adopt_flags(Connection& connection, const std::string& source);

}  // namespace comap::sql
