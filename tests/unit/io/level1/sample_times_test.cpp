// The sample time of recordings with and without pauses, and which wrong stamps are mended.

#include "io/level1/sample_times.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/constants.hpp"

namespace comap {
namespace {

constexpr double kStart_mjd = 59842.25;
constexpr double kStep_s = 0.02;
std::vector<double> regular(std::size_t n) {
  std::vector<double> mjd(n);
  for (std::size_t i = 0; i < n; ++i) mjd[i] = kStart_mjd + static_cast<double>(i) * kStep_s / kSecondsPerDay;
  return mjd;
}

void delay(std::vector<double>& mjd, std::size_t from, double by_s) {
  for (std::size_t i = from; i < mjd.size(); ++i) mjd[i] += by_s / kSecondsPerDay;
}

/// Stamps in steps after the first.
double steps(const std::vector<double>& mjd, std::size_t i) { return (mjd[i] - kStart_mjd) * kSecondsPerDay / kStep_s; }

TEST(SampleTime, WithoutPausesIsTheMeanToTheLastBit) {
  std::vector<double> mjd = regular(5000);
  mjd[1234] += 0.3 * kStep_s / kSecondsPerDay;  // stamps jitter
  delay(mjd, 3000, 0.1);                        // a few samples lost are no pause
  EXPECT_EQ(sample_time_s(mjd), (mjd.back() - mjd.front()) * kSecondsPerDay / 4999.0);
}

TEST(SampleTime, PausesDoNotCount) {
  std::vector<double> mjd = regular(5000);
  for (const std::size_t at : {1000U, 2500U, 2501U}) delay(mjd, at, 60.0);
  EXPECT_NEAR(sample_time_s(mjd), kStep_s, 1e-7);
  EXPECT_NEAR((mjd.back() - mjd.front()) * kSecondsPerDay / 4999.0, 0.056, 1e-3) << "what the mean would be";
  EXPECT_NEAR(sample_time_s(regular(2)), kStep_s, 1e-6);
  std::vector<double> bursts = regular(999);  // three samples at a time
  for (std::size_t i = 3; i < bursts.size(); i += 3) delay(bursts, i, 1.0);
  EXPECT_EQ(sample_time_s(bursts), (bursts.back() - bursts.front()) * kSecondsPerDay / 998.0);
}

TEST(StampRepair, GoodTimesAreLeftAlone) {
  std::vector<double> mjd = regular(1000);
  delay(mjd, 500, 3600.0);
  const std::vector<double> before = mjd;
  const StampRepair repair = repair_time_stamps(mjd);
  EXPECT_TRUE(repair.mended.empty());
  EXPECT_FALSE(repair.beyond_repair);
  EXPECT_EQ(mjd, before);
}

TEST(StampRepair, SingleStampsAreMended) {
  const std::vector<double> truth = regular(3000);
  std::vector<double> mjd = truth;
  mjd[0] = 0.0;
  mjd[100] = mjd[99];  // repeated
  mjd[200] = 0.0;      // lost
  mjd[300] = kNan;
  std::swap(mjd[400], mjd[401]);
  mjd[500] += 10.0 / kSecondsPerDay;  // ahead
  mjd[600] -= 10.0 / kSecondsPerDay;  // behind
  mjd[700] += 1e5;
  mjd[800] = mjd[801] = mjd[802] = kNan;
  mjd[2999] = kNan;
  const StampRepair repair = repair_time_stamps(mjd);
  ASSERT_FALSE(repair.beyond_repair) << *repair.beyond_repair;
  EXPECT_EQ(repair.mended, (std::vector<std::size_t>{0, 100, 200, 300, 400, 401, 500, 600, 700, 800, 801, 802, 2999}));
  for (std::size_t i = 0; i < mjd.size(); ++i) ASSERT_NEAR(steps(mjd, i), static_cast<double>(i), 1e-3) << i;
}

TEST(StampRepair, NothingIsInvented) {
  std::vector<double> back = regular(1000);
  delay(back, 500, -1.0);  // the clock is set back: which half is right?
  EXPECT_EQ(repair_time_stamps(back).beyond_repair, 500U);

  std::vector<double> coarse = regular(1000);  // as single precision leaves them
  for (double& time : coarse) time = static_cast<float>(time);
  EXPECT_TRUE(repair_time_stamps(coarse).beyond_repair);

  std::vector<double> twice = regular(1000);
  for (std::size_t i = 1; i < twice.size(); i += 2) twice[i] = twice[i - 1];
  EXPECT_TRUE(repair_time_stamps(twice).beyond_repair);

  std::vector<double> at_pause = regular(1000);
  delay(at_pause, 500, 30.0);
  at_pause[500] = kNan;  // before or after the pause?
  EXPECT_EQ(repair_time_stamps(at_pause).beyond_repair, 500U);

  std::vector<double> none(1000, kNan);
  EXPECT_TRUE(repair_time_stamps(none).beyond_repair);
}

}  // namespace
}  // namespace comap
