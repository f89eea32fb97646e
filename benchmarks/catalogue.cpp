// How long the catalogue takes with 100,000 observations and 15,200,000 rows of flags (benchmarks/README.md).

#include "catalogue/catalogue.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "catalogue/claims.hpp"
#include "catalogue/sql_connection.hpp"
#include "catalogue/sql_writing.hpp"
#include "core/error.hpp"

namespace {

using comap::Catalogue;
using comap::Row;
using comap::sql::Connection;

constexpr std::int64_t kFirstObsid = 10000;
constexpr int kSelected = 5000;
constexpr int kRecorded = 50;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void report(const std::string& what, double seconds) { fmt::print("{:<44}{:>12.3f} s\n", what, seconds); }

std::vector<Row> observation_rows(std::int64_t n) {
  const std::vector<std::string> groups = {"Galactic", "Foreground", "Calibrator", "CO", "SkyDip"};
  std::vector<Row> rows;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto& group = groups[static_cast<std::size_t>(i) % groups.size()];
    const std::string name = fmt::format("comap-{:07}-2022-05-01-123456.hd5", kFirstObsid + i);
    rows.push_back({{"obsid", kFirstObsid + i},
                    {"source", fmt::format("{}{}", group, i % 12)},
                    {"source_group", group},
                    {"level1_path", "/data/level1/2022-05/" + name},
                    {"utc_start", std::string("2022-05-01-12:34:56")},
                    {"nchan", std::int64_t{1024}},
                    {"tsamp", 0.02}});
  }
  return rows;
}

/// Summaries and all flags by statements of the database itself; one row of flags in 50 is bad.
void fill_flags(Connection& connection) {
  const bool sqlite = connection.dialect() == comap::sql::Dialect::sqlite;
  if (!sqlite) connection.execute("SET LOCAL session_replication_role = replica");  // no look-up of each obsid
  connection.execute(
      "INSERT INTO observation_summary (obsid, processing_status, median_tsys, mean_tau) "
      "SELECT obsid, 'complete', 45.0, 0.05 FROM comap_data");
  connection.execute(
      "UPDATE comap_data SET level2_path = '/data/level2/Level2_' || obsid || '.hd5' WHERE obsid % 3 > 0");
  connection.execute(
      "WITH RECURSIVE element (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM element WHERE n < 151) "
      "INSERT INTO quality_flags (obsid, pixel, frequency_band, is_good, filtered_red_noise, filtered_white_noise, "
      "filtered_auto_rms, filtered_noise_index, n_spikes, n_nan_values, mean_atm_temp) "
      "SELECT obsid, n / 8 + 1, n % 8, (obsid + n) % 50 > 0, 0.001, 0.002, 0.003, -1.5, 4, 0, 12.5 "
      "FROM comap_data CROSS JOIN element ORDER BY obsid, n");
  // As PostgreSQL does by itself, within a minute or so.
  for (const char* table : {"comap_data", "observation_summary", "quality_flags"}) {
    connection.execute(fmt::format("ANALYZE {}", table));
  }
}

void fill(Catalogue& catalogue, std::int64_t n) {
  const std::vector<Row> rows = observation_rows(n);
  report(fmt::format("insert {} observations", n), seconds_of([&] { catalogue.upsert_observations(rows, false); }));
  report(fmt::format("fill {} flags (by the database)", n * 152),
         seconds_of([&] { catalogue.change([](Connection& connection) { fill_flags(connection); }); }));
  report(fmt::format("upsert {} rows that are there", n),
         seconds_of([&] { catalogue.upsert_observations(rows, true); }));
}

/// Every element, every column, as a run of level2 gives.
comap::ObservationResult result_of(std::int64_t obsid, double value) {
  comap::ObservationResult result;
  result.obsid = obsid;
  result.complete = true;
  result.level2_path = "/data/level2/x.hd5";
  result.summary = {{"median_tsys", value}, {"mean_tau", 0.05}, {"n_scans", 12.0}};
  for (int feed = 1; feed <= 19; ++feed) {
    for (int band = 0; band < 8; ++band) {
      comap::QualityRow row = {feed, band, {{"n_spikes", 4.0}, {"n_nan_values", 0.0}, {"mean_atm_temp", value}}};
      for (const char* kind : {"filtered_", "unfiltered_"}) {
        for (const char* name : {"red_noise", "white_noise", "auto_rms", "noise_index"}) {
          row.statistics[std::string(kind) + name] = value * band;
        }
      }
      result.quality.push_back(row);
    }
  }
  return result;
}

void report_each(const std::string& what, std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  fmt::print("{:<44}{:>12.1f} ms median, {:.1f} ms worst of {}\n", what, 1e3 * seconds[seconds.size() / 2],
             1e3 * seconds.back(), seconds.size());
}

void record(Catalogue& catalogue, const comap::ObservationResult& result) {
  catalogue.change([&](Connection& connection) { comap::sql::record(connection, result); });
}

void measure_writing(Catalogue& catalogue, const std::vector<comap::Observation>& observations) {
  const comap::RunIdentity run = comap::this_run("benchmark", "");
  std::vector<double> first, again, claims;
  const auto stride = static_cast<std::int64_t>(observations.size()) / kRecorded;
  for (std::int64_t i = 0; i < kRecorded; ++i) {
    const std::int64_t obsid = observations[static_cast<std::size_t>(i * stride)].obsid;
    claims.push_back(seconds_of([&] {
      catalogue.change([&](Connection& connection) { comap::sql::claim(connection, obsid, run.run_id, 600.0); });
    }));
    first.push_back(seconds_of([&] { record(catalogue, result_of(obsid, 1.0 + static_cast<double>(i))); }));
    again.push_back(seconds_of([&] { record(catalogue, result_of(obsid, 2.0 + static_cast<double>(i))); }));
  }
  catalogue.change([&](Connection& connection) { comap::sql::release_all_claims(connection, run.run_id); });
  report_each("claim one observation", claims);
  report_each("record one observation", first);
  report_each("record it again", again);
}

void measure_reading(Catalogue& catalogue, const std::vector<comap::Observation>& observations) {
  report("summary", seconds_of([&] { catalogue.summary(); }));
  comap::SelectConfig selection;
  const std::size_t stride = std::max<std::size_t>(observations.size() / kSelected, 1);
  for (std::size_t i = 0; i < observations.size() && selection.obsids.size() < kSelected; i += stride) {
    selection.obsids.push_back(observations[i].obsid);
  }
  std::size_t n_bad = 0;
  const double seconds = seconds_of([&] {
    catalogue.select(selection);
    for (const auto& [obsid, flags] : catalogue.quality_flags(selection.obsids)) {
      for (const comap::QualityFlag& flag : flags) n_bad += flag.is_good ? 0 : 1;
    }
  });
  report(fmt::format("select {} obsids with {} bad flags", selection.obsids.size(), n_bad), seconds);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: benchmark_catalogue URL [OBSERVATIONS]\n");
    return 2;
  }
  try {
    std::int64_t n = 100000;
    if (argc > 2) n = std::stoll(argv[2]);
    comap::CatalogueConfig config;
    config.url = argv[1];
    const auto catalogue = std::make_unique<comap::Catalogue>(config);
    catalogue->initialize();
    if (catalogue->summary().n_observations == 0) fill(*catalogue, n);
    const std::vector<comap::Observation> observations = catalogue->select({});
    measure_reading(*catalogue, observations);
    measure_writing(*catalogue, observations);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
