#pragma once
/// \file
/// Rows of one catalogue into another: by key, value by value.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "catalogue/schema.hpp"
#include "catalogue/sql_connection.hpp"

namespace comap::sql {

/// Whose value stays where both sides have one: that of the receiving catalogue, or that of the other.
enum class Prefer { primary, secondary };

struct MergeOptions {
  Prefer prefer = Prefer::primary;
  bool write = false;  ///< false: only count
};

/// A row or a value that was left out, and why.
struct MergeProblem {
  std::string table;
  std::string key;  ///< "7206, 3, 2"
  std::string reason;
};

/// A row that is new or changes.
struct MergedRow {
  std::string key;
  bool is_new = false;
};

struct TableMerge {
  std::string table;
  std::int64_t n_rows = 0;  ///< of the other catalogue, with those left out
  std::int64_t n_new = 0;
  std::int64_t n_changed = 0;
  std::int64_t n_left_out = 0;
  std::vector<MergedRow> first;  ///< the first of those that are new or change
};

struct MergeReport {
  std::vector<TableMerge> tables;  ///< in order of tables(), those that had rows
  std::int64_t n_problems = 0;
  std::vector<MergeProblem> problems;  ///< the first of them
};

/// Takes the rows of a catalogue, table after table, some tens of thousands in memory. A value that is NULL on one side
/// is taken from the other; rows that are equal are not touched; new rows are counted up by the receiving database.
/// Left out, as problems: values that do not fit their column, rows without a key, the second row with a key, rows of
/// an observation that has none in comap_data. All inside a transaction of `receiver`, whose schema is complete if
/// `options.write`.
class RowMerge {
 public:
  RowMerge(Connection& receiver, const MergeOptions& options);
  ~RowMerge();
  RowMerge(const RowMerge&) = delete;
  RowMerge& operator=(const RowMerge&) = delete;

  /// Tables with an obsid come after comap_data. A table may come again.
  void begin_table(const Table& table);
  /// The values of all columns of the table, in its order (without `id`); rows in order of key.
  void add(Values row);
  MergeReport finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// All tables of `giver` into `receiver`. Both within a transaction. Tables that the giver does not have are left out.
/// Rows of pixel 0 are taken like all others: a move loses nothing.
MergeReport merge(Connection& receiver, Connection& giver, const MergeOptions& options);

}  // namespace comap::sql
