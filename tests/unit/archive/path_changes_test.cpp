// Files that moved: remap and reconcile.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "archive/reconcile.hpp"
#include "archive/remap.hpp"
#include "core/error.hpp"
#include "unit/catalogue/database_fixture.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;
using sql::PathChange;

class Paths : public test::OnBothDatabases {
 protected:
  void add(std::int64_t obsid, const SqlValue& level1, const std::string& level2 = "") {
    catalogue_->upsert_observations({{{"obsid", obsid}, {"level1_path", level1}}}, true);
    if (!level2.empty()) test::register_level2(*catalogue_, {{obsid, level2}});
  }

  sql::RemapPlan remap(const sql::RemapOptions& options, bool write = true) {
    sql::RemapPlan plan;
    catalogue_->change([&](sql::Connection& connection) {
      plan = sql::plan_remap(connection, options);
      if (!write) return;
      sql::change_paths(connection, DataLevel::level1, plan.level1);
      sql::change_paths(connection, DataLevel::level2, plan.level2);
    });
    return plan;
  }

  std::string file(const std::string& name) {
    const std::string path = directory_ / name;
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << "x";
    return path;
  }

  ReconcileReport reconcile_roots(const std::vector<std::string>& roots) {
    std::vector<std::string> all;
    for (const std::string& root : roots) all.push_back(directory_ / root);
    return reconcile(find_files(all, DataLevel::level2), catalogue_->select({}));
  }

  std::string list(const std::string& name) const {
    std::ifstream stream(directory_ / ("lists/" + name));
    EXPECT_TRUE(stream) << name;
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }
};

INSTANTIATE_TEST_SUITE_P(Databases, Paths, testing::Values("sqlite", "postgresql"),
                         [](const auto& database) { return database.param; });

const char* kRows = "SELECT obsid, level1_path, level2_path FROM comap_data ORDER BY obsid";

TEST_P(Paths, RemapChangesWholeComponentsOfBothPathsAndKeepsTheOldOne) {
  catalogue_->initialize();
  add(1, "/data/a/one.hd5", "/data/a/two.hd5");
  add(2, "/data/ab/one.hd5", "/else/data/a/two.hd5");
  add(3, SqlValue{});
  add(4, "/data/a%/x_.hd5");
  remap({"/data/a/", "/disk 2/b", false});
  EXPECT_EQ(ask(kRows),
            "1|/disk 2/b/one.hd5|/disk 2/b/two.hd5\n2|/data/ab/one.hd5|/else/data/a/two.hd5\n3|NULL|NULL\n"
            "4|/data/a%/x_.hd5|NULL\n");
  EXPECT_EQ(ask("SELECT * FROM old_path_data"), "1|/data/a/one.hd5\n");
  EXPECT_EQ(ask("SELECT processing_status FROM observation_summary"), "complete\ncomplete\n");
  remap({"/disk 2", "/disk3", false});
  EXPECT_EQ(ask("SELECT * FROM old_path_data"), "1|/disk 2/b/one.hd5\n");
  const sql::RemapPlan all = remap({"/", "/mnt", false});
  EXPECT_EQ(all.level1.size(), 3U);
  EXPECT_EQ(ask("SELECT level1_path FROM comap_data WHERE obsid = 4"), "/mnt/data/a%/x_.hd5\n");
  EXPECT_THROW(remap({"", "/x", false}), ConfigError);
  EXPECT_THROW(remap({"/none", "/x", false}), CatalogueError) << "nothing begins so";
}

TEST_P(Paths, RemapCanAskForTheFilesToBeThere) {
  catalogue_->initialize();
  add(1, "/old/a.hd5");
  add(2, "/old/b.hd5");
  const std::string there = file("new/b.hd5");
  const sql::RemapPlan plan = remap({"/old", directory_ / "new", true});
  EXPECT_EQ(ask(kRows), "1|/old/a.hd5|NULL\n2|" + there + "|NULL\n");
  ASSERT_EQ(plan.left.size(), 1U);
  EXPECT_EQ(plan.left[0].new_path, directory_ / "new/a.hd5");
}

TEST_P(Paths, AChangeLeavesRowsThatAreNoLongerAsTheyWereFound) {
  catalogue_->initialize();
  add(1, "/a", "/now");
  catalogue_->change([&](sql::Connection& connection) {
    EXPECT_EQ(sql::change_paths(connection, DataLevel::level2, {{1, "/before", ""}, {7, "/x", "/y"}}), 0);
    EXPECT_EQ(sql::change_paths(connection, DataLevel::level1, {{1, "/before", "/b"}}), 0);
  });
  EXPECT_EQ(ask(kRows), "1|/a|/now\n");
  EXPECT_EQ(ask("SELECT count(*) FROM old_path_data"), "0\n");
  EXPECT_EQ(ask("SELECT processing_status FROM observation_summary"), "complete\n");
}

TEST_P(Paths, ReconcileTellsMissingMovedForeignAndDoubleFiles) {
  catalogue_->initialize();
  const auto name = [](const char* obsid) { return std::string("Level2_comap-") + obsid + "-2022.hd5"; };
  const std::string kept = file("one/" + name("0000001"));
  const std::string moved = file("one/sub/" + name("0000002")), second = file("two/" + name("0000002"));
  const std::string stranger = file("two/" + name("0000009")), no_path = file("two/" + name("0000004"));
  file("two/" + name("0000001") + ".partial");
  const std::string elsewhere = file("far/" + name("0000005"));
  add(1, "/l1/1", kept);
  add(2, "/l1/2", "/gone/2");
  add(3, "/l1/3", "/gone/3");
  add(4, "/l1/4");
  add(5, "/l1/5", elsewhere);
  add(6, SqlValue{}, "/gone/6");
  fs::create_symlink(directory_ / "one", directory_ / "link");
  const ReconcileReport report = reconcile_roots({"link", "two"});
  EXPECT_TRUE(report.problems.empty());
  write_reconcile_files(directory_ / "lists", report);
  const std::string moved_by_link = directory_ / "link/sub/" + name("0000002");
  EXPECT_EQ(list("missing_level2_rows.tsv"), "3\t/gone/3\n6\t/gone/6\n");
  EXPECT_EQ(list("missing_level2_obsids.txt"), "3\n6\n");
  EXPECT_EQ(list("missing_level2_level1_paths.txt"), "/l1/3\n");
  EXPECT_EQ(list("remapped_level2_rows.tsv"), "2\t/gone/2\t" + moved_by_link + "\n");
  EXPECT_EQ(list("level2_files_not_in_db.tsv"), "4\t" + no_path + "\n9\t" + stranger + "\n");
  EXPECT_EQ(list("duplicate_level2_files.tsv"), "2\t" + moved_by_link + "\t" + second + "\n");
  catalogue_->change([&](sql::Connection& connection) { apply_reconcile(connection, report); });
  EXPECT_EQ(ask("SELECT obsid, level2_path FROM comap_data ORDER BY obsid"),
            "1|" + kept + "\n2|" + moved_by_link + "\n3|NULL\n4|NULL\n5|" + elsewhere + "\n6|NULL\n");
  EXPECT_EQ(ask("SELECT obsid, processing_status FROM observation_summary ORDER BY obsid"),
            "1|complete\n2|complete\n3|pending\n5|complete\n6|pending\n");
  const ReconcileReport again = reconcile_roots({"link", "two"});
  EXPECT_TRUE(again.missing.empty() && again.remapped.empty());
}

TEST_P(Paths, ReconcileSaysNothingOfWhatItCannotLookAt) {
  catalogue_->initialize();
  fs::create_symlink("circle", directory_ / "circle");
  add(1, "/l1/1", directory_ / "circle/Level2_comap-0000001-2022.hd5");
  file("disk/notes.txt");
  const ReconcileReport report = reconcile_roots({"disk"});
  EXPECT_TRUE(report.missing.empty());
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_NE(report.problems[0].reason.find("cannot be looked at"), std::string::npos);
  EXPECT_THROW(reconcile_roots({"no such disk"}), CatalogueError);
}

}  // namespace
}  // namespace comap
