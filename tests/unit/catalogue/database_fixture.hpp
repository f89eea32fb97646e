#pragma once
/// \file
/// Every test of the catalogue and its archive runs on SQLite and on PostgreSQL.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "catalogue/catalogue.hpp"
#include "catalogue/sql_writing.hpp"
#include "support/private_postgres.hpp"

// Selections and results name only the members that matter to a test.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace comap::test {

inline CatalogueConfig config_for(const std::string& url) { return {url, 2, 0.05}; }

inline void record(Catalogue& catalogue, const ObservationResult& result) {
  catalogue.change([&](sql::Connection& connection) { sql::record(connection, result); });
}

inline void register_level2(Catalogue& catalogue, const std::map<std::int64_t, std::string>& paths) {
  catalogue.change([&](sql::Connection& connection) { sql::register_level2(connection, paths); });
}

/// URL of a database that is not there yet (SQLite) or empty (PostgreSQL).
inline std::string new_url(const std::string& database, const TemporaryDirectory& directory) {
  if (database == "postgresql") return PrivatePostgres::shared().new_database();
  return "sqlite:" + directory / "comap.db";
}

class OnBothDatabases : public testing::TestWithParam<std::string> {
 protected:
  OnBothDatabases()
      : url_(new_url(GetParam(), directory_)), catalogue_(std::make_unique<Catalogue>(config_for(url_))) {}

  std::string ask(const std::string& statement) const { return ask_outside(url_, statement); }

  TemporaryDirectory directory_;
  std::string url_;
  std::unique_ptr<Catalogue> catalogue_;
};

}  // namespace comap::test
