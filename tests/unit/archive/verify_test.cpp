#include "archive/verify.hpp"

#include <filesystem>

#include "unit/catalogue/database_fixture.hpp"

namespace comap {
namespace {

/// The files of make_scan_files.py, scanned, and rows that say more than is on disk.
class Verify : public test::OnBothDatabases {
 protected:
  Verify() {
    test::output_of(std::string(COMAP_PYTHON) + " " + COMAP_SOURCE_DIR + "/tests/support/make_scan_files.py " +
                    directory_.path());
    catalogue_->initialize();
    add(7206, "level1/2022-09/comap-0007206-2022-01-01-000000.hd5", "Level2_comap-0007206-2022-01-01-000000.hd5");
    add(7301, "level1/comap-7301-2022-01-03-000000.hd5", "Level2_comap-7301-2022-01-03-000000.hd5");
    add(7400, "level1/gone.hd5", "Level2_comap-0009000-2022-01-05-000000.hd5");
    add(7502, "level1/comap-0007502-2022-01-05-000000.hd5", "gone.hd5");
    add(7503, "", "");
    add(9000, "", "Level2_comap-0009000-2022-01-05-000000.hd5");
    ask("UPDATE observation_summary SET processing_status = 'pending' WHERE obsid = 9000");
    ask("INSERT INTO observation_summary (obsid, processing_status) VALUES (7503, 'complete')");
  }

  void add(std::int64_t obsid, const std::string& level1, const std::string& level2) {
    catalogue_->upsert_observations(
        {{{"obsid", obsid}, {"level1_path", level1.empty() ? SqlValue{} : SqlValue{directory_ / level1}}}}, true);
    if (!level2.empty()) test::register_level2(*catalogue_, {{obsid, directory_ / ("level2/" + level2)}});
  }

  VerifyReport verify_files(const DeadlyFiles& deadly_files = {}) {
    return verify(catalogue_.get(), {}, {{}, false, deadly_files}, SerialCommunicator());
  }
};

INSTANTIATE_TEST_SUITE_P(Databases, Verify, testing::Values("sqlite", "postgresql"),
                         [](const auto& database) { return database.param; });

std::string kinds(const VerifyReport& report) {
  std::string text;
  for (const VerifyProblem& one : report.problems) text += std::to_string(one.obsid) + " " + one.kind + "\n";
  return text;
}

TEST_P(Verify, FindsWhatRowsClaimAndFilesDoNotHold) {
  const VerifyReport report = verify_files();
  EXPECT_EQ(report.n_observations, 6);
  EXPECT_EQ(kinds(report),
            "7301 level2_incomplete\n7400 level1_missing\n7400 level2_foreign\n7502 level1_damaged\n"
            "7502 level2_missing\n7503 status_wrong\n9000 status_wrong\n");
  EXPECT_EQ(report.problems[1].path, directory_ / "level1/gone.hd5");
  EXPECT_EQ(report.problems[1].repair, Repair::none);
  EXPECT_FALSE(report.problems[2].reason.empty());
  EXPECT_EQ(report.problems[2].repair, Repair::clear_level2);
}

TEST_P(Verify, DoesNotOpenAFileThatNoProcessSurvives) {
  const std::string deadly = directory_ / "level2/Level2_comap-0007206-2022-01-01-000000.hd5";
  std::vector<std::string> asked;
  const VerifyReport report = verify_files([&](const std::vector<std::string>& paths) {
    asked = paths;
    return std::map<std::string, std::string>{{deadly, "ends in signal 11"}};
  });
  EXPECT_EQ(asked.size(), 9U);  // four Level-1 and five Level-2 files
  ASSERT_FALSE(report.problems.empty());
  EXPECT_EQ(report.problems[0].kind, "level2_damaged");
  EXPECT_EQ(report.problems[0].reason, "ends in signal 11");
}

TEST_P(Verify, RepairsTheRowsAndLeavesWhatItCannot) {
  const VerifyReport report = verify_files();
  catalogue_->change([&](sql::Connection& connection) { EXPECT_EQ(sql::repair(connection, report.problems), 5); });
  EXPECT_EQ(kinds(verify_files()), "7400 level1_missing\n7502 level1_damaged\n");
  EXPECT_EQ(ask("SELECT obsid FROM comap_data WHERE level2_path IS NOT NULL ORDER BY obsid"), "7206\n9000\n");
  EXPECT_EQ(ask("SELECT obsid, processing_status FROM observation_summary ORDER BY obsid"),
            "7206|complete\n7301|pending\n7400|pending\n7502|pending\n7503|pending\n9000|complete\n");
}

TEST_P(Verify, DoesNotRepairWhatHasChangedSince) {
  const VerifyReport report = verify_files();
  test::register_level2(*catalogue_, {{7301, "/made/again.hd5"}, {7503, "/made/too.hd5"}});
  catalogue_->change([&](sql::Connection& connection) { EXPECT_EQ(sql::repair(connection, report.problems), 3); });
  EXPECT_EQ(ask("SELECT level2_path FROM comap_data WHERE obsid IN (7301, 7503) ORDER BY obsid"),
            "/made/again.hd5\n/made/too.hd5\n");
  EXPECT_EQ(ask("SELECT processing_status FROM observation_summary WHERE obsid IN (7301, 7503)"),
            "complete\ncomplete\n");
}

}  // namespace
}  // namespace comap
