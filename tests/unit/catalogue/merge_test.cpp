#include "catalogue/merge.hpp"

#include <fstream>
#include <sstream>

#include "core/error.hpp"
#include "unit/catalogue/database_fixture.hpp"

namespace comap {
namespace {

using sql::MergeOptions;
using sql::MergeReport;
using sql::Prefer;
using test::ask_outside;

std::string text_of_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// Every pairing: "receiver_from_giver".
class MergeTest : public testing::TestWithParam<std::pair<std::string, std::string>> {
 protected:
  MergeTest()
      : ours_url_(test::new_url(GetParam().first, ours_directory_)),
        theirs_url_(test::new_url(GetParam().second, theirs_directory_)),
        ours_(std::make_unique<Catalogue>(test::config_for(ours_url_))),
        theirs_(std::make_unique<Catalogue>(test::config_for(theirs_url_))) {
    ours_->initialize();
    theirs_->initialize();
  }

  MergeReport merge(const MergeOptions& options) {
    const auto giver = sql::open_connection(test::config_for(theirs_url_));
    MergeReport report;
    const auto work = [&](sql::Connection& receiver) {
      sql::Transaction reading(*giver, sql::Access::read);
      report = sql::merge(receiver, *giver, options);
    };
    if (options.write) {
      ours_->change(work);
    } else {
      ours_->read(work);
    }
    return report;
  }

  std::string ours(const std::string& statement) const { return ask_outside(ours_url_, statement); }
  std::string theirs(const std::string& statement) const { return ask_outside(theirs_url_, statement); }

  test::TemporaryDirectory ours_directory_, theirs_directory_;
  std::string ours_url_, theirs_url_;
  std::unique_ptr<Catalogue> ours_, theirs_;
};

INSTANTIATE_TEST_SUITE_P(Databases, MergeTest,
                         testing::Values(std::pair("sqlite", "sqlite"), std::pair("sqlite", "postgresql"),
                                         std::pair("postgresql", "sqlite"), std::pair("postgresql", "postgresql")),
                         [](const auto& pair) { return pair.param.first + "_from_" + pair.param.second; });

TEST_P(MergeTest, TheSourceOfAFlagGoesWithTheFlag) {
  for (Catalogue* one : {ours_.get(), theirs_.get()}) one->upsert_observations({{{"obsid", std::int64_t{1}}}}, false);
  const auto insert = [](const std::string& rows) {
    return "INSERT INTO quality_flags (obsid, pixel, frequency_band, is_good, flag_source) VALUES " + rows;
  };
  ours(insert("(1, 1, 0, TRUE, NULL), (1, 2, 0, FALSE, NULL), (1, 3, 0, FALSE, 'by hand')"));
  theirs(insert("(1, 1, 0, FALSE, 'by hand'), (1, 2, 0, FALSE, 'import a.csv'), (1, 3, 0, TRUE, NULL)"));
  const auto flags = [&] { return ours("SELECT is_good, flag_source FROM quality_flags ORDER BY pixel"); };
  merge({sql::Prefer::primary, true});
  EXPECT_EQ(flags(),
            ours("SELECT TRUE, NULL") + ours("SELECT FALSE, 'import a.csv'") + ours("SELECT FALSE, 'by hand'"));
  merge({sql::Prefer::secondary, true});
  EXPECT_EQ(flags(),
            ours("SELECT FALSE, 'by hand'") + ours("SELECT FALSE, 'import a.csv'") + ours("SELECT TRUE, NULL"));
}

const sql::TableMerge& table_of(const MergeReport& report, const std::string& name) {
  for (const sql::TableMerge& one : report.tables) {
    if (one.table == name) return one;
  }
  throw std::runtime_error("the report has no table " + name);
}

TEST_P(MergeTest, TakesEveryTableOfAnotherCatalogue) {
  theirs_->upsert_observations({{{"obsid", std::int64_t{1}}, {"source", "TauA"}, {"tsamp", 0.5}}}, false);
  const CalibrationFlux flux = {1, 2, 3, 1, 59000.5, "TauA", 0.3125, 0.125, 2.25, 1.5, 31.5};
  test::record(*theirs_, {.obsid = 1,
                          .complete = true,
                          .level2_path = "/x/Level2_a\tb\\.hd5",
                          .summary = {{"mean_tau", 0.0625}},
                          .quality = {{3, 2, {{"n_spikes", 4.0}}}},
                          .calibration = {flux}});
  theirs_->write_calibration_models({{2, 3, 1, "TauA", "mean", {1.25}, {}, {}, 0.5, 7, "2026-01-01T00:00:00Z"}});
  theirs("INSERT INTO old_path_data VALUES (4, '/old/4.hd5')");
  const MergeReport report = merge({Prefer::primary, true});
  EXPECT_EQ(report.n_problems, 0);
  EXPECT_EQ(table_of(report, "quality_flags").n_new, 152);
  for (const char* rows : {"SELECT obsid, level2_path, tsamp FROM comap_data", "SELECT * FROM observation_summary",
                           "SELECT obsid, pixel, frequency_band, n_spikes, comment FROM quality_flags ORDER BY 1, 2, 3",
                           "SELECT * FROM calibration_flux", "SELECT * FROM calibration_model_fit",
                           "SELECT * FROM old_path_data", "SELECT * FROM comap_calibration_frequency"}) {
    EXPECT_NE(theirs(rows), "") << rows;
    EXPECT_EQ(ours(rows), theirs(rows)) << rows;
  }
  EXPECT_EQ(ours_->calibration_fluxes("TauA", {}).at(0).measured_flux_Jy, 0.3125);
}

TEST_P(MergeTest, FillsWhatIsEmptyAndKeepsThePreferredValue) {
  const auto set = [](Catalogue& catalogue, const char* source, const SqlValue& level1, const SqlValue& bof) {
    catalogue.upsert_observations(
        {{{"obsid", std::int64_t{1}}, {"source", source}, {"level1_path", level1}, {"bof", bof}}}, true);
  };
  set(*ours_, "ours", "/ours", {});
  set(*theirs_, "theirs", {}, "theirs.bof");
  theirs_->upsert_observations({{{"obsid", std::int64_t{2}}, {"source", "fg4"}}}, false);
  const char* rows = "SELECT obsid, source, level1_path, bof FROM comap_data ORDER BY obsid";
  const MergeReport dry = merge({Prefer::primary, false});
  EXPECT_EQ(table_of(dry, "comap_data").n_new, 1);
  EXPECT_EQ(table_of(dry, "comap_data").n_changed, 1);
  EXPECT_EQ(ours(rows), "1|ours|/ours|NULL\n");
  merge({Prefer::primary, true});
  EXPECT_EQ(ours(rows), "1|ours|/ours|theirs.bof\n2|fg4|NULL|NULL\n");
  const MergeReport second = merge({Prefer::secondary, true});
  EXPECT_EQ(ours(rows), "1|theirs|/ours|theirs.bof\n2|fg4|NULL|NULL\n");
  EXPECT_EQ(table_of(second, "comap_data").n_changed, 1);
  ASSERT_EQ(table_of(second, "comap_data").first.size(), 1U);
  EXPECT_EQ(table_of(second, "comap_data").first[0].key, "1");
  EXPECT_FALSE(table_of(second, "comap_data").first[0].is_new);
}

TEST_P(MergeTest, MergesFlagsByElementAndLeavesEqualRowsAlone) {
  for (Catalogue* one : {ours_.get(), theirs_.get()}) {
    one->upsert_observations({{{"obsid", std::int64_t{1}}}, {{"obsid", std::int64_t{2}}}}, false);
    test::record(*one, {.obsid = 1, .error = "none", .quality = {{3, 2, {{"n_spikes", 4.0}}}}});
  }
  test::record(*theirs_, {.obsid = 2, .error = "none", .quality = {{3, 2, {{"n_spikes", 4.0}}}}});
  theirs(
      "UPDATE quality_flags SET is_good = FALSE, comment = 'bad', n_nan_values = 8 WHERE obsid = 1 AND pixel = 5 "
      "AND frequency_band = 7");
  // A row that is written again gets another ctid in PostgreSQL.
  const char* place = GetParam().first == "postgresql"
                          ? "SELECT ctid FROM quality_flags WHERE pixel = 6 AND obsid = 1"
                          : "SELECT rowid FROM quality_flags WHERE pixel = 6 AND obsid = 1";
  const std::string before = ours(place);
  const MergeReport report = merge({Prefer::secondary, true});
  EXPECT_EQ(table_of(report, "quality_flags").n_changed, 1);
  EXPECT_EQ(table_of(report, "quality_flags").n_new, 152);
  EXPECT_EQ(ours(place), before);
  const char* rows =
      "SELECT obsid, pixel, frequency_band, is_good, comment, n_spikes, n_nan_values FROM quality_flags "
      "WHERE comment IS NOT NULL OR n_spikes IS NOT NULL ORDER BY 1, 2, 3";
  EXPECT_EQ(ours_->quality_flags({1}).at(1).at(4 * 8 + 7).is_good, false);
  EXPECT_EQ(ask_outside(ours_url_, "SELECT count(*) FROM quality_flags"), "304\n");
  EXPECT_NE(ours(rows).find("1|5|7|"), std::string::npos);
  EXPECT_EQ(merge({Prefer::secondary, true}).tables.at(2).n_changed, 0);
}

/// A file of the Python pipeline into both databases.
class PythonFile : public test::OnBothDatabases {
 protected:
  PythonFile() : python_url_("sqlite:" + directory_ / "python.db") {
    ask_outside(python_url_, ".read " COMAP_TEST_DATA "/python_catalogue.sql");
  }
  MergeReport merge(bool write) {
    const auto giver = sql::open_connection(test::config_for(python_url_));
    MergeReport report;
    catalogue_->change([&](sql::Connection& receiver) {
      sql::Transaction reading(*giver, sql::Access::read);
      report = sql::merge(receiver, *giver, {Prefer::primary, write});
    });
    return report;
  }
  std::string python_url_;
};

INSTANTIATE_TEST_SUITE_P(Databases, PythonFile, testing::Values("sqlite", "postgresql"),
                         [](const auto& database) { return database.param; });

TEST_P(PythonFile, MovesWithAllItsRowsAndStaysAsItIs) {
  catalogue_->initialize();
  const std::string before = text_of_file(directory_ / "python.db");
  const MergeReport report = merge(true);
  EXPECT_EQ(text_of_file(directory_ / "python.db"), before);
  for (const char* rows :
       {"SELECT obsid, level2_path, fft_shift, iqcalid, nbit, source_group, utc_start FROM comap_data ORDER BY 1",
        "SELECT obsid, source FROM comap_data ORDER BY 1", "SELECT obsid, telescope FROM comap_data ORDER BY 1",
        "SELECT obsid, processing_status, processing_error, mean_tau, pointing_offset_az, pointing_offset_ra, n_scans "
        "FROM observation_summary WHERE obsid < 9000 ORDER BY 1",
        "SELECT pixel, frequency_band, comment, n_spikes FROM quality_flags WHERE obsid = 7206 "
        "ORDER BY 1, 2",
        "SELECT pixel, frequency_band FROM quality_flags WHERE obsid = 7206 AND is_good ORDER BY 1, 2",
        "SELECT obsid, feed, band, channel, mjd, source, measured_flux, chi2 FROM calibration_flux ORDER BY 1, 2, 3, 4",
        "SELECT * FROM old_path_data ORDER BY obsid"}) {
    EXPECT_NE(ask(rows), "") << rows;
    EXPECT_EQ(ask(rows), ask_outside(python_url_, rows)) << rows;
  }
  EXPECT_EQ(catalogue_->row(7206)->at("nchan"), SqlValue(std::int64_t{1024}));
  EXPECT_EQ(catalogue_->row(7207)->at("tsamp"), SqlValue(0.1 + 0.2));
  EXPECT_EQ(catalogue_->rows_of("quality_flags", 7206).at(8).at("filtered_auto_rms"), SqlValue(1.0 / 5.0));
  EXPECT_EQ(catalogue_->rows_of("observation_summary", 7206).at(0).at("median_tsys"), SqlValue(44.12345678901234));
  EXPECT_EQ(report.n_problems, 7);
}

TEST_P(PythonFile, SaysWhatDoesNotFit) {
  catalogue_->initialize();
  const MergeReport report = merge(true);
  std::string text;
  for (const sql::MergeProblem& one : report.problems) text += one.table + " " + one.key + ": " + one.reason + "\n";
  for (const char* part :
       {"comap_data 7206: features left out: 'none'", "comap_data 7207: features left out",
        "comap_data 7208: bw left out: 'wide'", "observation_summary 9999: left out: its observation",
        "quality_flags 7207, 3, 2: left out: a second row", "quality_flags NULL, 1, 1: left out"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
  }
  EXPECT_EQ(ask("SELECT comment FROM quality_flags WHERE obsid = 7207"), "NULL\n");
  EXPECT_EQ(merge(true).tables.at(0).n_changed, 0);
}

TEST_P(PythonFile, FillsItselfWithoutLosingItsRows) {
  // Its own columns: ours come behind them.
  std::string columns = ask_outside(python_url_, "SELECT group_concat(name) FROM pragma_table_info('quality_flags')");
  columns.pop_back();  // the end of the line
  const std::string flags = "SELECT " + columns + " FROM quality_flags ORDER BY id";
  const std::string before = ask_outside(python_url_, flags);
  catalogue_->initialize();
  catalogue_->upsert_observations({{{"obsid", std::int64_t{1}}}, {{"obsid", std::int64_t{7207}}, {"bof", "x"}}}, false);
  const auto giver = sql::open_connection(test::config_for(url_));
  const auto python = std::make_unique<Catalogue>(test::config_for(python_url_));
  python->change([&](sql::Connection& receiver) {
    sql::Transaction reading(*giver, sql::Access::read);
    sql::merge(receiver, *giver, {Prefer::primary, true});
  });
  EXPECT_EQ(ask_outside(python_url_, flags), before);
  EXPECT_EQ(ask_outside(python_url_, "SELECT obsid, bof FROM comap_data ORDER BY obsid"),
            "1|NULL\n7206|b.bof\n7207|x\n7208|NULL\n");
}

TEST_P(PythonFile, BulkRowsKeepEveryText) {
  catalogue_->initialize();
  const sql::TemporaryTable table = {"comap_texts",
                                     {{"first", sql::ColumnType::text}, {"second", sql::ColumnType::text}}};
  const std::vector<sql::Values> rows = {
      {"", "a\tb"}, {"\\N", ""}, {SqlValue{}, "\\"}, {"\\.", "x\r\ny"}, {"", SqlValue{}}};
  catalogue_->change([&](sql::Connection& connection) {
    connection.fill(table, rows);
    std::vector<sql::Values> streamed;
    connection.stream("SELECT first, second FROM comap_texts", [&](sql::Values row) { streamed.push_back(row); });
    EXPECT_EQ(streamed, rows);
  });
}

TEST(MergeIntoPostgres, KeepsItsForeignKeys) {
  const test::TemporaryDirectory directory;
  const std::string python = "sqlite:" + directory / "python.db", url = test::new_url("postgresql", directory);
  ask_outside(python, ".read " COMAP_TEST_DATA "/python_catalogue.sql");
  const auto catalogue = std::make_unique<Catalogue>(test::config_for(url));
  catalogue->initialize();
  const char* references =
      "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint "
      "WHERE contype = 'f' ORDER BY 1, 2";
  const std::string before = ask_outside(url, references);
  EXPECT_NE(before.find("quality_flags_obsid_fkey"), std::string::npos);
  const auto giver = sql::open_connection(test::config_for(python));
  catalogue->change([&](sql::Connection& receiver) {
    sql::Transaction reading(*giver, sql::Access::read);
    sql::merge(receiver, *giver, {Prefer::primary, true});
  });
  EXPECT_EQ(ask_outside(url, references), before);
}

}  // namespace
}  // namespace comap
