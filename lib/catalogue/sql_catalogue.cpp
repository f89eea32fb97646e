#include <fmt/core.h>

#include <charconv>
#include <fstream>

#include "catalogue/flags_of_many.hpp"
#include "catalogue/schema.hpp"
#include "catalogue/sql_calibration.hpp"
#include "catalogue/sql_connection.hpp"
#include "catalogue/sql_reading.hpp"
#include "catalogue/sql_writing.hpp"
#include "core/log.hpp"

namespace comap {

namespace {

constexpr int kRepeats = 5;  // of a transaction that lost its connection
constexpr std::size_t kShownObsids = 5;

std::string trimmed(const std::string& line) {
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

/// One obsid per line; empty lines and lines that start with # are left out.
std::vector<std::int64_t> read_obsid_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw ConfigError(fmt::format("[select] obsid_file: cannot read {}", path));
  std::vector<std::int64_t> obsids;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string text = trimmed(line);
    if (text.empty() || text.front() == '#') continue;
    std::int64_t obsid = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), obsid);
    if (error != std::errc{} || stop != text.data() + text.size() || obsid <= 0) {
      throw ConfigError(fmt::format("{}, line {}: '{}' is not an obsid", path, number, text));
    }
    obsids.push_back(obsid);
  }
  return obsids;
}

void warn_of_unknown(const std::vector<std::int64_t>& unknown) {
  if (unknown.empty()) return;
  std::string shown;
  for (std::size_t i = 0; i < unknown.size() && i < kShownObsids; ++i) shown += fmt::format(" {}", unknown[i]);
  log_warning("{} of the selected obsids are not in the catalogue:{}{}", unknown.size(), shown,
              unknown.size() > kShownObsids ? " ..." : "");
}

class SqlCatalogue final : public Catalogue {
 public:
  SqlCatalogue(std::unique_ptr<sql::Connection> connection, CatalogueUse use)
      : connection_(std::move(connection)), use_(use) {
    if (use_ == CatalogueUse::create && !connection_->exists()) return;
    in_transaction(sql::Access::read, [&] {
      sql::check_version(*connection_);
      if (use_ != CatalogueUse::create) sql::require_observations(*connection_);
    });
  }

  void initialize() override {
    require_changes();
    connection_->create();
    in_transaction(sql::Access::write, [&] { sql::create_schema(*connection_); });
    is_whole_ = true;
  }

  std::vector<std::string> missing_tables() override {
    std::vector<std::string> missing;
    if (connection_->exists()) {
      in_transaction(sql::Access::read, [&] { missing = sql::missing_tables(*connection_); });
    } else {
      for (const auto* list : {&sql::tables(), &sql::own_tables()}) {
        for (const sql::Table& table : *list) missing.push_back(table.name);
      }
    }
    return missing;
  }

  std::vector<Observation> select(const SelectConfig& selection) override {
    std::vector<std::int64_t> obsids = selection.obsids;
    if (!selection.obsid_file.empty()) {
      const std::vector<std::int64_t> listed = read_obsid_file(selection.obsid_file);
      obsids.insert(obsids.end(), listed.begin(), listed.end());
      if (obsids.empty()) return {};
    }
    std::vector<Observation> observations;
    std::vector<std::int64_t> unknown;
    in_transaction(sql::Access::read, [&] {
      observations = sql::select(*connection_, selection, obsids);
      if (!obsids.empty()) unknown = sql::unknown_obsids(*connection_, obsids);
    });
    warn_of_unknown(unknown);
    return observations;
  }

  std::optional<Row> row(std::int64_t obsid) override {
    const std::vector<Row> rows = rows_of(sql::kObservations, obsid);
    return rows.empty() ? std::nullopt : std::optional<Row>(rows.front());
  }

  std::vector<Row> rows_of(std::string_view table, std::int64_t obsid) override {
    std::vector<Row> rows;
    in_transaction(sql::Access::read, [&] {
      sql::require_observations(*connection_);
      rows = sql::rows_of(*connection_, sql::table(table), obsid);
    });
    return rows;
  }

  std::int64_t upsert_observations(const std::vector<Row>& rows, bool overwrite) override {
    std::int64_t n_new = 0;
    write([&] { n_new = sql::upsert_observations(*connection_, rows, overwrite); });
    return n_new;
  }

  void register_level2(const std::map<std::int64_t, std::string>& paths) override {
    write([&] { sql::register_level2(*connection_, paths); });
  }

  void clear_level2(const std::vector<std::int64_t>& obsids, bool clear_statistics) override {
    write([&] { sql::clear_level2(*connection_, obsids, clear_statistics); });
  }

  void record(const ObservationResult& result) override {
    write([&] { sql::record(*connection_, result); });
  }

  std::vector<QualityFlag> quality_flags(std::int64_t obsid) override {
    return quality_flags_of(*this, {obsid}).at(obsid);
  }

  std::vector<CalibrationFlux> calibration_fluxes(const std::string& source, const SelectConfig& selection) override {
    std::vector<std::int64_t> obsids;
    for (const Observation& observation : select(selection)) obsids.push_back(observation.obsid);
    std::vector<CalibrationFlux> fluxes;
    in_transaction(sql::Access::read, [&] { fluxes = sql::calibration_fluxes(*connection_, source, obsids); });
    return fluxes;
  }

  void write_calibration_models(const std::vector<CalibrationModel>& models) override {
    write([&] { sql::write_calibration_models(*connection_, models); });
  }

  std::vector<CalibrationModel> calibration_models() override {
    std::vector<CalibrationModel> models;
    in_transaction(sql::Access::read, [&] { models = sql::calibration_models(*connection_); });
    return models;
  }

  CatalogueSummary summary() override {
    CatalogueSummary summary;
    in_transaction(sql::Access::read, [&] { summary = sql::summarize(*connection_); });
    return summary;
  }

  void read(const std::function<void(sql::Connection&)>& work) override {
    in_transaction(sql::Access::read, [&] {
      sql::require_observations(*connection_);
      work(*connection_);
    });
  }

  void change(const std::function<void(sql::Connection&)>& work) override {
    write([&] { work(*connection_); });
  }

  std::string description() const override { return connection_->description(); }

 private:
  /// Repeats the whole of `work` when the connection broke in between: what it does must bear that. A transaction
  /// whose commit was made but not confirmed is not repeated.
  template <typename Work>
  void in_transaction(sql::Access access, const Work& work) {
    for (int attempt = 0;; ++attempt) {
      try {
        sql::Transaction transaction(*connection_, access);
        work();
        transaction.commit();
        return;
      } catch (const sql::ConnectionLost& error) {
        if (attempt >= kRepeats) throw;
        log_warning("{}; connecting again", error.what());
      }
      connection_->reconnect();
      if (connection_->was_committed()) return;
    }
  }

  /// A change, on a schema that is complete: an existing file may lack tables.
  template <typename Work>
  void write(const Work& work) {
    require_changes();
    if (!is_whole_) {
      in_transaction(sql::Access::read, [&] { sql::require_observations(*connection_); });
      if (!missing_tables().empty()) initialize();
      is_whole_ = true;
    }
    in_transaction(sql::Access::write, work);
  }

  void require_changes() const {
    if (use_ == CatalogueUse::look) throw Bug("a change of a catalogue that was opened to look");
  }

  std::unique_ptr<sql::Connection> connection_;
  CatalogueUse use_;
  bool is_whole_ = false;
};

}  // namespace

std::unique_ptr<Catalogue> open_catalogue(const CatalogueConfig& config, CatalogueUse use) {
  const auto access = use == CatalogueUse::look ? sql::Access::read : sql::Access::write;
  return std::make_unique<SqlCatalogue>(sql::open_connection(config, access), use);
}

}  // namespace comap
