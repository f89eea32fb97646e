#pragma once
/// \file
/// What differs between libpqxx 6.4, 7 and 8. Included by postgres_connection.cpp alone.

#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <typeinfo>
#include <vector>

#define COMAP_PQXX_HAS_NOTICE_HANDLERS (PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR > 9))
#if PQXX_VERSION_MAJOR < 7
#include <pqxx/tablewriter>
#endif

namespace comap::sql {

/// The values of one row or of all parameters; empty is NULL.
using Texts = std::vector<std::optional<std::string>>;

/// A connection that prints nothing.
class QuietConnection {
 public:
  explicit QuietConnection(const std::string& options) : connection_(options) {
#if COMAP_PQXX_HAS_NOTICE_HANDLERS
    connection_.set_notice_handler([](pqxx::zview) {});
#endif
  }
  pqxx::connection& get() { return connection_; }

 private:
  pqxx::connection connection_;
#if !COMAP_PQXX_HAS_NOTICE_HANDLERS
  pqxx::quiet_errorhandler quiet_{connection_};
#endif
};

inline pqxx::result execute_with(pqxx::work& work, const std::string& statement, const Texts& parameters) {
#if PQXX_VERSION_MAJOR < 7
  std::vector<const char*> pointers;
  for (const auto& text : parameters) pointers.push_back(text ? text->c_str() : nullptr);
  return work.exec_params(statement, pqxx::prepare::make_dynamic_params(pointers));
#else
  pqxx::params all;
  for (const auto& text : parameters) all.append(text);
#if COMAP_PQXX_HAS_NOTICE_HANDLERS
  return work.exec(statement, all);
#else
  return work.exec_params(statement, all);
#endif
#endif
}

#if PQXX_VERSION_MAJOR < 7

/// One line of COPY in its text format.
inline std::string copy_line(const Texts& row) {
  std::string line;
  for (std::size_t column = 0; column < row.size(); ++column) {
    if (column > 0) line += '\t';
    if (!row[column]) {
      line += "\\N";
      continue;
    }
    for (const char letter : *row[column]) {
      if (letter == '\\' || letter == '\t' || letter == '\n' || letter == '\r') line += '\\';
      line += letter;
    }
  }
  return line;
}

/// Rows to a table by COPY. This version's stream_to, to be used instead, only takes rows whose length is known when it
/// is compiled.
class TableStream {
 public:
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  TableStream(pqxx::work& work, const std::string& table, const std::vector<std::string>& columns)
      : writer_(work, table, columns.begin(), columns.end()) {}
  void write(const Texts& row) { writer_.write_raw_line(copy_line(row)); }
  void complete() { writer_.complete(); }

 private:
  pqxx::tablewriter writer_;
#pragma GCC diagnostic pop
};

#else

/// Rows to a table by COPY.
class TableStream {
 public:
  TableStream(pqxx::work& work, const std::string& table, const std::vector<std::string>& columns)
      : stream_(pqxx::stream_to::raw_table(work, work.conn().quote_table(table), work.conn().quote_columns(columns))) {}
  void write(const Texts& row) { stream_.write_row(row); }
  void complete() { stream_.complete(); }

 private:
  pqxx::stream_to stream_;
};

#endif

/// Whether libpqxx says that the connection is gone, not that the server refuses a statement (pqxx::sql_error) or that
/// libpqxx is used in a wrong way, which is a failure, too, from version 8 on.
inline bool is_broken(const pqxx::failure& error) {
  return dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr ||
         dynamic_cast<const pqxx::in_doubt_error*>(&error) != nullptr || typeid(error) == typeid(pqxx::failure);
}

}  // namespace comap::sql
