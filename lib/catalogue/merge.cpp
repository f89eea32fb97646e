#include "catalogue/merge.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "core/error.hpp"

namespace comap::sql {

namespace {

constexpr std::size_t kRowsPerBatch = 50000;  // bounds the memory: some 50 MB for quality_flags
constexpr std::size_t kShownRows = 20;        // of each table
constexpr std::size_t kShownProblems = 1000;

bool belongs_to_observation(const Table& table) {
  return table.name != kObservations && table.name != kOldPaths && table.key.front() == "obsid";
}

/// is_good, which is never NULL in a table: what nobody has flagged is good.
bool is_flag(const Column& column) { return column.type == ColumnType::boolean; }

/// Positions of the key in the columns of the table.
std::vector<std::size_t> key_positions(const Table& table) {
  std::vector<std::size_t> positions;
  for (const std::string& name : table.key) {
    const auto found = std::ranges::find(table.columns, name, &Column::name);
    positions.push_back(static_cast<std::size_t>(found - table.columns.begin()));
  }
  return positions;
}

std::string key_text(const Values& key) {
  std::vector<std::string> parts;
  for (const SqlValue& value : key) parts.push_back(is_null(value) ? "NULL" : storable_text(text_of(value)));
  return joined(parts);
}

/// The value that a column gets. The source of a flag goes with the flag.
std::string merged_value(const std::string& column, const std::string& ours, const std::string& theirs, Prefer prefer) {
  const bool is_primary = prefer == Prefer::primary;
  const std::string filled =
      is_primary ? fmt::format("COALESCE({}, {})", ours, theirs) : fmt::format("COALESCE({}, {})", theirs, ours);
  if (column != "flag_source") return filled;
  return fmt::format("CASE WHEN COALESCE(new.is_good, ours.is_good) = ours.is_good THEN {} ELSE {} END", filled,
                     is_primary ? ours : theirs);
}

}  // namespace

/// The statements for a batch of rows of one table, which lies in a temporary table.
class BatchStatements {
 public:
  BatchStatements(Connection& receiver, const Table& table, Prefer prefer)
      : table_(table),
        temporary_(temporary_of(table, "comap_merged_" + table.name)),
        present_(receiver.columns_of(table.name)) {
    std::vector<std::string> same_key = {fmt::format("ours.{} BETWEEN $1 AND $2", table.key.front())};
    for (const std::string& name : table.key) same_key.push_back(fmt::format("ours.{0} = new.{0}", name));
    same_key_ = joined(same_key, " AND ");
    std::vector<std::string> differences;
    for (const Column& column : table.columns) {
      if (std::ranges::find(table.key, column.name) != table.key.end()) continue;
      const std::string ours = is_present(column.name) ? "ours." + column.name : "NULL";
      const std::string value = merged_value(column.name, ours, "new." + column.name, prefer);
      settings_.push_back(fmt::format("{} = {}", column.name, value));
      differences.push_back(fmt::format("{} IS DISTINCT FROM {}", ours, value));
    }
    changes_ = fmt::format("({})", joined(differences, " OR "));
  }

  const TemporaryTable& temporary() const { return temporary_; }
  bool has_table() const { return !present_.empty(); }

  std::string any_in_range() const {
    return fmt::format("SELECT 1 FROM {} AS ours WHERE ours.{} BETWEEN $1 AND $2 LIMIT 1", table_.name,
                       table_.key.front());
  }
  std::string select_new(const std::string& what) const {
    return fmt::format("SELECT {} FROM {} AS new WHERE NOT EXISTS (SELECT 1 FROM {} AS ours WHERE {})", what,
                       temporary_.name, table_.name, same_key_);
  }
  std::string select_changed(const std::string& what) const {
    return fmt::format("SELECT {} FROM {} AS new JOIN {} AS ours ON {} WHERE {}", what, temporary_.name, table_.name,
                       same_key_, changes_);
  }
  std::string insert() const {
    std::vector<std::string> values;
    for (const Column& column : table_.columns) {
      values.push_back(is_flag(column) ? fmt::format("COALESCE({}, TRUE)", column.name) : column.name);
    }
    return fmt::format("INSERT INTO {} ({}) {} ORDER BY {}", table_.name, joined(column_names(table_)),
                       select_new(joined(values)), new_key());
  }
  std::string update() const {
    return fmt::format("UPDATE {} AS ours SET {} FROM {} AS new WHERE {} AND {}", table_.name, joined(settings_),
                       temporary_.name, same_key_, changes_);
  }
  std::string new_key() const {
    std::vector<std::string> names;
    for (const std::string& name : table_.key) names.push_back("new." + name);
    return joined(names);
  }

 private:
  bool is_present(const std::string& column) const { return std::ranges::find(present_, column) != present_.end(); }

  const Table& table_;
  TemporaryTable temporary_;
  std::vector<std::string> present_;  // columns of the receiver; all of them when it is written
  std::string same_key_, changes_;
  std::vector<std::string> settings_;
};

namespace {

/// PostgreSQL looks up the foreign key of every row for itself, which takes more time than all the rest. A table that
/// is empty is filled without, if that is allowed, and all its rows are checked at once at the end. Returns the
/// statements for the end.
std::vector<std::string> pause_references(Connection& receiver, const Table& table) {
  if (receiver.dialect() != Dialect::postgresql) return {};
  if (!receiver.query(fmt::format("SELECT 1 FROM {} LIMIT 1", table.name)).rows.empty()) return {};
  const Result references = receiver.query(
      "SELECT quote_ident(r.conname), pg_get_constraintdef(r.oid) FROM pg_constraint AS r JOIN pg_class AS one ON "
      "one.oid = r.conrelid JOIN pg_class AS other ON other.oid = r.confrelid WHERE r.contype = 'f' AND "
      "r.conrelid = to_regclass($1) AND pg_has_role(one.relowner, 'USAGE') AND pg_has_role(other.relowner, 'USAGE')",
      {table.name});
  std::vector<std::string> statements;
  for (const Values& one : references.rows) {
    receiver.execute(fmt::format("ALTER TABLE {} DROP CONSTRAINT {}", table.name, text_of(one[0])));
    statements.push_back(
        fmt::format("ALTER TABLE {} ADD CONSTRAINT {} {}", table.name, text_of(one[0]), text_of(one[1])));
  }
  return statements;
}

}  // namespace

struct RowMerge::State {
  State(Connection& connection, const MergeOptions& chosen) : receiver(connection), options(chosen) {
    for (const Table& one : tables()) report.tables.push_back({one.name, 0, 0, 0, 0, {}});
    if (receiver.columns_of(kObservations).empty()) return;
    receiver.stream(fmt::format("SELECT obsid FROM {}", kObservations),
                    [&](const Values& row) { observations.insert(integer_of(row[0])); });
  }

  Connection& receiver;
  MergeOptions options;
  MergeReport report;
  std::unordered_set<std::int64_t> observations;  ///< with a row in comap_data, here or by this merge
  const Table* table = nullptr;
  TableMerge* counts = nullptr;
  std::unique_ptr<BatchStatements> statements;
  std::vector<std::size_t> key_at;
  Values previous_key;
  std::vector<Values> batch;

  void problem(const Values& key, const std::string& reason) {
    ++report.n_problems;
    if (report.problems.size() < kShownProblems) report.problems.push_back({table->name, key_text(key), reason});
  }

  Values key_of(const Values& row) const {
    Values key;
    for (const std::size_t position : key_at) key.push_back(row[position]);
    return key;
  }

  void fit(Values& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const Column& column = table->columns[i];
      try {
        row[i] = as_type(row[i], column.type);
      } catch (const CatalogueError& error) {
        problem(key_of(row), fmt::format("{} left out: {}", column.name, storable_text(error.what())));
        row[i] = {};
      }
    }
  }

  /// Why a row cannot be taken; empty when it can.
  std::string reason_against(const Values& key) const {
    if (std::ranges::any_of(key, is_null)) return "left out: a row without a key";
    if (key == previous_key) return "left out: a second row with this key";
    if (belongs_to_observation(*table) && !observations.contains(integer_of(key.front()))) {
      return "left out: its observation has no row in comap_data";
    }
    return "";
  }

  void show(const Values& key, bool is_new) {
    if (counts->first.size() < kShownRows) counts->first.push_back({key_text(key), is_new});
  }

  void show_rows(const std::string& statement, const Values& range, bool is_new) {
    if (counts->first.size() >= kShownRows) return;
    const std::string first =
        fmt::format("{} ORDER BY {} LIMIT {}", statement, statements->new_key(), kShownRows - counts->first.size());
    for (const Values& key : receiver.query(first, range).rows) show(key, is_new);
  }

  std::int64_t count(const std::string& statement, const Values& range) {
    return integer_of(receiver.query(statement, range).rows.front().front());
  }

  /// Where the receiver has no row near these all of them are new.
  void take_all_as_new() {
    for (std::size_t i = 0; i < batch.size() && counts->first.size() < kShownRows; ++i) show(key_of(batch[i]), true);
    counts->n_new += std::ssize(batch);
    if (!options.write) return;
    for (std::size_t i = 0; i < table->columns.size(); ++i) {
      if (!is_flag(table->columns[i])) continue;
      for (Values& row : batch) row[i] = is_null(row[i]) ? SqlValue{true} : row[i];
    }
    receiver.append(table->name, column_names(*table), batch);
  }

  void compare(const Values& range) {
    receiver.fill(statements->temporary(), batch);
    show_rows(statements->select_changed(statements->new_key()), range, false);
    show_rows(statements->select_new(statements->new_key()), range, true);
    if (options.write) {
      counts->n_changed += receiver.execute(statements->update(), range);
      counts->n_new += receiver.execute(statements->insert(), range);
    } else {
      counts->n_changed += count(statements->select_changed("count(*)"), range);
      counts->n_new += count(statements->select_new("count(*)"), range);
    }
  }

  void flush() {
    if (batch.empty()) return;
    const auto first_key = [&](const Values& row) { return integer_of(row[key_at.front()]); };
    const auto [lowest, highest] = std::ranges::minmax_element(batch, {}, first_key);
    const Values range = {first_key(*lowest), first_key(*highest)};
    if (statements->has_table() && !receiver.query(statements->any_in_range(), range).rows.empty()) {
      compare(range);
    } else {
      take_all_as_new();
    }
    batch.clear();
  }
};

RowMerge::RowMerge(Connection& receiver, const MergeOptions& options)
    : state_(std::make_unique<State>(receiver, options)) {}

RowMerge::~RowMerge() = default;

void RowMerge::begin_table(const Table& table) {
  state_->flush();
  state_->table = &table;
  state_->counts = &*std::ranges::find(state_->report.tables, table.name, &TableMerge::table);
  state_->statements = std::make_unique<BatchStatements>(state_->receiver, table, state_->options.prefer);
  state_->key_at = key_positions(table);
  state_->previous_key.clear();
}

void RowMerge::add(Values row) {
  ++state_->counts->n_rows;
  state_->fit(row);
  Values key = state_->key_of(row);
  const std::string reason = state_->reason_against(key);
  if (!reason.empty()) {
    ++state_->counts->n_left_out;
    state_->problem(key, reason);
    return;
  }
  if (state_->table->name == kObservations) state_->observations.insert(integer_of(key.front()));
  // The rows of an observation stay together: where it has none yet, they need no comparison.
  const bool is_next = state_->previous_key.empty() || key.front() != state_->previous_key.front();
  if (is_next && state_->batch.size() >= kRowsPerBatch) state_->flush();
  state_->previous_key = std::move(key);
  state_->batch.push_back(std::move(row));
}

MergeReport RowMerge::finish() {
  state_->flush();
  std::erase_if(state_->report.tables, [](const TableMerge& one) { return one.n_rows == 0; });
  return std::move(state_->report);
}

MergeReport merge(Connection& receiver, Connection& giver, const MergeOptions& options) {
  RowMerge rows(receiver, options);
  std::vector<std::string> references;
  for (const Table& table : tables()) {
    const std::vector<std::string> present = giver.columns_of(table.name);
    const auto is_present = [&](const std::string& name) { return std::ranges::find(present, name) != present.end(); };
    if (!std::ranges::all_of(table.key, is_present)) continue;
    std::vector<std::string> columns;
    for (const Column& column : table.columns) columns.push_back(is_present(column.name) ? column.name : "NULL");
    rows.begin_table(table);
    if (options.write) std::ranges::move(pause_references(receiver, table), std::back_inserter(references));
    giver.stream(fmt::format("SELECT {} FROM {} ORDER BY {}{}", joined(columns), table.name, joined(table.key),
                             is_present("id") ? ", id" : ""),
                 [&](Values row) { rows.add(std::move(row)); });
  }
  MergeReport report = rows.finish();
  for (const std::string& statement : references) receiver.execute(statement);
  return report;
}

}  // namespace comap::sql
