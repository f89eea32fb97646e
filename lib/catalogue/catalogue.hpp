#pragma once
/// \file
/// The catalogue: which observations exist, where they are, how good they are. Only rank 0 of the program ever holds
/// one. Questions and changes of few commands are functions on the connection (observation_queries.hpp and its
/// neighbours).

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/catalogue_config.hpp"
#include "data/observation.hpp"

namespace comap {

namespace sql {
class Connection;
enum class Access;
}  // namespace sql

struct CatalogueSummary {
  std::int64_t n_observations = 0, n_level1 = 0, n_level2 = 0;
  std::map<std::string, std::int64_t> status;                        ///< processing_status -> count
  std::map<std::string, std::array<std::int64_t, 2>> source_groups;  ///< group -> {rows, with Level-2}
  std::vector<Observation> latest;
};

/// The plan of a command for the catalogue. look: nothing is written, an SQLite file is opened read-only. create: it
/// need not be there yet; initialize() makes it, and whatever else is asked of it throws before that.
enum class CatalogueUse { look, change, create };

/// One connection, with the retries of the configuration. Every function is one transaction and throws CatalogueError.
class Catalogue {
 public:
  /// Opens `sqlite:path` or `postgresql://...`. A relative SQLite path is relative to the working directory. Throws
  /// ConfigError, unless for `create`, when there is no such file or no table comap_data in it; else CatalogueError
  /// (never with credentials in it).
  explicit Catalogue(const CatalogueConfig& config, CatalogueUse use = CatalogueUse::create);
  ~Catalogue();
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  /// Creates what is missing of the schema; leaves what is there.
  void initialize();
  /// Tables that initialize() would create or complete, in order of creation; empty = the catalogue is ready.
  std::vector<std::string> missing_tables();

  /// Observations that meet every condition of the selection, in order of obsid. Names are compared without regard
  /// to the case of ASCII letters. Reads [select] obsid_file; obsids that are not in the catalogue are a warning in
  /// the log. Throws ConfigError for an unreadable obsid_file.
  std::vector<Observation> select(const SelectConfig& selection);
  /// A whole row of comap_data; and all rows of a table that belong to an obsid, in order of key, without those of
  /// pixel 0.
  std::optional<Row> row(std::int64_t obsid);
  std::vector<Row> rows_of(std::string_view table, std::int64_t obsid);
  /// All 19 x 8 elements of each of `obsids`, by feed and frequency_band; an element without a row is good.
  std::map<std::int64_t, std::vector<QualityFlag>> quality_flags(const std::vector<std::int64_t>& obsids);
  CatalogueSummary summary();

  /// Inserts or updates rows of comap_data (keys = column names, obsid required). Without `overwrite` columns that
  /// are not NULL stay. Returns the number of new rows.
  std::int64_t upsert_observations(const std::vector<Row>& rows, bool overwrite);
  /// Clears level2_path of these observations, whose status becomes `pending` where it was `complete`; with
  /// `clear_statistics` also the numbers of observation_summary and quality_flags. is_good and comments stay.
  void clear_level2(const std::vector<std::int64_t>& obsids, bool clear_statistics);

  /// Rows of calibration_flux of one source (compared without regard to case) that belong to the selected
  /// observations, in order of feed, band, channel and MJD; empty when the table is missing.
  std::vector<CalibrationFlux> calibration_fluxes(const std::string& source, const SelectConfig& selection);
  /// Replaces all of calibration_model_fit.
  void write_calibration_models(const std::vector<CalibrationModel>& models);
  /// In order of feed, band and channel; empty when the table is missing. Throws CatalogueError for coefficients that
  /// are no JSON array of numbers.
  std::vector<CalibrationModel> calibration_models();

  /// `work` is one transaction, done again from its start when the connection broke: it must bear that. A change comes
  /// on a schema that is complete. What `work` throws leaves nothing changed.
  void read(const std::function<void(sql::Connection&)>& work);
  void change(const std::function<void(sql::Connection&)>& work);

  /// URL without credentials, for logs.
  std::string description() const;

 private:
  void in_transaction(sql::Access access, const std::function<void()>& work);
  void require_changes() const;

  std::unique_ptr<sql::Connection> connection_;
  CatalogueUse use_;
  bool is_whole_ = false;  ///< the schema is known to be complete
};

}  // namespace comap
