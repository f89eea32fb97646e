#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <optional>
#include <thread>
#include <utility>

#include "catalogue/postgres_url.hpp"
#include "catalogue/pqxx_api.hpp"
#include "catalogue/sql_connection.hpp"
#include "core/log.hpp"
#include "core/stopping.hpp"

namespace comap::sql {

namespace {

constexpr double kLongestPause_s = 60.0;
constexpr int kRowsPerFetch = 10000;        // bounds the memory of a stream
constexpr std::size_t kAnalyzeRows = 1000;  // a plan for more rows than this needs statistics

// Tells the outcome of a commit whose answer got lost: its number is then in the row of the session, or it is not. (The
// numbers that the server itself gives to transactions are given again after a crash.) A server that is still at the
// commit needs a moment.
constexpr auto kNumberCommit =
    "INSERT INTO comap_commits (session, number, committed_at) "
    "VALUES ($1, CAST($2 AS BIGINT), to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')) "
    "ON CONFLICT (session) DO UPDATE SET number = excluded.number, committed_at = excluded.committed_at "
    "RETURNING pg_backend_pid()";
constexpr auto kForgetOldSessions =
    "DELETE FROM comap_commits WHERE committed_at < "
    "to_char((now() - interval '30 days') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
constexpr auto kIsStillAtIt =
    "SELECT 1 FROM pg_stat_activity WHERE pid = CAST($1 AS INTEGER) AND backend_xid IS NOT NULL";
constexpr auto kIsCommitted = "SELECT 1 FROM comap_commits WHERE session = $1 AND number = CAST($2 AS BIGINT)";
constexpr int kStatusLooks = 300;
constexpr auto kStatusPause = std::chrono::milliseconds(100);

/// Types of pg_type that a catalogue holds.
enum TypeId : pqxx::oid {
  kBool = 16,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kFloat4 = 700,
  kFloat8 = 701,
  kNumeric = 1700
};

std::optional<std::string> parameter_text(const SqlValue& value) {
  if (is_null(value)) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&value)) return storable_text(*text);
  return text_of(value);
}

Texts texts_of(const Values& values) {
  Texts texts(values.size());
  std::transform(values.begin(), values.end(), texts.begin(), parameter_text);
  return texts;
}

/// Of a field of a result, whose type has another name in each version of libpqxx.
template <typename Field>
SqlValue field_value(const Field& field) {
  if (field.is_null()) return {};
  switch (field.type()) {
    case kBool:
      return field.c_str()[0] == 't';
    case kInt2:
    case kInt4:
    case kInt8:
      return as_type(std::string(field.c_str()), ColumnType::big_integer);
    case kFloat4:
    case kFloat8:
    case kNumeric:
      return as_type(std::string(field.c_str()), ColumnType::floating);
    default:
      return std::string(field.c_str(), field.size());
  }
}

Values row_of(const pqxx::result& result, pqxx::result::size_type number) {
  const auto row = result[number];
  Values values;
  values.reserve(row.size());
  for (pqxx::row::size_type column = 0; column < row.size(); ++column) values.push_back(field_value(row[column]));
  return values;
}

/// Refusals that waiting does not cure.
bool is_permanent(const std::string& message) {
  constexpr std::array kReasons = {"authentication failed",
                                   "does not exist",
                                   "no pg_hba.conf entry",
                                   "no password supplied",
                                   "invalid connection option",
                                   "not permitted to log in",
                                   "invalid integer value",
                                   "invalid port number",
                                   "not found"};
  return std::any_of(kReasons.begin(), kReasons.end(),
                     [&](const char* reason) { return message.find(reason) != std::string::npos; });
}

/// Server going away or conflicts between transactions: classes 08 and 40, and 57P01-57P03.
bool may_be_repeated(const std::string& sqlstate) {
  return sqlstate.starts_with("08") || sqlstate.starts_with("40") || sqlstate.starts_with("57P");
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char letter) { return letter == '\n' || letter == '\t'; }, ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

struct Session {
  explicit Session(const std::string& options) : connection(options) {}
  QuietConnection connection;
  std::unique_ptr<pqxx::work> work;
};

class PostgresConnection final : public Connection {
 public:
  explicit PostgresConnection(const CatalogueConfig& config) : url_(config.url), config_(config) { reconnect(); }

  Dialect dialect() const override { return Dialect::postgresql; }
  std::string description() const override { return url_.description(); }
  bool exists() const override { return true; }
  void create() override {}

  void reconnect() override {
    session_.reset();
    for (int attempt = 0;; ++attempt) {
      const std::string failure = try_to_connect();
      if (failure.empty()) return;
      const std::string message = fmt::format("catalogue {}: {}", description(), failure);
      if (is_permanent(failure)) throw CatalogueError(message);
      if (attempt >= config_.connect_retries) throw ConnectionLost(message);
      const double pause_s = std::min(config_.connect_retry_delay_s * std::ldexp(1.0, attempt), kLongestPause_s);
      log_warning("{}; trying again in {:.1f} s", message, pause_s);
      if (!pause_for(pause_s)) throw ConnectionLost(fmt::format("{}; not tried again, {}", message, kStoppedBySignal));
    }
  }

  Result query(const std::string& statement, const Values& parameters) override {
    const pqxx::result answer = run(statement, parameters);
    Result result;
    for (pqxx::row::size_type column = 0; column < answer.columns(); ++column) {
      result.columns.emplace_back(answer.column_name(column));
    }
    for (pqxx::result::size_type row = 0; row < answer.size(); ++row) result.rows.push_back(row_of(answer, row));
    return result;
  }

  std::int64_t execute(const std::string& statement, const Values& parameters) override {
    return static_cast<std::int64_t>(run(statement, parameters).affected_rows());
  }

  void stream(const std::string& statement, const std::function<void(Values)>& take) override {
    run(fmt::format("DECLARE comap_stream NO SCROLL CURSOR FOR {}", statement), {});
    const std::string fetch = fmt::format("FETCH {} FROM comap_stream", kRowsPerFetch);
    for (pqxx::result rows = run(fetch, {}); !rows.empty(); rows = run(fetch, {})) {
      for (pqxx::result::size_type row = 0; row < rows.size(); ++row) take(row_of(rows, row));
    }
    run("CLOSE comap_stream", {});
  }

  void append(const std::string& table, const std::vector<std::string>& columns,
              const std::vector<Values>& rows) override {
    guarded([&] {
      TableStream stream(work(), table, columns);
      for (const Values& row : rows) stream.write(texts_of(row));
      stream.complete();
    });
  }

  void fill(const TemporaryTable& table, const std::vector<Values>& rows) override {
    std::vector<std::string> columns, definitions;
    for (const auto& [name, type] : table.columns) {
      columns.push_back(name);
      definitions.push_back(name + " " + type_name(type, dialect()));
    }
    execute(fmt::format("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS", table.name,
                        joined(definitions)),
            {});
    execute(fmt::format("TRUNCATE {}", table.name), {});
    append(table.name, columns, rows);
    if (rows.size() > kAnalyzeRows) execute(fmt::format("ANALYZE {}", table.name), {});
  }

  std::vector<std::string> columns_of(const std::string& table) override {
    std::vector<std::string> names;
    const Result columns = query(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped "
        "ORDER BY attnum",
        {table});
    for (const Values& row : columns.rows) names.push_back(text_of(row[0]));
    return names;
  }

  void begin(Access access) override {
    writes_ = access == Access::write;
    is_commit_in_doubt_ = false;
    guarded([&] { session().work = std::make_unique<pqxx::work>(session().connection.get()); });
  }

  void commit() override {
    if (writes_) {
      if (n_commits_ == 0) execute(kForgetOldSessions, {});
      committing_backend_ = query(kNumberCommit, {session_name_, ++n_commits_}).rows[0][0];
    }
    is_commit_in_doubt_ = writes_;
    guarded([&] { work().commit(); });
    is_commit_in_doubt_ = false;
    session().work.reset();
  }

  bool was_committed() override {
    if (!std::exchange(is_commit_in_doubt_, false)) return false;
    for (int look = 0; look < kStatusLooks; ++look) {
      try {
        begin(Access::read);
        const bool is_still_at_it = !query(kIsStillAtIt, {committing_backend_}).rows.empty();
        const bool is_committed = !query(kIsCommitted, {session_name_, n_commits_}).rows.empty();
        rollback();
        if (is_committed || !is_still_at_it) return is_committed;
        std::this_thread::sleep_for(kStatusPause);
      } catch (const ConnectionLost&) {
        reconnect();
      }
    }
    throw CatalogueError(
        fmt::format("catalogue {}: the server has not ended a transaction whose connection broke; whether its changes "
                    "are made is not known",
                    description()));
  }

  void rollback() noexcept override {
    if (session_) session_->work.reset();
  }

 private:
  /// Empty when connected, else what the server or the client library said.
  std::string try_to_connect() {
    try {
      session_ = std::make_unique<Session>(url_.connection_options());
      return "";
    } catch (const std::exception& error) {
      return one_line(url_.without_secrets(error.what()));
    }
  }

  Session& session() {
    if (!session_) throw ConnectionLost(fmt::format("catalogue {}: not connected", description()));
    return *session_;
  }

  pqxx::work& work() {
    if (!session().work) throw Bug("a statement outside a transaction");
    return *session().work;
  }

  pqxx::result run(const std::string& statement, const Values& parameters) {
    pqxx::result result;
    guarded([&] { result = execute_with(work(), statement, texts_of(parameters)); });
    return result;
  }

  template <typename Work>
  void guarded(const Work& task) {
    try {
      task();
    } catch (const pqxx::failure& error) {
      if (is_lost(error)) throw ConnectionLost(message_of(error));
      throw CatalogueError(message_of(error));
    }
  }

  /// Only a server that answers refuses a statement with an SQLSTATE: a refusal without one is libpq's own, of a
  /// connection that it may still call open.
  bool is_lost(const pqxx::failure& error) const {
    if (!session_ || !session_->connection.get().is_open()) return true;
    const auto* refusal = dynamic_cast<const pqxx::sql_error*>(&error);
    if (refusal == nullptr) return is_broken(error);
    const std::string state(refusal->sqlstate());
    return state.empty() || may_be_repeated(state);
  }

  std::string message_of(const std::exception& error) const {
    return fmt::format("catalogue {}: {}", description(), one_line(url_.without_secrets(error.what())));
  }

  PostgresUrl url_;
  CatalogueConfig config_;
  std::unique_ptr<Session> session_;
  bool writes_ = false;
  bool is_commit_in_doubt_ = false;  ///< it has been asked for and not been confirmed
  std::string session_name_ = random_name();
  std::int64_t n_commits_ = 0;   ///< asked for, of changes
  SqlValue committing_backend_;  ///< number of its process
};

}  // namespace

std::unique_ptr<Connection> open_postgres(const CatalogueConfig& config) {
  return std::make_unique<PostgresConnection>(config);
}

std::string postgres_library_version() { return PQXX_VERSION; }

}  // namespace comap::sql
