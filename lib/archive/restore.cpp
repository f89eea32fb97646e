#include "archive/restore.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "catalogue/inspect_file.hpp"
#include "catalogue/sql_reading.hpp"
#include "catalogue/sql_writing.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "data/level2_datasets.hpp"
#include "io/hdf5/h5.hpp"
#include "level2/sql_snapshot.hpp"

namespace comap {

namespace fs = std::filesystem;
using sql::Values;

namespace {

constexpr std::size_t kObservationsPerBatch = 500;  // bounds the memory

/// Rows by table, in order of key.
using TableRows = std::map<std::string, std::vector<Values>>;

Values values_of(const sql::Table& table, const Row& row) {
  Values values;
  for (const sql::Column& column : table.columns) {
    const auto found = row.find(column.name);
    values.push_back(found == row.end() ? SqlValue{} : found->second);
  }
  return values;
}

/// comap_data: the attributes of the observation, and over them the row that the catalogue had.
Row observation_row(const h5::File& file, const FileFinding& finding) {
  Row row = finding.row;
  for (const sql::Column& column : sql::table(sql::kObservations).columns) {
    const auto attribute = file.attribute(level2::kSqlSnapshot, column.name);
    if (!attribute || h5::to_text(*attribute).empty()) continue;
    row[column.name] = std::visit([](const auto& value) { return SqlValue(value); }, *attribute);
  }
  row["obsid"] = finding.obsid;
  row["level2_path"] = finding.path;
  return row;
}

Row summary_row(const ObservationResult& result, std::int64_t obsid) {
  Row row = {{"obsid", obsid}, {"processing_status", "complete"}};
  for (const auto& [name, value] : result.summary) row[name] = value;
  return row;
}

/// The rows of all elements, as a recorded result has them; about those that the snapshot does not have they say
/// nothing.
void add_flags(const h5::File& file, const ObservationResult& result, std::int64_t obsid, TableRows& rows) {
  std::map<std::pair<int, int>, Row> elements;
  for (int feed = 1; feed <= kScienceFeeds; ++feed) {
    for (int band = 0; band < kFrequencyBands; ++band) elements[{feed, band}];
  }
  const std::vector<SnapshotFlag> flags = read_snapshot_flags(file);
  for (std::size_t i = 0; i < flags.size(); ++i) {
    const QualityRow& quality = result.quality.at(i);
    Row& row = elements[{quality.feed, quality.frequency_band}];
    row["is_good"] = flags[i].is_good;
    if (!flags[i].comment.empty()) row["comment"] = flags[i].comment;
    if (!flags[i].source.empty()) row["flag_source"] = flags[i].source;
    for (const auto& [name, value] : quality.statistics) row[name] = value;
  }
  for (auto& [element, row] : elements) {
    row["obsid"] = obsid;
    row["pixel"] = std::int64_t{element.first};
    row["frequency_band"] = std::int64_t{element.second};
    rows[sql::kQualityFlags].push_back(values_of(sql::table(sql::kQualityFlags), row));
  }
}

/// All rows of one file. Throws Error for a file that cannot be used.
void add_file(const FileFinding& finding, TableRows& rows) {
  const h5::File file = h5::File::open_read(finding.path);
  if (!file.exists(level2::kSqlSnapshot)) {
    throw ObservationError(fmt::format("has no {}; `comap_mpi catalogue scan` takes it", level2::kSqlSnapshot));
  }
  const ObservationResult result = read_sql_snapshot(file);
  TableRows own;
  own[sql::kObservations] = {values_of(sql::table(sql::kObservations), observation_row(file, finding))};
  own[sql::kSummaries] = {values_of(sql::table(sql::kSummaries), summary_row(result, finding.obsid))};
  add_flags(file, result, finding.obsid, own);
  auto calibration = sql::rows_of_fluxes(finding.obsid, result.calibration);
  own[sql::kCalibrationFlux] = std::move(calibration.fluxes);
  own[sql::kCalibrationFrequencies] = std::move(calibration.frequencies);
  for (auto& [table, values] : own) std::ranges::move(values, std::back_inserter(rows[table]));
}

class Restore {
 public:
  Restore(sql::Connection& connection, const sql::MergeOptions& options)
      : connection_(connection), options_(options), merge_(connection, options) {}

  void take(const std::string& path) {
    const FileFinding finding = inspect_file(path, DataLevel::level2);
    try {
      if (finding.obsid == 0) throw ObservationError(finding.remarks.at(0));
      const auto [first, is_first] = taken_.try_emplace(finding.obsid, path);
      if (!is_first) {
        throw ObservationError(fmt::format("observation {} also has {}, which is taken", finding.obsid, first->second));
      }
      add_file(finding, rows_);
      batch_.push_back(finding.obsid);
    } catch (const std::exception& error) {
      report_.problems.push_back({path, error.what()});
      const auto taken = taken_.find(finding.obsid);
      if (taken != taken_.end() && taken->second == path) taken_.erase(taken);
    }
    if (batch_.size() >= kObservationsPerBatch) flush();
  }

  RestoreReport finish() {
    flush();
    report_.merge = merge_.finish();
    if (options_.write) complete_pending();
    return std::move(report_);
  }

 private:
  void flush() {
    for (const sql::Table& table : sql::tables()) {
      std::vector<Values>& rows = rows_[table.name];
      if (rows.empty()) continue;
      merge_.begin_table(table);
      for (Values& row : rows) merge_.add(std::move(row));
    }
    report_.n_restored += std::ssize(batch_);
    rows_.clear();
    batch_.clear();
  }

  /// Only where the path is that of the restored file.
  void complete_pending() {
    static const sql::TemporaryTable restored = {
        "comap_restored", {{"obsid", sql::ColumnType::big_integer}, {"path", sql::ColumnType::text}}};
    std::vector<Values> rows;
    for (const auto& [obsid, path] : taken_) rows.push_back({obsid, path});
    connection_.fill(restored, rows);
    connection_.execute(
        fmt::format("UPDATE {0} SET processing_status = 'complete' WHERE processing_status = 'pending' AND obsid IN "
                    "(SELECT ours.obsid FROM {1} AS ours JOIN {2} AS new ON new.obsid = ours.obsid "
                    "WHERE ours.level2_path = new.path)",
                    sql::kSummaries, sql::kObservations, restored.name));
  }

  sql::Connection& connection_;
  sql::MergeOptions options_;
  sql::RowMerge merge_;
  RestoreReport report_;
  TableRows rows_;
  std::vector<std::int64_t> batch_;
  std::map<std::int64_t, std::string> taken_;
};

}  // namespace

FoundFiles find_snapshots(const std::vector<std::string>& files_or_directories) {
  FoundFiles found;
  std::vector<std::string> directories;
  for (const std::string& one : files_or_directories) {
    std::error_code error;
    if (fs::is_directory(one, error)) {
      directories.push_back(one);
    } else if (fs::is_regular_file(one, error)) {
      found.paths.push_back(fs::absolute(one).lexically_normal().string());
    } else {
      found.problems.push_back({one, "is neither a file nor a directory"});
    }
  }
  const FoundFiles below = find_files(directories, DataLevel::level2);
  found.paths.insert(found.paths.end(), below.paths.begin(), below.paths.end());
  found.problems.insert(found.problems.end(), below.problems.begin(), below.problems.end());
  std::ranges::sort(found.paths);
  found.paths.erase(std::unique(found.paths.begin(), found.paths.end()), found.paths.end());
  return found;
}

RestoreReport restore_rows(sql::Connection& connection, const FoundFiles& found, const sql::MergeOptions& options) {
  Restore restore(connection, options);
  for (const std::string& path : found.paths) restore.take(path);
  RestoreReport report = restore.finish();
  report.problems.insert(report.problems.end(), found.problems.begin(), found.problems.end());
  std::ranges::stable_sort(report.problems, {}, &FileProblem::path);
  return report;
}

}  // namespace comap
