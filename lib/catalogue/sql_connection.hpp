#pragma once
/// \file
/// The operations that the catalogue asks of a database. Two implementations: SQLite (sqlite_connection.cpp) and
/// PostgreSQL (postgres_connection.cpp). Statements are the same text for both, with parameters $1, $2, ...

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/catalogue_config.hpp"
#include "core/error.hpp"
#include "data/observation.hpp"

namespace comap::sql {

enum class Dialect { sqlite, postgresql };
enum class Access { read, write };
enum class ColumnType { integer, big_integer, floating, text, boolean };

/// Name of a column type in CREATE TABLE.
std::string type_name(ColumnType type, Dialect dialect);

using Values = std::vector<SqlValue>;

struct Result {
  std::vector<std::string> columns;
  std::vector<Values> rows;
};

/// A table of this connection alone. Lists of obsids and bulk writes go through one: it is filled quickly (COPY,
/// prepared inserts) and joined with the real tables by one statement. Its rows last until the transaction ends.
struct TemporaryTable {
  std::string name;
  std::vector<std::pair<std::string, ColumnType>> columns;
};

/// The connection broke, or the database asked to try again: the whole transaction may be repeated after reconnect().
class ConnectionLost : public CatalogueError {
 public:
  using CatalogueError::CatalogueError;
};

/// One connection. Statements run inside a Transaction. NaN is stored as NULL; text is stored as UTF-8 without zero
/// bytes, other bytes become `?`. Every function throws CatalogueError naming the database, never its credentials.
class Connection {
 public:
  virtual ~Connection() = default;
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  virtual Dialect dialect() const = 0;
  /// URL without credentials.
  virtual std::string description() const = 0;

  /// False for an SQLite file that is not there yet; statements then fail.
  virtual bool exists() const = 0;
  /// Creates the SQLite file; nothing to do for PostgreSQL.
  virtual void create() = 0;
  /// Opens the connection again, with the retries of the configuration.
  virtual void reconnect() = 0;

  virtual Result query(const std::string& statement, const Values& parameters = {}) = 0;
  /// Gives the rows of a query to `take` one after the other, of which only some are in memory at a time. What `take`
  /// asks of this connection must be no other stream.
  virtual void stream(const std::string& statement, const std::function<void(Values)>& take) = 0;
  /// Returns the number of rows changed.
  virtual std::int64_t execute(const std::string& statement, const Values& parameters = {}) = 0;
  /// Adds rows to a table quickly (COPY, prepared inserts). All rows have one value for each of the columns.
  virtual void append(const std::string& table, const std::vector<std::string>& columns,
                      const std::vector<Values>& rows) = 0;
  /// Creates the temporary table when needed and replaces its rows, as append() does.
  virtual void fill(const TemporaryTable& table, const std::vector<Values>& rows) = 0;
  /// Names of the columns of a table; empty when there is no such table.
  virtual std::vector<std::string> columns_of(const std::string& table) = 0;

  virtual void begin(Access access) = 0;
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;
  /// After a commit() that threw ConnectionLost, and reconnect(): whether the changes were made all the same. Throws
  /// CatalogueError when the server does not know.
  virtual bool was_committed() { return false; }
};

/// Begins a transaction; what is not committed is rolled back.
class Transaction {
 public:
  Transaction(Connection& connection, Access access) : connection_(connection) { connection_.begin(access); }
  ~Transaction() {
    if (!committed_) connection_.rollback();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    connection_.commit();
    committed_ = true;
  }

 private:
  Connection& connection_;
  bool committed_ = false;
};

/// `path` is what follows `sqlite:`. Throws ConfigError when its directory is missing or the file is no database.
std::unique_ptr<Connection> open_sqlite(const std::string& path, Access access);
/// `config.url` starts with `postgresql://` or `postgres://`.
std::unique_ptr<Connection> open_postgres(const CatalogueConfig& config);
/// One of the two, by the start of `config.url`. With Access::read an SQLite file is opened read-only. Throws
/// ConfigError for another start.
std::unique_ptr<Connection> open_connection(const CatalogueConfig& config, Access access = Access::write);
/// Version of libpqxx, for `--version`.
std::string postgres_library_version();

/// UTF-8 text as both databases accept it.
std::string storable_text(const std::string& text);
/// NULL, or a number that is NaN.
bool is_null(const SqlValue& value);

/// `value` as a column of this type holds it; the same on both databases. Whole numbers may come as numbers or text.
/// Throws CatalogueError saying which value does not fit which type.
SqlValue as_type(const SqlValue& value, ColumnType type);

/// Access to the fields of a result; NULL gives 0 or "".
std::int64_t integer_of(const SqlValue& value);
std::string text_of(const SqlValue& value);

/// 32 hexadecimal digits that nothing else has.
std::string random_name();

/// "a, b, c"
std::string joined(const std::vector<std::string>& parts, const std::string& separator = ", ");

}  // namespace comap::sql
