// What concerns one database, or the two side by side.
#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "unit/catalogue/database_fixture.hpp"

namespace comap {
namespace {

using test::ask_outside;
using test::config_for;
using test::TemporaryDirectory;

void run_some_commands(Catalogue& catalogue, const std::string& level2_path) {
  catalogue.initialize();
  std::vector<Row> rows;
  for (std::int64_t obsid = 100; obsid < 110; ++obsid) {
    rows.push_back({{"obsid", obsid}, {"source", "fg4"}, {"tsamp", 0.1 * static_cast<double>(obsid)}});
  }
  catalogue.upsert_observations(rows, false);
  const QualityRow quality = {3, 2, {{"filtered_auto_rms", 1.0 / 3.0}, {"n_spikes", 4.0}}};
  test::record(catalogue, {.obsid = 105,
                           .complete = true,
                           .level2_path = level2_path,
                           .summary = {{"mean_tau", 0.1 + 0.2}},
                           .quality = {quality}});
  test::record(catalogue, {.obsid = 101, .complete = true, .level2_path = level2_path, .quality = {quality}});
  test::record(catalogue, {.obsid = 105, .complete = true, .level2_path = level2_path, .quality = {quality}});
  test::record(catalogue, {.obsid = 102, .error = "no 'vane'"});
  catalogue.clear_level2({101}, true);
  catalogue.upsert_observations({{{"obsid", std::int64_t{100}}, {"source", "fg5"}}, {{"obsid", std::int64_t{7}}}},
                                true);
}

TEST(Databases, TheSameCommandsGiveTheSameRows) {
  const TemporaryDirectory directory;
  const std::string sqlite = test::new_url("sqlite", directory), postgres = test::new_url("postgresql", directory);
  const auto ours = std::make_unique<Catalogue>(config_for(sqlite)),
             theirs = std::make_unique<Catalogue>(config_for(postgres));
  run_some_commands(*ours, "/data/Level2_x.hd5");
  run_some_commands(*theirs, "/data/Level2_x.hd5");
  for (std::int64_t obsid = 0; obsid < 120; ++obsid) {
    for (const char* table : {"comap_data", "observation_summary", "quality_flags"}) {
      EXPECT_EQ(ours->rows_of(table, obsid), theirs->rows_of(table, obsid)) << table << " " << obsid;
    }
  }
  for (const char* statement :
       {"SELECT id, obsid, pixel, frequency_band, n_spikes FROM quality_flags ORDER BY id",
        "SELECT obsid, source, level2_path, utc_start FROM comap_data ORDER BY obsid",
        "SELECT obsid, processing_status, processing_error FROM observation_summary ORDER BY obsid"}) {
    const std::string rows = ask_outside(postgres, statement);
    EXPECT_FALSE(rows.empty());
    EXPECT_EQ(ask_outside(sqlite, statement), rows) << statement;
  }
}

TEST(Sqlite, AMissingFileIsNotCreatedByReading) {
  const TemporaryDirectory directory;
  const auto catalogue = std::make_unique<Catalogue>(config_for("sqlite:" + directory / "none.db"));
  EXPECT_THROW(catalogue->select({}), ConfigError);
  EXPECT_THROW(catalogue->summary(), ConfigError);
  EXPECT_EQ(catalogue->missing_tables().size(), 11U);
  EXPECT_FALSE(std::filesystem::exists(directory / "none.db"));
}

// Only what is documented to create makes a catalogue, whatever stands in its place.
TEST(Sqlite, ACatalogueThatIsNoneIsRefusedAndLeftAlone) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "empty.db").flush();
  ask_outside("sqlite:" + directory / "other.db", "CREATE TABLE something (x INTEGER)");
  for (const CatalogueUse use : {CatalogueUse::look, CatalogueUse::change}) {
    for (const char* name : {"none.db", "empty.db", "other.db"}) {
      try {
        std::make_unique<Catalogue>(config_for("sqlite:" + directory / name), use);
        FAIL() << name;
      } catch (const ConfigError& error) {
        EXPECT_NE(std::string(error.what()).find(directory / name), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find("comap_mpi catalogue init"), std::string::npos) << error.what();
      }
    }
  }
  EXPECT_FALSE(std::filesystem::exists(directory / "none.db"));
  EXPECT_EQ(std::filesystem::file_size(directory / "empty.db"), 0U);
  EXPECT_EQ(ask_outside("sqlite:" + directory / "other.db", "SELECT name FROM sqlite_master"), "something\n");
}

TEST(Sqlite, LookingChangesNothing) {
  const TemporaryDirectory directory;
  const std::string url = test::new_url("sqlite", directory);
  std::make_unique<Catalogue>(config_for(url))->initialize();
  ask_outside(url, "ALTER TABLE quality_flags DROP COLUMN flag_source");
  const std::string before = ask_outside(url, ".dump");
  const auto catalogue = std::make_unique<Catalogue>(config_for(url), CatalogueUse::look);
  EXPECT_TRUE(catalogue->select({.obsids = {7206}}).empty()) << "a temporary table is no change";
  EXPECT_FALSE(catalogue->missing_tables().empty());
  EXPECT_THROW(catalogue->initialize(), Bug);
  EXPECT_THROW(test::record(*catalogue, {.obsid = 7206, .error = "none"}), Bug);
  EXPECT_EQ(ask_outside(url, ".dump"), before);
}

TEST(Sqlite, SaysWhatIsWrongWithItsPlace) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "text.db") << "This is a text file that is no database at all, long enough to be read.";
  const auto message = [&](const std::string& path) -> std::string {
    try {
      std::make_unique<Catalogue>(config_for("sqlite:" + path))->initialize();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message(directory / "none/comap.db").find("directory does not exist"), std::string::npos);
  EXPECT_NE(message(directory.path()).find("is a directory"), std::string::npos);
  EXPECT_NE(message(directory / "text.db").find("is not an SQLite database"), std::string::npos);
}

TEST(Sqlite, OpensAFileOfThePythonPipeline) {
  const TemporaryDirectory directory;
  const std::string url = test::new_url("sqlite", directory);
  ask_outside(url, R"sql(
    CREATE TABLE comap_data (obsid INTEGER NOT NULL, level1_path VARCHAR, level2_path VARCHAR, bof VARCHAR, bw FLOAT,
      coeff_iq INTEGER, features INTEGER, fft_shift INTEGER, instrument VARCHAR, iqcalid INTEGER, level INTEGER,
      nbit INTEGER, nchan INTEGER, nint INTEGER, pixels VARCHAR, platform VARCHAR, source VARCHAR,
      source_group VARCHAR, telescope VARCHAR, tsamp FLOAT, utc_start VARCHAR, version VARCHAR, PRIMARY KEY (obsid));
    CREATE TABLE quality_flags (id INTEGER NOT NULL, obsid INTEGER, pixel INTEGER, frequency_band INTEGER,
      is_good BOOLEAN NOT NULL, comment VARCHAR, filtered_red_noise FLOAT, filtered_white_noise FLOAT,
      filtered_auto_rms FLOAT, filtered_noise_index FLOAT, unfiltered_red_noise FLOAT, unfiltered_white_noise FLOAT,
      unfiltered_auto_rms FLOAT, unfiltered_noise_index FLOAT, n_spikes INTEGER, n_nan_values INTEGER,
      mean_atm_temp FLOAT, PRIMARY KEY (id), FOREIGN KEY(obsid) REFERENCES comap_data (obsid));
    INSERT INTO comap_data (obsid, level1_path, source, source_group) VALUES (7206, '/a/b.hd5', 'TauA', 'Calibrator');
    INSERT INTO comap_data (obsid) VALUES (7207);
    INSERT INTO quality_flags (obsid, pixel, frequency_band, is_good, n_spikes) VALUES
      (7206, 0, 0, 1, NULL), (7206, 1, 0, 0, 5), (7206, 18, 7, 1, NULL);)sql");
  const std::string before = ask_outside(url, ".dump");
  const auto catalogue = std::make_unique<Catalogue>(config_for(url));
  EXPECT_EQ(catalogue->select({}).size(), 2U);
  EXPECT_EQ(catalogue->rows_of("quality_flags", 7206).size(), 2U);
  EXPECT_EQ(catalogue->rows_of("quality_flags", 7206)[0].at("is_good"), SqlValue(false));
  EXPECT_TRUE(catalogue->rows_of("observation_summary", 7206).empty());
  EXPECT_FALSE(catalogue->quality_flags({7206}).at(7206)[0].is_good);
  EXPECT_EQ(catalogue->summary().status.at("pending"), 2);
  EXPECT_EQ(ask_outside(url, ".dump"), before);

  test::record(*catalogue, {.obsid = 7206, .complete = true, .level2_path = "/c/d.hd5"});
  EXPECT_EQ(
      ask_outside(url, "SELECT id, obsid, pixel, frequency_band, is_good, n_spikes FROM quality_flags WHERE id < 4"),
      "1|7206|0|0|1|NULL\n2|7206|1|0|0|5\n3|7206|18|7|1|NULL\n");
  EXPECT_EQ(ask_outside(url, "SELECT count(*) FROM quality_flags"), "153\n");
  EXPECT_EQ(ask_outside(url, "SELECT processing_status FROM observation_summary"), "complete\n");
}

TEST(Postgres, ConnectsAgainAfterARestart) {
  const TemporaryDirectory directory;
  const std::string url = test::new_url("postgresql", directory);
  const auto catalogue = std::make_unique<Catalogue>(config_for(url));
  run_some_commands(*catalogue, "/data/x.hd5");
  test::PrivatePostgres::shared().restart();
  test::record(*catalogue, {.obsid = 103, .error = "after the restart"});
  EXPECT_EQ(ask_outside(url, "SELECT processing_error FROM observation_summary WHERE obsid = 103"),
            "after the restart\n");
}

/// Text of the error that opening this URL gives.
std::string error_of(const std::string& url) {
  try {
    std::make_unique<Catalogue>(CatalogueConfig{url, 1, 0.01});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Postgres, CredentialsAreNotInMessages) {
  const std::vector<std::string> urls = {
      "postgresql://observer:s3cr3t@localhost:1/comap",
      "postgresql://observer:s3cr3t@no-such-host.invalid/comap",
      "postgresql://observer:s3cr3t@with@localhost:1/comap",
      "postgresql://observer:s3cr3t/with@localhost:1/comap",
      "postgresql://localhost:1/comap?user=observer&password=s3cr3t",
      "postgresql://localhost:1/comap?no_such_option=s3cr3t",
      "postgres://observer:s3cr3t@localhost:notaport/comap",
      "postgressql://observer:s3cr3t@localhost/comap",
      "postgresql:///no_such_db?user=observer&password=s3cr3t&host=" + test::PrivatePostgres::shared().directory()};
  for (const std::string& url : urls) {
    const std::string message = error_of(url);
    EXPECT_FALSE(message.empty()) << url;
    EXPECT_EQ(message.find("s3cr3t"), std::string::npos) << message;
  }
  EXPECT_NE(error_of(urls[0]).find("postgresql://localhost:1/comap"), std::string::npos) << error_of(urls[0]);
}

TEST(Postgres, DescriptionHasNoUser) {
  const TemporaryDirectory directory;
  const auto catalogue =
      std::make_unique<Catalogue>(config_for(test::new_url("postgresql", directory) + "&password=s3cr3t"));
  EXPECT_EQ(catalogue->description().find("s3cr3t"), std::string::npos);
  EXPECT_EQ(catalogue->description().find("user"), std::string::npos);
}

}  // namespace
}  // namespace comap
