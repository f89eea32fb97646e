#include "archive/scan.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "core/message.hpp"
#include "unit/catalogue/database_fixture.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

class ScanTest : public test::OnBothDatabases {
 protected:
  ScanTest() {
    test::output_of(std::string(COMAP_PYTHON) + " " + COMAP_SOURCE_DIR + "/tests/support/make_scan_files.py " +
                    directory_.path());
    options_.level1_dirs = {directory_ / "level1"};
    options_.level2_dirs = {directory_ / "level2"};
  }

  ScanReport scan() { return scan_files(catalogue_.get(), options_, SerialCommunicator()); }
  std::string level1(const std::string& name) const { return directory_ / ("level1/" + name); }
  std::string level2(const std::string& name) const { return directory_ / ("level2/Level2_" + name); }
  std::string path_of(std::int64_t obsid, const std::string& column) const {
    return ask("SELECT " + column + " FROM comap_data WHERE obsid = " + std::to_string(obsid));
  }

  ScanOptions options_;
};

INSTANTIATE_TEST_SUITE_P(Databases, ScanTest, testing::Values("sqlite", "postgresql"),
                         [](const auto& database) { return database.param; });

/// Reasons of the problems with files of this name.
std::string reasons(const ScanReport& report, const std::string& name) {
  std::string text;
  for (const FileProblem& one : report.problems) {
    if (fs::path(one.path).filename() == name) text += one.reason + "\n";
  }
  return text;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_P(ScanTest, ReadsAttributesOfAnyKindIntoTypedColumns) {
  scan();
  EXPECT_EQ(ask("SELECT obsid, source, source_group FROM comap_data ORDER BY obsid"),
            "7206|TauA|Calibrator\n7300|fg4|Foreground\n7301|Field11|Galactic\n7400|Venus|Calibrator\n"
            "9000|fg9|Foreground\n");
  EXPECT_EQ(ask("SELECT nchan, tsamp, utc_start, pixels, features, level, nbit FROM comap_data WHERE obsid = 7206"),
            "1024|0.02|2022-01-01-00:00:00|1,2,20|NULL|1|NULL\n");
  EXPECT_EQ(catalogue_->row(7206)->at("bw"), SqlValue(2e9));
}

TEST_P(ScanTest, ReportsEveryFileThatItDoesNotTake) {
  const ScanReport report = scan();
  EXPECT_EQ(report.plan.n_new, 5);
  const std::string end = "-2022-01-05-000000.hd5";
  EXPECT_TRUE(has(reasons(report, "comap-0007206-2022-01-01-000000.hd5"), "features"));
  EXPECT_TRUE(has(reasons(report, "comap-0007302-2022-01-04-000000.hd5"), "7302"));
  EXPECT_TRUE(has(reasons(report, "comap-0007302-2022-01-04-000000.hd5"), "7399"));
  EXPECT_TRUE(has(reasons(report, "comap-0007300-2022-01-02-000000.hd5"), "also has"));
  EXPECT_TRUE(has(reasons(report, "comap-0007500" + end), "does not exist"));
  EXPECT_TRUE(has(reasons(report, "comap-0007501" + end), "is empty"));
  EXPECT_FALSE(reasons(report, "comap-0007502" + end).empty());
  EXPECT_FALSE(reasons(report, "comap-0007503" + end).empty());
  EXPECT_TRUE(has(reasons(report, "comap-0007504" + end), "no group comap"));
  EXPECT_TRUE(has(reasons(report, "my_comap_test.hd5"), "no obsid in its name"));
  EXPECT_TRUE(has(reasons(report, "Level2_comap-7301-2022-01-03-000000.hd5"), "not complete"));
  EXPECT_TRUE(has(reasons(report, "Level2_comap-0007400" + end), "binned_filtered_data"));
  EXPECT_EQ(report.problems.size(), 11U);
}

TEST_P(ScanTest, TakesLinksAndCompleteLevel2Files) {
  scan();
  EXPECT_EQ(path_of(7400, "level1_path"), level1("comap-0007400-2022-01-05-000000.hd5") + "\n");
  EXPECT_EQ(path_of(7206, "level2_path"), level2("comap-0007206-2022-01-01-000000.hd5") + "\n");
  EXPECT_EQ(path_of(7300, "level2_path"), level2("comap-0007300-2022-01-02-000000.hd5") + "\n");
  EXPECT_EQ(path_of(7301, "level2_path"), "NULL\n");
  EXPECT_EQ(path_of(9000, "level1_path"), "NULL\n");
  EXPECT_EQ(ask("SELECT obsid, processing_status FROM observation_summary ORDER BY 1"),
            "7206|complete\n7300|complete\n9000|complete\n");
}

TEST_P(ScanTest, ASecondScanChangesNothing) {
  scan();
  const std::string before = ask("SELECT * FROM comap_data ORDER BY obsid");
  const ScanReport report = scan();
  EXPECT_EQ(report.plan.n_new, 0);
  EXPECT_TRUE(report.plan.moved.empty() && report.plan.level2.empty() && report.plan.gone.empty());
  EXPECT_EQ(ask("SELECT * FROM comap_data ORDER BY obsid"), before);
}

TEST_P(ScanTest, ADryRunWritesNothing) {
  options_.dry_run = true;
  EXPECT_EQ(scan().plan.n_new, 5);
  EXPECT_EQ(catalogue_->missing_tables().size(), 11U);
}

TEST_P(ScanTest, FollowsFilesThatMoveAndClearsThoseThatGo) {
  scan();
  const std::string name = "comap-7301-2022-01-03-000000.hd5";
  fs::rename(level1(name), directory_ / ("level1/2022-09/" + name));
  fs::remove(level2("comap-0007206-2022-01-01-000000.hd5"));
  test::record(*catalogue_, {.obsid = 7300,
                             .complete = true,
                             .level2_path = level2("comap-0007300-2022-01-02-000000.hd5"),
                             .summary = {{"median_tsys", 44.0}}});
  fs::remove(level2("comap-0007300-2022-01-02-000000.hd5"));
  options_.clear_statistics = true;
  const ScanReport report = scan();
  EXPECT_EQ(report.plan.gone, (std::vector<std::int64_t>{7206, 7300}));
  EXPECT_EQ(path_of(7301, "level1_path"), directory_ / ("level1/2022-09/" + name) + "\n");
  EXPECT_EQ(path_of(7206, "level2_path"), "NULL\n");
  EXPECT_EQ(ask("SELECT processing_status, median_tsys FROM observation_summary WHERE obsid = 7300"), "pending|NULL\n");
}

TEST_P(ScanTest, KeepsTheRegisteredFileUnlessOverwritten) {
  scan();
  const std::string first = level1("2022-09/comap-0007300-2022-01-02-000001.hd5");
  EXPECT_EQ(path_of(7300, "level1_path"), first + "\n");
  options_.level1_dirs = {directory_ / "level1"};
  fs::create_directories(directory_ / "copy");
  fs::copy(level1("comap-7301-2022-01-03-000000.hd5"), directory_ / "copy");
  options_.level1_dirs = {directory_ / "copy"};
  EXPECT_TRUE(has(reasons(scan(), "comap-7301-2022-01-03-000000.hd5"), "--overwrite"));
  EXPECT_EQ(path_of(7301, "level1_path"), level1("comap-7301-2022-01-03-000000.hd5") + "\n");
  options_.overwrite = true;
  scan();
  EXPECT_EQ(path_of(7301, "level1_path"), directory_ / "copy/comap-7301-2022-01-03-000000.hd5" + "\n");
}

TEST_P(ScanTest, ADirectoryThatIsNotThereStopsBeforeAnythingIsWritten) {
  scan();
  options_.level2_dirs = {directory_ / "unmounted"};
  EXPECT_THROW(scan(), CatalogueError);
  EXPECT_NE(path_of(7206, "level2_path"), "NULL\n");
}

TEST(ScanFindings, SurviveTheWayBetweenRanks) {
  FileFinding finding = {"/a/b.hd5", DataLevel::level2, FileState::foreign, 7206, {}, {"one", "two"}, true};
  finding.row = {{"obsid", std::int64_t{7206}}, {"tsamp", 0.1}, {"source", "TauA \"x\""}, {"nbit", SqlValue{}}};
  const auto back = unpack<std::vector<FileFinding>>(pack(std::vector<FileFinding>{finding, {}}));
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back[0].path, finding.path);
  EXPECT_EQ(back[0].state, FileState::foreign);
  EXPECT_EQ(back[0].level, finding.level);
  EXPECT_EQ(back[0].obsid, finding.obsid);
  EXPECT_EQ(back[0].row, finding.row);
  EXPECT_EQ(back[0].remarks, finding.remarks);
  EXPECT_TRUE(back[0].names_file);
}

}  // namespace
}  // namespace comap
