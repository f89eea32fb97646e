#pragma once
/// \file
/// Questions about observations and their files. Each answers with named columns, in order of obsid or of name. All run
/// inside a transaction and bear a file that lacks tables. An empty path counts as none.

#include <limits>
#include <optional>
#include <string>

#include "catalogue/sql_connection.hpp"

namespace comap::sql {

inline constexpr std::int64_t kAllRows = std::numeric_limits<std::int64_t>::max();

/// The first `limit` observations without level2_path: obsid, source, source_group, utc_start, level1_path.
Result without_level2(Connection& connection, std::int64_t limit);

/// The key by which observations are counted.
enum class Grouping { source, source_group };

/// For each group: its name, total, with_level2, missing.
Result level2_of_groups(Connection& connection, Grouping grouping);

/// Observations whose source matches `name` (* and ? as in [select] source), for each such source: source, total,
/// processed (with level2_path), unprocessed. Those of the group SkyDip only with `sky_dips`.
Result field_status(Connection& connection, const std::string& name, bool sky_dips);

/// Observations that have `part` in one of their paths, as it is written but without regard to the case of ASCII
/// letters: obsid, level1_path, level2_path, old_level1_path. Rows of old_path_data need no row in comap_data.
Result path_search(Connection& connection, const std::string& part);

/// Selected observations and how far they are: obsid, source, source_group, utc_start, level2 ("yes" or "no"),
/// processing_status, statistics ("yes" when any number of the summary or of the elements is there), median_tsys,
/// mean_tau, n_scans, n_bad_elements (flagged), level1_path, level2_path. obsids and obsid_file of the selection are
/// not looked at.
Result observation_states(Connection& connection, const SelectConfig& selection);

/// obsid, source and path of the selected observations that have a path: level1_path or level2_path.
Result registered_paths(Connection& connection, const SelectConfig& selection, bool is_level2);

}  // namespace comap::sql
