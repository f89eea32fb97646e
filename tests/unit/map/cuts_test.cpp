#include "map/cuts.hpp"

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
