#include "map/plan/cuts.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace comap {
namespace {

TEST(Cuts, EverySampleIsCountedOnce) {
  const float nan = std::nanf("");
  const std::vector<std::int32_t> pixel = {0, 1, -1, 2, -1, -1, 3, 4};
  const std::vector<float> tod_K = {1, nan, 1, 1, nan, 1, 1, 1};
  const std::vector<std::int64_t> glitches = {1, 3, 5};
  const std::vector<float> solver_factor = {1.0F, 0.1F, 0.1F, 0.1F, 0.1F, 0.1F, 0.1F, 1.0F};
  ScanCuts cuts;
  count_samples(pixel, tod_K, glitches, solver_factor, cuts);
  EXPECT_EQ(cuts.n_missing, 2);   // 1, 4
  EXPECT_EQ(cuts.n_glitches, 2);  // 3, 5
  EXPECT_EQ(cuts.n_off_grid, 1);  // 2
  EXPECT_EQ(cuts.n_used, 3);      // 0, 6, 7
  EXPECT_EQ(cuts.n_bright, 1);    // 6
}

TEST(Cuts, FlagsAreReasonsOfTheirOwn) {
  std::vector<MapObservation> observations(1);
  observations[0].observation.obsid = 30001;
  std::vector<ScanCuts> cuts(2);
  cuts[0] = {.feed = 3, .n_samples = 100, .n_used = 90, .n_missing = 10};
  count_flags(std::vector<std::uint8_t>{2, 8, 8, 8 | 32, 0, 32}, cuts[0]);
  cuts[1] = {.feed = 3, .scan = 1, .reason = static_cast<int>(Exclusion::too_few_good_samples), .n_samples = 100};
  count_flags(std::vector<std::uint8_t>(80, sample_flag::kQuiet), cuts[1]);
  const std::vector<std::string> expected = {
      "samples in scans of these observations, feeds and bands: 200",
      "  45.000 %  used",
      "  10.000 %  in scans left out: " + std::string(exclusion_text(Exclusion::too_few_good_samples)),
      "   0.500 %  counts not positive",
      "   1.500 %  spectrum repeated",
      "  40.000 %  noise too low",
      "   0.500 %  pointing bad",
      "   2.500 %  missing",
      "least used observations: 30001 45.0 %",
      "least used feeds: 3 45.0 %"};
  EXPECT_EQ(cut_lines(cuts, observations), expected);
  EXPECT_EQ(cut_rows(cuts, observations)[1].n_flagged[4], 80);
}

TEST(Cuts, LinesSayWhatPercentageWentWhere) {
  std::vector<MapObservation> observations(2);
  observations[0].observation.obsid = 30001;
  observations[1].observation.obsid = 30002;
  std::vector<ScanCuts> cuts(3);
  cuts[0] = {.observation = 0, .feed = 3, .n_samples = 500, .n_used = 480, .n_missing = 5, .n_glitches = 15};
  cuts[1] = {.observation = 1, .feed = 7, .n_samples = 250, .n_used = 200, .n_off_grid = 50, .n_bright = 20};
  cuts[2] = {
      .observation = 1, .feed = 7, .scan = 1, .reason = static_cast<int>(Exclusion::bad_elevation), .n_samples = 250};
  const std::vector<std::string> expected = {"samples in scans of these observations, feeds and bands: 1000",
                                             "  68.000 %  used",
                                             "  25.000 %  in scans left out: elevation outside 0-90 deg",
                                             "   0.500 %  missing",
                                             "   1.500 %  glitches",
                                             "   5.000 %  off the grid",
                                             "   2.000 %  used, with less weight in the solver: bright sky",
                                             "least used observations: 30002 40.0 %, 30001 96.0 %",
                                             "least used feeds: 7 40.0 %, 3 96.0 %"};
  EXPECT_EQ(cut_lines(cuts, observations), expected);
  const std::vector<CutRow> rows = cut_rows(cuts, observations);
  EXPECT_EQ(rows[2].obsid, 30002);
  EXPECT_EQ(rows[2].reason, "elevation outside 0-90 deg");
  EXPECT_EQ(rows[0].reason, "");
  EXPECT_EQ(rows[1].n_off_grid, 50);
}

}  // namespace
}  // namespace comap
