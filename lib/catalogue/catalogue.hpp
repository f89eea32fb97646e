#pragma once
/// \file
/// The catalogue: which observations exist, where they are, how good they are. One interface, two databases.
/// Only rank 0 of the program ever holds a Catalogue.

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
}

struct CatalogueSummary {
  std::int64_t n_observations = 0, n_level1 = 0, n_level2 = 0;
  std::map<std::string, std::int64_t> status;                        ///< processing_status -> count
  std::map<std::string, std::array<std::int64_t, 2>> source_groups;  ///< group -> {rows, with Level-2}
  std::vector<Observation> latest;
};

class Catalogue {
 public:
  virtual ~Catalogue() = default;

  /// Creates what is missing of the schema; leaves what is there.
  virtual void initialize() = 0;
  /// Tables that initialize() would create or complete, in order of creation; empty = the catalogue is ready.
  virtual std::vector<std::string> missing_tables() = 0;

  /// Observations that meet every condition of the selection, in order of obsid. Names are compared without regard
  /// to the case of ASCII letters. Reads [select] obsid_file; obsids that are not in the catalogue are a warning in
  /// the log. Throws ConfigError for an unreadable obsid_file.
  virtual std::vector<Observation> select(const SelectConfig& selection) = 0;
  /// A whole row of comap_data; and all rows of a table that belong to an obsid, in order of key, without those of
  /// pixel 0.
  virtual std::optional<Row> row(std::int64_t obsid) = 0;
  virtual std::vector<Row> rows_of(std::string_view table, std::int64_t obsid) = 0;

  /// Inserts or updates rows of comap_data (keys = column names, obsid required) in one transaction. Without
  /// `overwrite` columns that are not NULL stay. Returns the number of new rows.
  virtual std::int64_t upsert_observations(const std::vector<Row>& rows, bool overwrite) = 0;
  /// Level-2 files that are known to be complete: sets level2_path and the status `complete`, in one transaction.
  virtual void register_level2(const std::map<std::int64_t, std::string>& paths) = 0;
  /// Clears level2_path of these observations, whose status becomes `pending` where it was `complete`; with
  /// `clear_statistics` also the numbers of observation_summary and quality_flags. is_good and comments stay.
  virtual void clear_level2(const std::vector<std::int64_t>& obsids, bool clear_statistics) = 0;

  /// The result of one observation, in one transaction; may be repeated. Flags and comments that are there stay; rows
  /// of quality_flags that are missing are added for all feeds and bands. A column of the summary or of the statistics
  /// that `result` does not name stays as it is; all quality rows must name the same columns. NaN becomes NULL. A
  /// failed observation keeps the Level-2 file of an earlier run as long as that exists. Throws CatalogueError for
  /// an obsid that has no row.
  virtual void record(const ObservationResult& result) = 0;

  /// All 19 x 8 elements of an observation, by feed and frequency_band; an element without a row is good.
  virtual std::vector<QualityFlag> quality_flags(std::int64_t obsid) = 0;

  /// Rows of calibration_flux of one source (compared without regard to case) that belong to the selected
  /// observations, in order of feed, band, channel and MJD.
  virtual std::vector<CalibrationFlux> calibration_fluxes(const std::string& source, const SelectConfig& selection) = 0;
  /// Replaces all of calibration_model_fit, in one transaction.
  virtual void write_calibration_models(const std::vector<CalibrationModel>& models) = 0;
  /// In order of feed, band and channel. Throws CatalogueError for coefficients that are no JSON array of numbers.
  virtual std::vector<CalibrationModel> calibration_models() = 0;

  virtual CatalogueSummary summary() = 0;

  /// What only a few commands ask or change is a function of its own on the connection (observation_queries.hpp and
  /// its neighbours). `work` is one transaction, done again from its start when the connection broke: it must bear
  /// that. A change comes on a schema that is complete. Throws CatalogueError; what `work` throws leaves nothing
  /// changed.
  virtual void read(const std::function<void(sql::Connection&)>& work) = 0;
  virtual void change(const std::function<void(sql::Connection&)>& work) = 0;

  /// URL without credentials, for logs.
  virtual std::string description() const = 0;
};

/// What a command is going to do with the catalogue. look: nothing is written, an SQLite file is opened read-only.
/// create: it need not be there yet; initialize() makes it, and whatever else is asked of it throws before that.
enum class CatalogueUse { look, change, create };

/// Opens `sqlite:path` or `postgresql://...`, with the retries of the configuration. A relative SQLite path is
/// relative to the working directory. Throws ConfigError, unless for `create`, when there is no such file or no table
/// comap_data in it; else CatalogueError (never with credentials in it).
std::unique_ptr<Catalogue> open_catalogue(const CatalogueConfig& config, CatalogueUse use = CatalogueUse::create);

}  // namespace comap
