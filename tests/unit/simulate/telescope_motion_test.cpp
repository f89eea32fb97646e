// The course of an observation in time, and where telescope and vane are.

#include "simulate/telescope_motion.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap::simulate {
namespace {

const Observer& observer() {
  static const Observer instance{SiteConfig{}, false, EarthOrientationTable::built_in()};
  return instance;
}

TEST(Plan, HasObsidsDatesAndPatternsInTurn) {
  SimulateConfig config;
  config.n_calibrators = 2;
  const std::vector<ObservationPlan> plans = plan_observations(config, observer());
  ASSERT_EQ(plans.size(), 5U);
  for (std::size_t i = 0; i < plans.size(); ++i) EXPECT_EQ(plans[i].obsid, 40001 + static_cast<int>(i));
  EXPECT_EQ(plans[1].pattern, ScanPattern::raster);
  EXPECT_EQ(plans[2].pattern, ScanPattern::constant_elevation);
  EXPECT_EQ(plans[3].source, "TauA");
  EXPECT_EQ(plans[0].timeline.scans.size(), 4U);
  EXPECT_EQ(plans[3].timeline.scans.size(), 1U);
  // One a day, on whole seconds.
  EXPECT_NEAR(plans[4].start_mjd - plans[3].start_mjd, 1.0 + 3.0 / 24.0, 0.01);
  EXPECT_NEAR(std::remainder(plans[0].start_mjd * kSecondsPerDay, 1.0), 0.0, 1e-4);
}

// A field that rises is in the east and climbs, one that sets is in the west.
TEST(Plan, HourAngleSaysRisingOrSetting) {
  SimulateConfig config;
  config.hour_angles_h = {-2.0, 2.0};
  const std::vector<ObservationPlan> plans = plan_observations(config, observer());
  for (std::size_t i = 0; i < 2; ++i) {
    const auto at = [&](double mjd) {
      return sky_to_horizontal(observer(), mjd, plans[i].centre_icrs, SkyFrame::icrs);
    };
    const Horizontal now = at(plans[i].start_mjd);
    const Horizontal later = at(plans[i].start_mjd + 0.01);
    EXPECT_EQ(now.azimuth_deg < 180.0, i == 0);
    EXPECT_EQ(later.elevation_deg > now.elevation_deg, i == 0);
  }
}

// A sky dip has the obsid before its neighbour's, ends before it starts, and sweeps from top to bottom and back.
TEST(Plan, SkyDipsComeBeforeTheFirstObservations) {
  SimulateConfig config;
  config.n_sky_dips = 2;
  const std::vector<ObservationPlan> plans = plan_observations(config, observer());
  ASSERT_EQ(plans.size(), 5U);
  for (const std::size_t dip : {0U, 2U}) {
    EXPECT_EQ(plans[dip].pattern, ScanPattern::sky_dip);
    EXPECT_EQ(plans[dip].obsid + 1, plans[dip + 1].obsid);
    EXPECT_EQ(comment_of(config, plans[dip]), "sky nod, simulated");
    const double length_s = static_cast<double>(plans[dip].timeline.n_samples) / config.sample_rate_Hz;
    EXPECT_NEAR((plans[dip + 1].start_mjd - plans[dip].start_mjd) * kSecondsPerDay, length_s + 30.0, 1.0);
    EXPECT_TRUE(plans[dip].timeline.vanes.empty());
  }
  EXPECT_EQ(plans[4].pattern, ScanPattern::constant_elevation);
  const SampleRange scan = plans[0].timeline.scans[0];
  EXPECT_EQ(feature_series(plans[0])[static_cast<std::size_t>(scan.begin)], 1 << 8);
  const BeamPath path = boresight_path(config, observer(), plans[0]);
  const auto elevation = [&](std::int64_t i) { return path.elevation_deg[static_cast<std::size_t>(i)]; };
  EXPECT_NEAR(elevation(0), 65.0, 1e-9);
  EXPECT_NEAR(elevation((scan.begin + scan.end) / 2), 40.0, 1e-3);
  EXPECT_NEAR(elevation(scan.end - 1), 65.0, 1e-9);
  EXPECT_EQ(cold_samples(plans[0].timeline, config.sample_rate_Hz).size(), static_cast<std::size_t>(scan.begin));
  config.n_sky_dips = 4;
  EXPECT_THROW(plan_observations(config, observer()), ConfigError);
}

TEST(Plan, RefusesWhatCannotBeObserved) {
  SimulateConfig low;
  low.hour_angles_h = {5.5};
  EXPECT_THROW(plan_observations(low, observer()), ConfigError);
  SimulateConfig far_south;
  far_south.field_l_deg = 300.0;
  EXPECT_THROW(plan_observations(far_south, observer()), ConfigError);
  SimulateConfig no_angles;
  no_angles.hour_angles_h.clear();
  EXPECT_THROW(plan_observations(no_angles, observer()), ConfigError);
  SimulateConfig many;
  many.first_obsid = 9999999;
  EXPECT_THROW(plan_observations(many, observer()), ConfigError);
}

TEST(FocalPlane, IsAHexagonOfNeighboursAtOneSpacing) {
  const std::vector<FeedOffset> feeds = focal_plane(19, 12.0);
  ASSERT_EQ(feeds.size(), 19U);
  std::vector<int> neighbours(19, 0);
  for (std::size_t i = 0; i < 19; ++i) {
    double closest = 1e9;
    for (std::size_t k = 0; k < 19; ++k) {
      if (k == i) continue;
      const double distance = std::hypot(feeds[i].x_deg - feeds[k].x_deg, feeds[i].y_deg - feeds[k].y_deg);
      closest = std::min(closest, distance);
      if (distance < 0.21) ++neighbours[i];
    }
    EXPECT_NEAR(closest, 0.2, 1e-9);
  }
  // 7 inner feeds have 6 neighbours; the 12 outer ones 3 (corners) or 4.
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(neighbours[i], 6);
  for (std::size_t i = 7; i < 19; ++i) EXPECT_EQ(neighbours[i], i % 2 == 1 ? 3 : 4);
}

TEST(Boresight, IsContinuousAndRoundsItsTurns) {
  SimulateConfig config;
  for (const ObservationPlan& plan : plan_observations(config, observer())) {
    const BeamPath path = boresight_path(config, observer(), plan);
    double fastest_deg_s = 0.0, strongest_deg_s2 = 0.0;
    const SampleRange scan = plan.timeline.scans[1];
    for (auto i = static_cast<std::size_t>(scan.begin) + 1; i + 1 < static_cast<std::size_t>(scan.end); ++i) {
      const double on_sky = std::cos(path.elevation_deg[i] * kDegree_rad) * config.sample_rate_Hz;
      const double before = (path.azimuth_deg[i] - path.azimuth_deg[i - 1]) * on_sky;
      const double after = (path.azimuth_deg[i + 1] - path.azimuth_deg[i]) * on_sky;
      fastest_deg_s = std::max(fastest_deg_s, std::abs(after));
      strongest_deg_s2 = std::max(strongest_deg_s2, std::abs(after - before) * config.sample_rate_Hz);
    }
    // 1.4 deg in 4 s, somewhat faster in the middle for the time lost in the turns.
    EXPECT_GT(fastest_deg_s, 0.35);
    EXPECT_LT(fastest_deg_s, 0.46);
    EXPECT_LT(strongest_deg_s2, 1.5);
    // No jump at the ends of scans: repointings last 3 s.
    for (std::size_t i = 1; i < path.elevation_deg.size(); ++i) {
      EXPECT_LT(std::abs(path.elevation_deg[i] - path.elevation_deg[i - 1]) * config.sample_rate_Hz, 2.0);
    }
  }
}

TEST(Boresight, KeepsElevationInConstantElevationScans) {
  SimulateConfig config;
  config.scan_type = ScanType::constant_elevation;
  const ObservationPlan plan = plan_observations(config, observer()).front();
  const BeamPath path = boresight_path(config, observer(), plan);
  std::vector<double> elevations;
  for (const SampleRange& scan : plan.timeline.scans) {
    const auto [low, high] =
        std::minmax_element(path.elevation_deg.begin() + scan.begin, path.elevation_deg.begin() + scan.end);
    EXPECT_EQ(*low, *high);
    elevations.push_back(*low);
  }
  EXPECT_NE(elevations[0], elevations[1]);
}

TEST(Vane, IsInTheBeamForPartOfEachEvent) {
  SimulateConfig config;
  const Timeline timeline = make_timeline(config, 2, 20.0);
  const SampleRange event = timeline.vanes[1];
  int n_hot = 0;
  for (std::int64_t i = 0; i < timeline.n_samples; ++i) {
    const double angle = vane_angle_deg(timeline, config.sample_rate_Hz, static_cast<double>(i) / 50.0);
    const bool inside =
        (i >= timeline.vanes[0].begin && i < timeline.vanes[0].end) || (i >= event.begin && i < event.end);
    if (!inside) {
      EXPECT_EQ(vane_fraction(angle), 0.0);
    }
    // What the reduction calls hot (within 4 deg of the smallest) and cold (beyond 180) must be wholly so.
    if (angle < 62.0 + 4.0) {
      EXPECT_EQ(vane_fraction(angle), 1.0);
      ++n_hot;
    }
    if (angle > 180.0) {
      EXPECT_EQ(vane_fraction(angle), 0.0);
    }
  }
  EXPECT_GT(n_hot, 2 * 100);
  const auto cold = cold_samples(timeline, config.sample_rate_Hz);
  EXPECT_GT(cold.size(), 100U);
  const SampleRange first = timeline.vanes[0];
  EXPECT_TRUE(std::ranges::all_of(cold, [&](std::int64_t i) { return i >= first.begin && i < first.end; }));
}

}  // namespace
}  // namespace comap::simulate
