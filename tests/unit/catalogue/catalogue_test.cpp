#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "catalogue/schema.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "unit/catalogue/database_fixture.hpp"

namespace comap {
namespace {

using test::OnBothDatabases;
class CatalogueTest : public OnBothDatabases {
 protected:
  CatalogueTest() { catalogue_->initialize(); }

  void add(std::int64_t obsid, const std::string& source, const std::string& group) {
    catalogue_->upsert_observations({{{"obsid", obsid}, {"source", source}, {"source_group", group}}}, false);
  }
  void add_some() {
    add(7206, "TauA", "Calibrator");
    add(7300, "fg4", "Foreground");
    add(7301, "fg_4", "Foreground");
    add(8000, "Field11", "Galactic");
    add(101430, "Field12", "Galactic");
  }
  std::vector<std::int64_t> selected(const SelectConfig& selection) {
    std::vector<std::int64_t> obsids;
    for (const Observation& one : catalogue_->select(selection)) obsids.push_back(one.obsid);
    return obsids;
  }
  std::string file(const std::string& name, const std::string& text = "x") {
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  }
};

using Obsids = std::vector<std::int64_t>;

INSTANTIATE_TEST_SUITE_P(Databases, CatalogueTest, testing::Values("sqlite", "postgresql"),
                         [](const auto& database) { return database.param; });

TEST_P(CatalogueTest, HasTheTablesAndColumnsOfTheSpecification) {
  const std::vector<std::pair<std::string, std::string>> columns = {
      {"comap_data",
       "obsid, level1_path, level2_path, bof, bw, coeff_iq, features, fft_shift, instrument, iqcalid, level, nbit, "
       "nchan, "
       "nint, pixels, platform, source, source_group, telescope, tsamp, utc_start, version"},
      {"observation_summary",
       "obsid, processing_status, processing_error, median_tsys, mean_tau, calibrator_flux, calibrator_flux_error, "
       "calibrator_chi2, pointing_offset_az, pointing_offset_el, pointing_offset_ra, pointing_offset_dec, n_scans"},
      {"quality_flags",
       "id, obsid, pixel, frequency_band, is_good, comment, filtered_red_noise, filtered_white_noise, "
       "filtered_auto_rms, "
       "filtered_noise_index, unfiltered_red_noise, unfiltered_white_noise, unfiltered_auto_rms, "
       "unfiltered_noise_index, "
       "n_spikes, n_nan_values, mean_atm_temp"},
      {"calibration_flux", "id, obsid, feed, band, channel, mjd, source, measured_flux, flux_error, amplitude, chi2"},
      {"calibration_model_fit",
       "id, feed, band, channel, source, model_type, poly_coeffs, nearest_mjds, nearest_gains, fit_rms, "
       "n_observations, "
       "updated_at"},
      {"old_path_data", "obsid, old_level1_path"}};
  for (const auto& [table, names] : columns) EXPECT_EQ(ask("SELECT " + names + " FROM " + table), "") << table;
  add(5, "TauA", "Calibrator");
  ask("INSERT INTO quality_flags (obsid, pixel, frequency_band) VALUES (5, 1, 0)");
  EXPECT_EQ(ask("SELECT count(*) FROM quality_flags WHERE is_good"), "1\n");
  EXPECT_THROW(ask("INSERT INTO quality_flags (obsid, pixel, frequency_band) VALUES (5, 1, 0)"), std::runtime_error);
}

TEST_P(CatalogueTest, InitializeAgainChangesNothing) {
  add_some();
  catalogue_->initialize();
  EXPECT_TRUE(catalogue_->missing_tables().empty());
  EXPECT_EQ(ask("SELECT count(*) FROM comap_data"), "5\n");
}

TEST_P(CatalogueTest, InitializeCompletesATable) {
  ask("ALTER TABLE quality_flags DROP COLUMN mean_atm_temp");
  ask("DROP TABLE calibration_flux");
  EXPECT_EQ(catalogue_->missing_tables(), (std::vector<std::string>{"quality_flags", "calibration_flux"}));
  catalogue_->initialize();
  EXPECT_EQ(ask("SELECT mean_atm_temp FROM quality_flags"), "");
  EXPECT_EQ(ask("SELECT chi2 FROM calibration_flux"), "");
}

TEST_P(CatalogueTest, HasAnIdentityThatStays) {
  const auto identity = [&] {
    std::string found;
    catalogue_->change([&](sql::Connection& connection) { found = sql::identity_of(connection); });
    return found;
  };
  const std::string first = identity();
  EXPECT_EQ(first.size(), 32U);
  catalogue_->initialize();
  EXPECT_EQ(identity(), first);
  ask("DELETE FROM comap_schema WHERE name = 'identity'");  // as version 0.2 has it
  EXPECT_NE(identity(), first);
}

// Every bit of a double comes back, by parameters and by bulk writes, also from columns of other numeric types; but
// SQLite has no -0.
TEST_P(CatalogueTest, NumbersKeepEveryBit) {
  const std::vector<double> numbers = {0.1,     0.1 + 0.2, 1.0 / 3.0,  std::nextafter(1.0, 2.0), -1e-300, 5e-324,
                                       1.7e308, 2.5e-10,   16777217.0, 59912.123456789012};
  if (GetParam() == "postgresql") ask("ALTER TABLE observation_summary ALTER COLUMN mean_tau TYPE numeric");
  for (const double number : numbers) {
    catalogue_->upsert_observations({{{"obsid", std::int64_t{7206}}, {"tsamp", number}}}, true);
    test::record(*catalogue_, {.obsid = 7206,
                               .complete = true,
                               .level2_path = "/data/x.hd5",
                               .summary = {{"median_tsys", number}, {"mean_tau", number}},
                               .quality = {{3, 2, {{"filtered_auto_rms", number}}}}});
    const auto bits_of = [](const Row& row, const char* column) {
      return std::bit_cast<std::uint64_t>(std::get<double>(row.at(column)));
    };
    const auto bits = std::bit_cast<std::uint64_t>(number);
    EXPECT_EQ(bits_of(*catalogue_->row(7206), "tsamp"), bits) << number;
    const Row summary = catalogue_->rows_of("observation_summary", 7206).at(0);
    EXPECT_EQ(bits_of(summary, "median_tsys"), bits) << number;
    EXPECT_EQ(std::get<double>(summary.at("mean_tau")), number) << number;
    EXPECT_EQ(bits_of(catalogue_->rows_of("quality_flags", 7206).at(2 * 8 + 2), "filtered_auto_rms"), bits) << number;
  }
}

TEST_P(CatalogueTest, AMissingColumnIsAnErrorThatSaysWhatToDo) {
  ask("DROP INDEX comap_index_source_group");
  ask("ALTER TABLE comap_data DROP COLUMN source_group");
  try {
    catalogue_->summary();
    FAIL() << "no error";
  } catch (const CatalogueError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("comap_data has no column source_group"), std::string::npos) << text;
    EXPECT_NE(text.find("catalogue init"), std::string::npos) << text;
  }
  catalogue_->initialize();
  EXPECT_EQ(catalogue_->summary().n_observations, 0);
}

TEST_P(CatalogueTest, ASchemaFromTheFutureIsAnError) {
  ask("UPDATE comap_schema SET value = '99' WHERE name = 'version'");
  EXPECT_THROW(std::make_unique<Catalogue>(test::config_for(url_)), CatalogueError);
}

TEST_P(CatalogueTest, RowsKeepWhatIsThereUnlessOverwritten) {
  EXPECT_EQ(
      catalogue_->upsert_observations({{{"obsid", std::int64_t{5}}, {"source", "fg4"}, {"nchan", std::int64_t{1024}}},
                                       {{"obsid", std::int64_t{6}}}},
                                      false),
      2);
  const Row second = {{"obsid", std::int64_t{5}}, {"source", "fg5"}, {"tsamp", 0.02}};
  EXPECT_EQ(catalogue_->upsert_observations({second}, false), 0);
  EXPECT_EQ(ask("SELECT source, nchan, tsamp FROM comap_data WHERE obsid = 5"), "fg4|1024|0.02\n");
  EXPECT_EQ(catalogue_->upsert_observations({second}, true), 0);
  EXPECT_EQ(ask("SELECT source, nchan, tsamp FROM comap_data WHERE obsid = 5"), "fg5|1024|0.02\n");
}

TEST_P(CatalogueTest, ValuesTakeTheTypeOfTheirColumn) {
  catalogue_->upsert_observations(
      {{{"obsid", "5"}, {"nchan", 1024.0}, {"bw", std::int64_t{2000000000}}, {"level", "1"}}}, false);
  const Row row = catalogue_->row(5).value();
  EXPECT_EQ(row.at("nchan"), SqlValue(std::int64_t{1024}));
  EXPECT_EQ(row.at("bw"), SqlValue(2e9));
  EXPECT_EQ(row.at("level"), SqlValue(std::int64_t{1}));
  EXPECT_EQ(row.at("source"), SqlValue());
  EXPECT_THROW(catalogue_->upsert_observations({{{"obsid", std::int64_t{6}}, {"nchan", "many"}}}, false),
               CatalogueError);
  EXPECT_THROW(catalogue_->upsert_observations({{{"obsid", std::int64_t{6}}, {"no_such", "1"}}}, false),
               CatalogueError);
  EXPECT_FALSE(catalogue_->row(6).has_value());
}

TEST_P(CatalogueTest, AnyTextComesBackAsItWas) {
  const std::string hard = "it's \"quoted\", {NULL}, \\back\\, tab\t, line\n, %_!; DROP TABLE comap_data; -- \xC3\xA9";
  catalogue_->upsert_observations({{{"obsid", std::int64_t{5}}, {"source", hard}, {"version", "NULL"}, {"bof", ""}}},
                                  false);
  EXPECT_EQ(catalogue_->row(5)->at("source"), SqlValue(hard));
  EXPECT_EQ(catalogue_->row(5)->at("version"), SqlValue("NULL"));
  EXPECT_EQ(catalogue_->row(5)->at("bof"), SqlValue(""));
  catalogue_->upsert_observations({{{"obsid", std::int64_t{6}}, {"source", std::string("a\xFF\0b", 4)}}}, false);
  EXPECT_EQ(catalogue_->row(6)->at("source"), SqlValue("a??b"));
}

TEST_P(CatalogueTest, ManyRowsAtOnce) {
  std::vector<Row> rows;
  constexpr std::int64_t kRows = 25000;
  for (std::int64_t obsid = 1; obsid <= kRows; ++obsid) rows.push_back({{"obsid", obsid}, {"source", "fg4"}});
  EXPECT_EQ(catalogue_->upsert_observations(rows, false), kRows);
  rows.push_back({{"obsid", kRows + 1}});
  EXPECT_EQ(catalogue_->upsert_observations(rows, true), 1);
  EXPECT_EQ(ask("SELECT count(*), max(obsid) FROM comap_data"), "25001|25001\n");
  SelectConfig selection;
  for (std::int64_t obsid = 2; obsid <= kRows; obsid += 2) selection.obsids.push_back(obsid);
  EXPECT_EQ(catalogue_->select(selection).size(), static_cast<std::size_t>(kRows / 2));
}

TEST_P(CatalogueTest, SelectsBySourceGroupAndRange) {
  add_some();
  EXPECT_EQ(selected({}), (Obsids{7206, 7300, 7301, 8000, 101430}));
  EXPECT_EQ(selected({.source = {"taua"}}), (Obsids{7206}));
  EXPECT_EQ(selected({.source = {"Field*"}}), (Obsids{8000, 101430}));
  EXPECT_EQ(selected({.source = {"field1?", "TAUA"}}), (Obsids{7206, 8000, 101430}));
  EXPECT_EQ(selected({.source = {"Field"}}), Obsids{});
  EXPECT_EQ(selected({.source = {"fg_4"}}), (Obsids{7301}));
  EXPECT_EQ(selected({.source = {"%"}}), Obsids{});
  EXPECT_EQ(selected({.source_group = {"galactic"}}), (Obsids{8000, 101430}));
  EXPECT_EQ(selected({.source_group = {"Galactic"}, .max_obsid = 8000}), (Obsids{8000}));
  EXPECT_EQ(selected({.min_obsid = 7300, .max_obsid = 7301}), (Obsids{7300, 7301}));
}

TEST_P(CatalogueTest, SelectsByListAndFile) {
  add_some();
  EXPECT_EQ(selected({.obsids = {8000, 7206, 8000, 999}}), (Obsids{7206, 8000}));
  EXPECT_EQ(selected({.source = {"TauA"}, .obsids = {8000, 7206}}), (Obsids{7206}));
  const std::string list = file("list.txt", "# calibrators\n7206\r\n\n  7300 \n");
  EXPECT_EQ(selected({.obsid_file = list}), (Obsids{7206, 7300}));
  EXPECT_EQ(selected({.obsids = {8000}, .obsid_file = list}), (Obsids{7206, 7300, 8000}));
  EXPECT_EQ(selected({.obsid_file = file("empty.txt", "\n")}), Obsids{});
  EXPECT_THROW(selected({.obsid_file = file("bad.txt", "7206 7300\n")}), ConfigError);
  EXPECT_THROW(selected({.obsid_file = directory_ / "none.txt"}), ConfigError);
}

TEST_P(CatalogueTest, RecordsAResultAndKeepsFlagsThatObserversSet) {
  add_some();
  ask("INSERT INTO quality_flags (obsid, pixel, frequency_band, is_good, comment, n_spikes) VALUES "
      "(7206, 2, 3, FALSE, 'sun', 7), (7206, 0, 0, TRUE, NULL, NULL)");
  const ObservationResult result = {
      .obsid = 7206,
      .complete = true,
      .level2_path = "/data/Level2_comap-0007206-x.hd5",
      .summary = {{"median_tsys", 44.5}, {"mean_tau", kNan}, {"n_scans", 12.0}},
      .quality = {{2, 3, {{"filtered_auto_rms", 0.25}, {"n_spikes", 3.0}, {"mean_atm_temp", kNan}}},
                  {19, 7, {{"filtered_auto_rms", kNan}, {"n_spikes", 0.0}, {"mean_atm_temp", 12.5}}}}};
  test::record(*catalogue_, result);
  EXPECT_EQ(ask("SELECT level2_path FROM comap_data WHERE obsid = 7206"), "/data/Level2_comap-0007206-x.hd5\n");
  EXPECT_EQ(ask("SELECT processing_status, processing_error, median_tsys, mean_tau, n_scans, calibrator_flux FROM "
                "observation_summary WHERE obsid = 7206"),
            "complete|NULL|44.5|NULL|12|NULL\n");
  EXPECT_EQ(ask("SELECT CASE WHEN is_good THEN 'good' ELSE 'bad' END, comment, filtered_auto_rms, n_spikes, "
                "mean_atm_temp FROM quality_flags WHERE obsid = 7206 AND pixel IN (2, 19) AND frequency_band IN (3, 7) "
                "ORDER BY pixel, frequency_band"),
            "bad|sun|0.25|3|NULL\ngood|NULL|NULL|NULL|NULL\ngood|NULL|NULL|NULL|NULL\ngood|NULL|NULL|0|12.5\n");
  EXPECT_EQ(ask("SELECT count(*) FROM quality_flags WHERE obsid = 7206 AND pixel BETWEEN 1 AND 19"), "152\n");
  EXPECT_EQ(catalogue_->rows_of("quality_flags", 7206).size(), 152U);
  const auto flags = catalogue_->quality_flags({7206}).at(7206);
  ASSERT_EQ(flags.size(), 152U);
  EXPECT_FALSE(flags[1 * 8 + 3].is_good);
  EXPECT_EQ(std::count_if(flags.begin(), flags.end(), [](const QualityFlag& one) { return one.is_good; }), 151);
}

TEST_P(CatalogueTest, AResultIsWrittenWholeOrNotAtAll) {
  add_some();
  const ObservationResult bad = {.obsid = 7206,
                                 .complete = true,
                                 .level2_path = "/data/x.hd5",
                                 .summary = {{"median_tsys", 44.5}},
                                 .quality = {{2, 3, {{"no_such_column", 0.25}}}}};
  EXPECT_THROW(test::record(*catalogue_, bad), CatalogueError);
  EXPECT_EQ(ask("SELECT count(*) FROM comap_data WHERE level2_path IS NOT NULL"), "0\n");
  EXPECT_EQ(ask("SELECT count(*) FROM observation_summary"), "0\n");
  EXPECT_EQ(ask("SELECT count(*) FROM quality_flags"), "0\n");
  EXPECT_THROW(test::record(*catalogue_, {.obsid = 4711, .error = "no vane"}), CatalogueError);
}

TEST_P(CatalogueTest, AFailureKeepsAnEarlierFileOnlyWhileItExists) {
  add_some();
  const std::string level2 = file("Level2_comap-0007206-x.hd5");
  test::record(*catalogue_,
               {.obsid = 7206, .complete = true, .level2_path = level2, .summary = {{"median_tsys", 44.5}}});
  test::record(*catalogue_, {.obsid = 7206, .error = "no vane event"});
  EXPECT_EQ(catalogue_->row(7206)->at("level2_path"), SqlValue(level2));
  EXPECT_EQ(ask("SELECT processing_status, processing_error, median_tsys FROM observation_summary"),
            "failed|no vane event|44.5\n");
  std::filesystem::remove(level2);
  test::record(*catalogue_, {.obsid = 7206, .error = "no vane event"});
  EXPECT_EQ(catalogue_->row(7206)->at("level2_path"), SqlValue());
  test::record(*catalogue_, {.obsid = 7206, .complete = true, .level2_path = level2});
  EXPECT_EQ(ask("SELECT processing_status, processing_error FROM observation_summary"), "complete|NULL\n");
}

TEST_P(CatalogueTest, ClearsAndRegistersLevel2) {
  add_some();
  for (const std::int64_t obsid : {7206, 7300}) {
    test::record(*catalogue_, {.obsid = obsid,
                               .complete = true,
                               .level2_path = "/data/x.hd5",
                               .summary = {{"median_tsys", 44.5}},
                               .quality = {{1, 0, {{"n_spikes", 3.0}}}}});
  }
  ask("UPDATE quality_flags SET comment = 'rain' WHERE pixel = 1 AND frequency_band = 0");
  const auto statistics = [&](const std::string& obsid) {
    return ask(
        "SELECT processing_status, median_tsys, n_spikes, comment FROM observation_summary s JOIN quality_flags q "
        "ON q.obsid = s.obsid WHERE pixel = 1 AND frequency_band = 0 AND s.obsid = " +
        obsid);
  };
  catalogue_->clear_level2({7206}, false);
  EXPECT_EQ(catalogue_->row(7206)->at("level2_path"), SqlValue());
  EXPECT_EQ(statistics("7206"), "pending|44.5|3|rain\n");
  catalogue_->clear_level2({7206}, true);
  EXPECT_EQ(statistics("7206"), "pending|NULL|NULL|rain\n");
  EXPECT_EQ(statistics("7300"), "complete|44.5|3|rain\n");
  test::register_level2(*catalogue_, {{7206, "/new/x.hd5"}, {8000, "/new/y.hd5"}, {1, "/new/z.hd5"}});
  EXPECT_EQ(
      ask("SELECT d.obsid, level2_path, processing_status FROM comap_data d JOIN observation_summary s ON s.obsid = "
          "d.obsid ORDER BY 1"),
      "7206|/new/x.hd5|complete\n7300|/data/x.hd5|complete\n8000|/new/y.hd5|complete\n");
}

TEST_P(CatalogueTest, Summarizes) {
  add_some();
  catalogue_->upsert_observations({{{"obsid", std::int64_t{8000}}, {"level1_path", "/data/a.hd5"}}}, false);
  test::record(*catalogue_, {.obsid = 8000, .complete = true, .level2_path = "/data/x.hd5"});
  test::record(*catalogue_, {.obsid = 7206, .error = "bad"});
  const CatalogueSummary summary = catalogue_->summary();
  EXPECT_EQ(summary.n_observations, 5);
  EXPECT_EQ(summary.n_level1, 1);
  EXPECT_EQ(summary.n_level2, 1);
  EXPECT_EQ(summary.status, (std::map<std::string, std::int64_t>{{"complete", 1}, {"failed", 1}, {"pending", 3}}));
  EXPECT_EQ(summary.source_groups.at("Galactic"), (std::array<std::int64_t, 2>{2, 1}));
  ASSERT_EQ(summary.latest.size(), 5U);
  EXPECT_EQ(summary.latest.front().obsid, 101430);
}

TEST_P(CatalogueTest, TwoProgramsWriteAtOnce) {
  add_some();
  const auto other = std::make_unique<Catalogue>(test::config_for(url_));
  for (int i = 0; i < 5; ++i) {
    test::record(*catalogue_, {.obsid = 7206, .error = "a"});
    test::record(*other, {.obsid = 7300, .error = "b"});
  }
  EXPECT_EQ(ask("SELECT obsid, processing_error FROM observation_summary ORDER BY 1"), "7206|a\n7300|b\n");
}

}  // namespace
}  // namespace comap
