#pragma once
/// \file
/// A PostgreSQL server of the tests' own, and the programs psql and sqlite3 as outside readers.

#include <cstdio>
#include <memory>
#include <string>

namespace comap::test {

/// A server in a temporary directory, on a Unix socket only, run by the user `postgres` when the tests run as root.
/// It is stopped and its directory removed when this object goes, and also when the process is killed: a watching
/// shell waits for the end of a pipe from this process.
class PrivatePostgres {
 public:
  /// `options` for the server, after those that make it quick and unsafe.
  explicit PrivatePostgres(const std::string& options = "");
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;

  /// The server of this executable, started at first use.
  static PrivatePostgres& shared();

  /// Creates an empty database and returns its URL.
  std::string new_database();
  /// `mode` of pg_ctl: `fast` ends the sessions, `immediate` is a crash with recovery.
  void restart(const std::string& mode = "fast");
  const std::string& directory() const { return directory_; }

 private:
  std::string server_command(const std::string& program) const;

  std::string directory_;
  std::unique_ptr<FILE, int (*)(FILE*)> watcher_;
  int n_databases_ = 0;
};

/// Output of a shell command. Throws std::runtime_error with its output when it fails.
std::string output_of(const std::string& command);

/// What psql or sqlite3 answers to a statement: a line for each row, fields separated by `|`, NULL as `NULL`.
std::string ask_outside(const std::string& url, const std::string& statement);

/// A directory that goes with this object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace comap::test
