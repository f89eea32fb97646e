#include <fmt/core.h>
#include <sqlite3.h>

#include <filesystem>
#include <string_view>

#include "catalogue/sql_connection.hpp"

namespace comap::sql {

namespace {

constexpr int kBusyTimeout_ms = 30000;  // other programs hold the lock for the time of one short transaction

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

int bind_value(sqlite3_stmt* statement, int index, const SqlValue& value) {
  if (is_null(value)) return sqlite3_bind_null(statement, index);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return sqlite3_bind_int64(statement, index, *integer);
  if (const auto* number = std::get_if<double>(&value)) return sqlite3_bind_double(statement, index, *number);
  if (const auto* flag = std::get_if<bool>(&value)) return sqlite3_bind_int(statement, index, *flag ? 1 : 0);
  const std::string text = storable_text(std::get<std::string>(value));
  return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

bool is_boolean_column(sqlite3_stmt* statement, int column) {
  const char* declared = sqlite3_column_decltype(statement, column);
  return declared != nullptr && sqlite3_stricmp(declared, "BOOLEAN") == 0;
}

SqlValue column_value(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      return {};
    case SQLITE_INTEGER: {
      const std::int64_t integer = sqlite3_column_int64(statement, column);
      if (is_boolean_column(statement, column)) return integer != 0;
      return integer;
    }
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    default: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text, sqlite3_column_bytes(statement, column));
    }
  }
}

Values row_of(sqlite3_stmt* statement) {
  Values row;
  const int n_columns = sqlite3_column_count(statement);
  row.reserve(n_columns);
  for (int column = 0; column < n_columns; ++column) row.push_back(column_value(statement, column));
  return row;
}

class SqliteConnection final : public Connection {
 public:
  SqliteConnection(const std::string& path, Access access)
      : path_(std::filesystem::absolute(path).lexically_normal()), access_(access) {
    check_place();
    if (std::filesystem::exists(path_)) reconnect();
  }

  Dialect dialect() const override { return Dialect::sqlite; }
  std::string description() const override { return "sqlite:" + path_.string(); }
  bool exists() const override { return database_ != nullptr; }

  void create() override {
    if (!exists()) open(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  }

  void reconnect() override {
    if (access_ == Access::write) return open(SQLITE_OPEN_READWRITE);
    try {
      open(SQLITE_OPEN_READONLY);
    } catch (const CatalogueError&) {
      // A program that was killed may have left its journal, which only a connection that may write can undo.
      open(SQLITE_OPEN_READWRITE);
      open(SQLITE_OPEN_READONLY);
    }
  }

  Result query(const std::string& statement, const Values& parameters) override {
    const Statement prepared = prepare(statement);
    bind(prepared.get(), parameters);
    Result result;
    for (int column = 0; column < sqlite3_column_count(prepared.get()); ++column) {
      result.columns.emplace_back(sqlite3_column_name(prepared.get(), column));
    }
    while (step(prepared.get())) result.rows.push_back(row_of(prepared.get()));
    return result;
  }

  void stream(const std::string& statement, const std::function<void(Values)>& take) override {
    const Statement prepared = prepare(statement);
    while (step(prepared.get())) take(row_of(prepared.get()));
  }

  std::int64_t execute(const std::string& statement, const Values& parameters) override {
    const Statement prepared = prepare(statement);
    bind(prepared.get(), parameters);
    const int before = sqlite3_total_changes(database_.get());
    while (step(prepared.get())) {
    }
    return sqlite3_total_changes(database_.get()) - before;
  }

  void append(const std::string& table, const std::vector<std::string>& columns,
              const std::vector<Values>& rows) override {
    std::vector<std::string> marks;
    for (std::size_t i = 1; i <= columns.size(); ++i) marks.push_back(fmt::format("${}", i));
    const Statement insert =
        prepare(fmt::format("INSERT INTO {} ({}) VALUES ({})", table, joined(columns), joined(marks)));
    for (const Values& row : rows) {
      for (std::size_t i = 0; i < columns.size(); ++i) {
        check(bind_value(insert.get(), static_cast<int>(i + 1), row.at(i)));  // $1, $2, ... come in this order
      }
      step(insert.get());
      sqlite3_reset(insert.get());
    }
  }

  void fill(const TemporaryTable& table, const std::vector<Values>& rows) override {
    std::vector<std::string> columns, definitions;
    for (const auto& [name, type] : table.columns) {
      columns.push_back(name);
      definitions.push_back(name + " " + type_name(type, Dialect::sqlite));
    }
    execute(fmt::format("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({})", table.name, joined(definitions)), {});
    execute(fmt::format("DELETE FROM temp.{}", table.name), {});
    append("temp." + table.name, columns, rows);
  }

  std::vector<std::string> columns_of(const std::string& table) override {
    std::vector<std::string> names;
    for (const Values& row : query("SELECT name FROM pragma_table_info($1)", {table}).rows) {
      names.push_back(text_of(row[0]));
    }
    return names;
  }

  void begin(Access access) override { execute(access == Access::write ? "BEGIN IMMEDIATE" : "BEGIN", {}); }
  void commit() override { execute("COMMIT", {}); }
  void rollback() noexcept override { sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr); }

 private:
  void check_place() const {
    if (std::filesystem::is_directory(path_)) refuse("is a directory; give the name of a file in [catalogue] url");
    if (!std::filesystem::is_directory(path_.parent_path())) {
      refuse("its directory does not exist; create it or correct [catalogue] url");
    }
    if (std::filesystem::exists(path_) && !std::filesystem::is_regular_file(path_)) {
      refuse("is no file; correct [catalogue] url");
    }
  }

  void open(int flags) {
    sqlite3* raw = nullptr;
    const int status = sqlite3_open_v2(path_.c_str(), &raw, flags, nullptr);
    database_.reset(raw);
    if (status != SQLITE_OK) fail(fmt::format("cannot be opened: {}", sqlite3_errstr(status)));
    sqlite3_busy_timeout(raw, kBusyTimeout_ms);
    execute("PRAGMA foreign_keys = ON", {});
    query("SELECT count(*) FROM sqlite_master", {});
  }

  Statement prepare(const std::string& text) const {
    if (!exists()) {
      refuse("there is no such file; create it with `comap_mpi catalogue init` or correct [catalogue] url");
    }
    sqlite3_stmt* raw = nullptr;
    check(sqlite3_prepare_v2(database_.get(), text.c_str(), -1, &raw, nullptr));
    return Statement(raw);
  }

  void bind(sqlite3_stmt* statement, const Values& parameters) const {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const int index = sqlite3_bind_parameter_index(statement, fmt::format("${}", i + 1).c_str());
      if (index > 0) check(bind_value(statement, index, parameters[i]));
    }
  }

  bool step(sqlite3_stmt* statement) const {
    const int status = sqlite3_step(statement);
    if (status == SQLITE_ROW) return true;
    if (status != SQLITE_DONE) check(status);
    return false;
  }

  void check(int status) const {
    if (status == SQLITE_OK) return;
    const int primary = status & 0xFF;
    if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED) {
      throw ConnectionLost(fmt::format("catalogue {}: another program has kept it locked for {} s; try again later",
                                       description(), kBusyTimeout_ms / 1000));
    }
    if (primary == SQLITE_READONLY) fail("is read-only; check the permissions of the file and of its directory");
    if (primary == SQLITE_NOTADB) refuse("is not an SQLite database; correct [catalogue] url");
    fail(sqlite3_errmsg(database_.get()));
  }

  [[noreturn]] void fail(std::string_view reason) const {
    throw CatalogueError(fmt::format("catalogue {}: {}", description(), reason));
  }
  /// The configuration names a wrong place.
  [[noreturn]] void refuse(std::string_view reason) const {
    throw ConfigError(fmt::format("catalogue {}: {}", description(), reason));
  }

  std::filesystem::path path_;
  Access access_;
  Database database_;
};

}  // namespace

std::unique_ptr<Connection> open_sqlite(const std::string& path, Access access) {
  // A server's URL in the wrong place may hold a password: it is not shown.
  if (path.empty() || path.starts_with("//") || path.find("://") != std::string::npos) {
    throw ConfigError("catalogue: [catalogue] url must be sqlite:PATH, for example sqlite:comap.db");
  }
  return std::make_unique<SqliteConnection>(path, access);
}

}  // namespace comap::sql
