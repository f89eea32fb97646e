#include "archive/scan.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "core/error.hpp"
#include "core/rank_zero.hpp"
#include "support/mpi_main.hpp"
#include "support/private_postgres.hpp"

namespace comap {
namespace {

/// Files and catalogue exist on rank 0 alone, as far as the code under test is concerned; all ranks see the disk.
struct Archive {
  Archive() {
    run_on_rank_zero(test::world(), [&] {
      directory = std::make_unique<test::TemporaryDirectory>();
      test::output_of(std::string(COMAP_PYTHON) + " " + COMAP_SOURCE_DIR + "/tests/support/make_scan_files.py " +
                      directory->path());
      catalogue = std::make_unique<Catalogue>(CatalogueConfig{"sqlite:" + *directory / "comap.db", 0, 0.0});
      options.level1_dirs = {*directory / "level1"};
      options.level2_dirs = {*directory / "level2"};
    });
  }
  std::unique_ptr<test::TemporaryDirectory> directory;
  std::unique_ptr<Catalogue> catalogue;
  ScanOptions options;
};

TEST(Scan, GivesTheSameForAnyNumberOfRanks) {
  const Archive archive;
  const ScanReport report = scan_files(archive.catalogue.get(), archive.options, test::world());
  if (test::world().rank() != 0) {
    EXPECT_TRUE(report.plan.rows.empty());
    return;
  }
  EXPECT_EQ(report.n_level1_files, 11);
  EXPECT_EQ(report.n_level2_files, 5);
  EXPECT_EQ(report.plan.n_new, 5);
  EXPECT_EQ(report.problems.size(), 11U);
  EXPECT_EQ(test::ask_outside(archive.catalogue->description(),
                              "SELECT obsid, source, level2_path IS NOT NULL FROM comap_data ORDER BY obsid"),
            "7206|TauA|1\n7300|fg4|1\n7301|Field11|0\n7400|Venus|0\n9000|fg9|1\n");
}

TEST(Scan, AnErrorOnRankZeroReachesEveryRank) {
  Archive archive;
  archive.options.level1_dirs = {"/no/such/directory"};
  EXPECT_THROW(scan_files(archive.catalogue.get(), archive.options, test::world()), CatalogueError);
  EXPECT_EQ(test::world().sum(std::int64_t{1}), test::world().size());
}

}  // namespace
}  // namespace comap
