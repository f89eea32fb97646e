#include "stages/check_level1/pointing_screen.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "core/constants.hpp"

namespace comap {
namespace {

constexpr std::size_t kSamples = 4000;
constexpr double kSampleTime_s = 0.02;
const std::vector<std::array<std::int64_t, 2>> kScans = {{200, 1900}, {2100, 3900}};

/// Sweeps of 1 deg in azimuth around `centre_deg` in 4 s at an elevation that rises slowly.
struct Sweeps {
  std::vector<double> mjd, azimuth_deg, elevation_deg;
  CheckLevel1Config limits;

  explicit Sweeps(double centre_deg = 200.0) {
    for (std::size_t i = 0; i < kSamples; ++i) {
      const double time_s = static_cast<double>(i) * kSampleTime_s;
      mjd.push_back(59842.25 + time_s / kSecondsPerDay);
      const double azimuth = centre_deg + std::sin(2.0 * std::numbers::pi * time_s / 4.0);
      azimuth_deg.push_back(azimuth < 0.0 ? azimuth + 360.0 : std::fmod(azimuth, 360.0));
      elevation_deg.push_back(40.0 + 1e-3 * time_s);
    }
  }
  FeedDirections directions() const { return {mjd, azimuth_deg, elevation_deg}; }
  /// Samples with each fault.
  std::array<std::int64_t, 4> counts() {
    std::vector<PointingFault> faults = pointing_faults(directions(), limits);
    n_standing = mark_frozen(directions(), kScans, limits, faults);
    std::array<std::int64_t, 4> n{};
    for (const PointingFault fault : faults) ++n.at(static_cast<std::size_t>(fault));
    return n;
  }
  void hold(std::size_t first, std::size_t end) {
    for (std::size_t i = first + 1; i < end; ++i) {
      azimuth_deg[i] = azimuth_deg[first];
      elevation_deg[i] = elevation_deg[first];
    }
  }
  std::int64_t n_standing = 0;
};

using Counts = std::array<std::int64_t, 4>;  // none, missing, jump, frozen
constexpr std::int64_t kAll = kSamples;

TEST(Pointing, SweepsAreClean) {
  EXPECT_EQ(Sweeps().counts(), (Counts{kAll, 0, 0, 0}));
  EXPECT_EQ(Sweeps(0.3).counts(), (Counts{kAll, 0, 0, 0})) << "azimuth 360 is azimuth 0";
}

TEST(Pointing, ADirectionThatCannotBeIsMissing) {
  for (const double value : {0.0, kNan, std::numeric_limits<double>::infinity()}) {
    Sweeps sweeps;
    for (std::size_t i = 1000; i < 1005; ++i) sweeps.azimuth_deg[i] = value;
    EXPECT_EQ(sweeps.counts(), (Counts{kAll - 5, 5, 0, 0})) << value;
  }
  for (const double value : {0.0, kNan, 91.0, -1.0}) {
    Sweeps sweeps;
    for (std::size_t i = 1000; i < 1003; ++i) sweeps.elevation_deg[i] = value;
    EXPECT_EQ(sweeps.counts(), (Counts{kAll - 3, 3, 0, 0})) << value;
  }
}

TEST(Pointing, OutliersAreJumpsAndSlewsAreNot) {
  Sweeps lone;
  lone.azimuth_deg[1500] += 2.0;
  lone.elevation_deg[1700] -= 1.0;
  EXPECT_EQ(lone.counts(), (Counts{kAll - 2, 0, 2, 0}));
  Sweeps run;
  for (std::size_t i = 1000; i < 1250; ++i) run.azimuth_deg[i] += 20.0;
  EXPECT_EQ(run.counts(), (Counts{kAll - 250, 0, 250, 0}));
  Sweeps scattered;
  for (std::size_t i = 1000; i < 1040; ++i) scattered.azimuth_deg[i] += i % 2 == 0 ? 10.0 : -7.0;
  EXPECT_EQ(scattered.counts(), (Counts{kAll - 40, 0, 40, 0}));
  Sweeps at_ends;
  at_ends.azimuth_deg[0] += 30.0;
  at_ends.azimuth_deg[kSamples - 1] += 30.0;
  EXPECT_EQ(at_ends.counts(), (Counts{kAll - 2, 0, 2, 0}));
  Sweeps slew;
  for (std::size_t i = 2000; i < kSamples; ++i) slew.azimuth_deg[i] += 5.0;
  EXPECT_EQ(slew.counts(), (Counts{kAll, 0, 0, 0}));
}

TEST(Pointing, AnEncoderThatSticksAndCatchesUpIsNoJump) {
  Sweeps sweeps;
  for (std::size_t first = 960; first < 1040; first += 20) sweeps.hold(first, first + 20);
  EXPECT_EQ(sweeps.counts(), (Counts{kAll, 0, 0, 0})) << "0.4 s each";
}

TEST(Pointing, WhatStandsStillInAMovingScanIsFrozen) {
  Sweeps sweeps;
  sweeps.hold(1000, 1250);
  EXPECT_EQ(sweeps.counts(), (Counts{kAll - 249, 0, 0, 249}));
  Sweeps at_start;
  at_start.hold(150, 300);  // the scan begins at 200
  EXPECT_EQ(at_start.counts(), (Counts{kAll - 99, 0, 0, 99}));
  Sweeps between;
  between.hold(1905, 2095);
  EXPECT_EQ(between.counts(), (Counts{kAll, 0, 0, 0}));
}

TEST(Pointing, AStareIsNotFrozen) {
  Sweeps sweeps;
  sweeps.hold(100, kSamples);
  EXPECT_EQ(sweeps.counts()[3], 0);
  EXPECT_EQ(sweeps.n_standing, 1699 + 1799);
}

TEST(Pointing, FaultsAreBridgedAcrossNorth) {
  Level1Metadata level1;
  level1.n_samples = 5;
  for (int i = 0; i < 5; ++i) level1.mjd.push_back(59842.25 + i * kSampleTime_s / kSecondsPerDay);
  level1.azimuth_deg = {359.97, 359.98, kNan, 0.02, 0.04, 0, 0, 0, 0, 0};
  level1.elevation_deg = {40, 40.01, 91, 40.03, 40.04, 50, 50, 50, 50, 50};
  const Array<PointingFault, 2> bridged = bridge_pointing({}, level1);
  const std::span<const PointingFault> faults = bridged.flat();
  EXPECT_EQ(faults[2], PointingFault::missing);
  EXPECT_NEAR(level1.azimuth_deg[2], 360.0, 1e-9);
  EXPECT_NEAR(level1.elevation_deg[2], 40.02, 1e-9);
  EXPECT_EQ(level1.azimuth_deg[1], 359.98);
  EXPECT_TRUE(std::isnan(level1.azimuth_deg[7])) << "a feed without any azimuth";
  EXPECT_EQ(level1.elevation_deg[7], 50.0);
}

TEST(PointingScreen, DirectionsRecordedAtTenHertzAreHeldBriefly) {
  Sweeps sweeps;
  EXPECT_EQ(n_held_briefly(sweeps.directions(), kScans, sweeps.limits), 0);
  for (std::size_t i = 0; i < kSamples; ++i) {
    sweeps.azimuth_deg[i] = sweeps.azimuth_deg[i - i % 5];
    sweeps.elevation_deg[i] = sweeps.elevation_deg[i - i % 5];
  }
  EXPECT_EQ(n_held_briefly(sweeps.directions(), kScans, sweeps.limits), 3500 * 4 / 5);
}

}  // namespace
}  // namespace comap
