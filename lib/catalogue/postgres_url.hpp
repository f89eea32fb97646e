#pragma once
/// \file
/// The parts of a PostgreSQL URL, and messages without the secrets in it.

#include <map>
#include <string>

namespace comap::sql {

/// A connection string as the client library understands it.
class PostgresUrl {
 public:
  /// Throws CatalogueError, without the URL in its text, when the URL cannot be understood.
  explicit PostgresUrl(const std::string& url);

  /// postgresql://host:port/database, or the service; no user, no password.
  std::string description() const;
  /// key='value' pairs for the client library, with a time limit for connecting and UTF-8.
  std::string connection_options() const;
  /// `message` with every occurrence of a secret of the URL replaced by `***`.
  std::string without_secrets(std::string message) const;

 private:
  std::string option(const std::string& key) const;

  std::map<std::string, std::string> options_;
};

}  // namespace comap::sql
