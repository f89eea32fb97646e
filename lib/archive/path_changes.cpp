#include "archive/path_changes.hpp"

#include <fmt/core.h>

#include "catalogue/schema.hpp"

namespace comap::sql {

std::int64_t change_paths(Connection& connection, DataLevel level, const std::vector<PathChange>& changes) {
  static const TemporaryTable temporary = {
      "comap_path_changes",
      {{"obsid", ColumnType::big_integer}, {"old_path", ColumnType::text}, {"new_path", ColumnType::text}}};
  const std::string column = level == DataLevel::level1 ? "level1_path" : "level2_path";
  std::vector<Values> rows;
  for (const PathChange& change : changes) {
    rows.push_back({change.obsid, change.old_path, change.new_path.empty() ? SqlValue{} : SqlValue{change.new_path}});
  }
  connection.fill(temporary, rows);
  const std::string unchanged = fmt::format("new.obsid = ours.obsid AND ours.{} = new.old_path", column);
  if (level == DataLevel::level1) {
    connection.execute(
        fmt::format("INSERT INTO {0} (obsid, old_level1_path) SELECT new.obsid, new.old_path FROM {1} "
                    "AS new JOIN {2} AS ours ON {3} WHERE new.obsid > 0 ORDER BY new.obsid "
                    "ON CONFLICT (obsid) DO UPDATE SET old_level1_path = excluded.old_level1_path",
                    kOldPaths, temporary.name, kObservations, unchanged));
  } else {
    connection.execute(
        fmt::format("UPDATE {0} SET processing_status = 'pending' WHERE processing_status = 'complete' "
                    "AND obsid IN (SELECT ours.obsid FROM {1} AS ours JOIN {2} AS new ON {3} "
                    "WHERE new.new_path IS NULL)",
                    kSummaries, kObservations, temporary.name, unchanged));
  }
  return connection.execute(fmt::format("UPDATE {0} AS ours SET {1} = new.new_path FROM {2} AS new WHERE {3}",
                                        kObservations, column, temporary.name, unchanged));
}

}  // namespace comap::sql
