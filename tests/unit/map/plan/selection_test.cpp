#include "map/plan/selection.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/error.hpp"
#include "core/message.hpp"
#include "map/plan/map_plan.hpp"
#include "support/synthetic_level2.hpp"

namespace comap {
namespace {

std::int64_t count(const SelectionReport& report, Exclusion reason) {
  return report.counts[static_cast<std::size_t>(reason)];
}

class Selection : public ::testing::Test {
 protected:
  Selection() : directory_(test::fresh_directory("selection")) {
    config_.dataset = "binned_data";
    config_.feeds = {1, 3};
    config_.bands = {0, 5};
  }

  MapObservation observation(const test::SyntheticLevel2& made, const std::string& group = "Galactic") {
    const std::string path = directory_ + "/" + std::to_string(made.obsid) + ".hd5";
    test::write_level2(path, made);
    MapObservation offered;
    offered.observation.obsid = made.obsid;
    offered.observation.source_group = group;
    offered.observation.level2_path = path;
    return offered;
  }

  SelectionReport report_of(const std::vector<MapObservation>& offered) {
    return selection_report(survey_observations(config_, IoConfig(), offered, SerialCommunicator()));
  }

  std::string directory_;
  MapmakeConfig config_;
};

TEST_F(Selection, TakesEveryScanOfAGoodFile) {
  const SelectionReport report = report_of({observation({})});
  EXPECT_EQ(report.n_used(), 1);
  EXPECT_EQ(report.n_scans, 2 * 2 * 2);  // feeds, bands, scans
  EXPECT_EQ(report.n_bad_files(), 0);
}

TEST_F(Selection, BadFilesAreCountedByReason) {
  MapObservation no_path, missing;
  no_path.observation.obsid = 1;
  missing.observation.obsid = 2;
  missing.observation.level2_path = directory_ + "/not_there.hd5";
  MapObservation text = missing;
  text.observation.obsid = 3;
  text.observation.level2_path = directory_ + "/text.hd5";
  std::ofstream(text.observation.level2_path) << "not HDF5";
  test::SyntheticLevel2 other;
  other.obsid = 4;
  other.dataset = "binned_filtered_data";

  const SelectionReport report = report_of({no_path, missing, text, observation(other)});
  EXPECT_EQ(report.n_used(), 0);
  EXPECT_EQ(report.n_bad_files(), 3);
  EXPECT_EQ(count(report, Exclusion::no_path), 1);
  EXPECT_EQ(count(report, Exclusion::file_missing), 1);
  EXPECT_EQ(count(report, Exclusion::file_unreadable), 1);
  EXPECT_EQ(count(report, Exclusion::dataset_missing), 1);
  EXPECT_NE(report.observations[3].reason.find("4.hd5"), std::string::npos) << report.observations[3].reason;
  EXPECT_NE(report.observations[3].reason.find("level2/binned_data"), std::string::npos);
}

TEST_F(Selection, AFileThatWasNeverFinishedIsRefused) {
  const MapObservation offered = observation({});
  h5::File file = h5::File::open_write(offered.observation.level2_path);
  file.write_attribute("/", "comap_mpi_complete", std::int64_t{0});
  file.close();
  EXPECT_EQ(count(report_of({offered}), Exclusion::dataset_missing), 1);
  file = h5::File::open_write(offered.observation.level2_path);
  file.write_attribute("/", "comap_mpi_complete", std::int64_t{1});
  file.close();
  EXPECT_EQ(report_of({offered}).n_used(), 1);
}

TEST_F(Selection, FlagsExcludeElementsAndWholeObservations) {
  MapObservation offered = observation({});
  offered.flags = {{1, 0, false}, {3, 0, true}, {3, 1, false}};
  SelectionReport report = report_of({offered});
  EXPECT_EQ(count(report, Exclusion::element_flagged), 1);
  EXPECT_EQ(report.n_scans, 3 * 2);

  offered.flags = {{1, 0, false}, {1, 5, false}, {3, 0, false}, {3, 5, false}};
  report = report_of({offered});
  EXPECT_EQ(count(report, Exclusion::all_flags_bad), 1);
  EXPECT_EQ(report.n_used(), 0);
  EXPECT_EQ(report.n_bad_files(), 0);
}

TEST_F(Selection, FeedsThatAreNotInTheFileAreCounted) {
  config_.feeds = {1, 2, 3};
  EXPECT_EQ(count(report_of({observation({})}), Exclusion::feed_absent), 2);  // two bands
}

TEST_F(Selection, NoiseLimitsExcludeScansButNotOfCalibrators) {
  test::SyntheticLevel2 noisy;
  noisy.auto_rms_K = 0.11;
  EXPECT_EQ(count(report_of({observation(noisy)}), Exclusion::auto_rms_above_cap), 8);
  EXPECT_EQ(report_of({observation(noisy)}).n_used(), 0);
  EXPECT_EQ(report_of({observation(noisy, "Calibrator")}).n_scans, 8);

  test::SyntheticLevel2 red;
  red.sigma_red_K = 0.5;
  EXPECT_EQ(count(report_of({observation(red)}), Exclusion::sigma_red_above_cutoff), 8);
  red.alpha = -2.7;  // of sky or air: no noise of receivers is so steep
  const SelectionReport steep = report_of({observation(red)});
  EXPECT_EQ(count(steep, Exclusion::sigma_red_above_cutoff), 0);
  EXPECT_EQ(steep.n_without_sigma_red, steep.n_scans);
  EXPECT_EQ(report_of({observation(red, "Calibrator")}).n_scans, 8);

  test::SyntheticLevel2 unknown;
  unknown.auto_rms_K = std::nan("");
  EXPECT_EQ(count(report_of({observation(unknown)}), Exclusion::auto_rms_not_finite), 8);
}

TEST_F(Selection, AMissingNoiseFitExcludesNothing) {
  test::SyntheticLevel2 bright;
  bright.sigma_red_K = std::nan("");
  EXPECT_EQ(report_of({observation(bright)}).n_scans, 8);
  test::SyntheticLevel2 without;
  without.with_noise_stats = false;
  EXPECT_EQ(report_of({observation(without)}).n_scans, 8);
}

TEST_F(Selection, AScanOutsideTheFileIsAnErrorOfTheFile) {
  test::SyntheticLevel2 made;
  const MapObservation offered = observation(made);
  h5::File file = h5::File::open_write(offered.observation.level2_path);
  file.open(level2::kScanEdges).write<std::int64_t>(h5::Slab{{1, 1}, {1, 1}}, std::vector<std::int64_t>{2401});
  file.close();
  EXPECT_EQ(count(report_of({offered}), Exclusion::dataset_missing), 1);
}

TEST_F(Selection, FilesByNameTellTheirObservation) {
  test::SyntheticLevel2 made;
  made.obsid = 30004;
  made.source = "TauA,sky";
  const MapObservation known = observation(made);
  const auto offered = observations_of_files(
      {known.observation.level2_path, directory_ + "/Level2_comap-0000077-x.hd5"}, {}, "binned_data");
  ASSERT_EQ(offered.size(), 2U);
  EXPECT_EQ(offered[0].observation.obsid, 30004);
  EXPECT_EQ(offered[0].observation.source, "TauA");
  EXPECT_EQ(offered[0].observation.source_group, "Calibrator");
  EXPECT_EQ(offered[1].observation.obsid, 77);
}

TEST_F(Selection, AFileThatNoProcessSurvivesIsNotOpened) {
  const MapObservation known = observation({});
  const std::string& path = known.observation.level2_path;
  const auto offered = observations_of_files({path}, {{path, "ends in signal 11"}}, "binned_data");
  ASSERT_EQ(offered.size(), 1U);
  EXPECT_EQ(offered[0].observation.source, "") << "was read";
  const SelectionReport report = report_of(offered);
  EXPECT_EQ(count(report, Exclusion::file_unreadable), 1);
  EXPECT_EQ(report.observations.at(0).reason, path + ": ends in signal 11");
}

TEST_F(Selection, TravelsBetweenRanks) {
  MapObservation offered = observation({});
  offered.deadly = "ends in signal 11";
  offered.flags = bad_flags({{1, 0, false}, {3, 5, true}});
  const auto back = unpack<MapObservation>(pack(offered));
  EXPECT_EQ(back.deadly, offered.deadly);
  EXPECT_EQ(back.observation.obsid, offered.observation.obsid);
  EXPECT_EQ(back.observation.level2_path, offered.observation.level2_path);
  EXPECT_EQ(back.observation.source_group, "Galactic");
  ASSERT_EQ(back.flags.size(), 1U);
  EXPECT_FALSE(back.flags[0].is_good);
}

SurveyedObservation surveyed(std::int64_t n_samples, std::vector<int> feeds) {
  SurveyedObservation observation;
  observation.outcome.used = true;
  observation.n_samples = n_samples;
  observation.feeds = std::move(feeds);
  return observation;
}

TEST(Distribute, GivesWholeObservationsWhereThatIsBalanced) {
  std::vector<SurveyedObservation> survey(5, surveyed(1000, {1, 2}));
  survey[2].outcome.used = false;
  const auto units = distribute(survey, 2);
  ASSERT_EQ(units[0].size(), 2U);
  ASSERT_EQ(units[1].size(), 2U);
  EXPECT_EQ(units[0][0].observation, 0U);
  EXPECT_EQ(units[1][0].observation, 1U);
  EXPECT_EQ(units[0][1].feeds, (std::vector<int>{1, 2}));
}

TEST(Distribute, DividesByFeedWhereObservationsAreTooFew) {
  const auto units = distribute({surveyed(3000, {1, 2, 3}), surveyed(3000, {1, 2, 3}), surveyed(3000, {1, 2, 3})}, 2);
  std::size_t feeds = 0;
  for (const auto& rank : units) {
    std::size_t of_rank = 0;
    for (const MapUnit& unit : rank) of_rank += unit.feeds.size();
    EXPECT_GE(of_rank, 4U);
    feeds += of_rank;
  }
  EXPECT_EQ(feeds, 9U);
}

}  // namespace
}  // namespace comap
