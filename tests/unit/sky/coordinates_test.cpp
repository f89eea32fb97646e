#include "sky/coordinates.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "support/csv.hpp"

namespace comap {
namespace {

using test::read_csv_columns;

double separation_arcsec(SkyPosition a, SkyPosition b) {
  const double d_latitude = (a.latitude_deg - b.latitude_deg) * kDegree_rad;
  const double d_longitude = (a.longitude_deg - b.longitude_deg) * kDegree_rad;
  const double haversine = std::pow(std::sin(d_latitude / 2), 2) + std::cos(a.latitude_deg * kDegree_rad) *
                                                                       std::cos(b.latitude_deg * kDegree_rad) *
                                                                       std::pow(std::sin(d_longitude / 2), 2);
  return 2.0 * std::asin(std::sqrt(haversine)) / kArcsecond_rad;
}

/// Largest separation [arcsec] of stored positions from the fast transform and from the exact one.
struct WorstSeparation {
  double fast_arcsec = 0.0;
  double exact_arcsec = 0.0;
};

struct Pointing {
  std::vector<double> mjd_utc, azimuth_deg, elevation_deg;
};

WorstSeparation compare(const Observer& observer, const Pointing& pointing, SkyFrame frame,
                        const std::vector<double>& longitude_deg, const std::vector<double>& latitude_deg) {
  const std::size_t n = pointing.mjd_utc.size();
  std::vector<double> longitude(n), latitude(n);
  horizontal_to_sky(observer, pointing.mjd_utc, pointing.azimuth_deg, pointing.elevation_deg, frame, longitude,
                    latitude);
  WorstSeparation worst;
  for (std::size_t i = 0; i < n; ++i) {
    const SkyPosition stored{longitude_deg[i], latitude_deg[i]};
    const SkyPosition exact =
        horizontal_to_sky(observer, pointing.mjd_utc[i], {pointing.azimuth_deg[i], pointing.elevation_deg[i]}, frame);
    worst.fast_arcsec = std::max(worst.fast_arcsec, separation_arcsec({longitude[i], latitude[i]}, stored));
    worst.exact_arcsec = std::max(worst.exact_arcsec, separation_arcsec(exact, stored));
  }
  return worst;
}

TEST(Coordinates, AgreeWithAstropyToATenthOfAnArcsecond) {
  const auto table = read_csv_columns("sky/horizontal.csv");
  ASSERT_EQ(table.size(), 7U);
  ASSERT_GE(table[0].size(), 500U);
  const Pointing pointing{table[0], table[1], table[2]};
  const WorstSeparation icrs = compare({}, pointing, SkyFrame::icrs, table[3], table[4]);
  EXPECT_LT(icrs.exact_arcsec, 0.01);
  EXPECT_LT(icrs.fast_arcsec, 0.01);
  // The Galactic frame of astropy is tied to FK5, that of ERFA to the ICRS: 0.02 arcsec apart.
  const WorstSeparation galactic = compare({}, pointing, SkyFrame::galactic, table[5], table[6]);
  EXPECT_LT(galactic.exact_arcsec, 0.05);
  EXPECT_LT(galactic.fast_arcsec, 0.05);
  RecordProperty("icrs_fast_arcsec", std::to_string(icrs.fast_arcsec));
  RecordProperty("icrs_exact_arcsec", std::to_string(icrs.exact_arcsec));
  RecordProperty("galactic_fast_arcsec", std::to_string(galactic.fast_arcsec));
}

TEST(Coordinates, FastTransformFollowsTheExactOneThroughAnObservation) {
  const Observer observer;
  const std::size_t n = 5000;
  Pointing pointing;
  std::vector<double> ra(n), dec(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double t = static_cast<double>(i);
    pointing.mjd_utc.push_back(59500.3 + t * 0.5 / kSecondsPerDay);
    pointing.azimuth_deg.push_back(200.0 + 170.0 * std::sin(0.01 * t));
    pointing.elevation_deg.push_back(55.0 + 25.0 * std::cos(0.037 * t));
    const SkyPosition exact = horizontal_to_sky(observer, pointing.mjd_utc[i],
                                                {pointing.azimuth_deg[i], pointing.elevation_deg[i]}, SkyFrame::icrs);
    ra[i] = exact.longitude_deg;
    dec[i] = exact.latitude_deg;
  }
  const double worst_arcsec = compare(observer, pointing, SkyFrame::icrs, ra, dec).fast_arcsec;
  EXPECT_LT(worst_arcsec, 0.002);
  RecordProperty("fast_minus_exact_arcsec", std::to_string(worst_arcsec));
}

TEST(Coordinates, FastTransformIncludesDeflectionByTheSun) {
  const Observer observer;
  const double noon_mjd = 59386.83;                                          // 2021-06-21, near the meridian
  const double elevation_deg = sun_elevation_deg(observer, noon_mjd) + 0.5;  // deflects by 0.9 arcsec
  ASSERT_GT(elevation_deg, 70.0);
  Pointing pointing;
  std::vector<double> ra, dec;
  for (double azimuth_deg = 0.0; azimuth_deg < 360.0; azimuth_deg += 0.25) {
    pointing.mjd_utc.push_back(noon_mjd);
    pointing.azimuth_deg.push_back(azimuth_deg);
    pointing.elevation_deg.push_back(elevation_deg);
    const SkyPosition exact = horizontal_to_sky(observer, noon_mjd, {azimuth_deg, elevation_deg}, SkyFrame::icrs);
    ra.push_back(exact.longitude_deg);
    dec.push_back(exact.latitude_deg);
  }
  EXPECT_LT(compare(observer, pointing, SkyFrame::icrs, ra, dec).fast_arcsec, 0.002);
}

TEST(Coordinates, GoldenSetPositions) {
  const auto table = read_csv_columns("sky/golden_mini.csv");
  ASSERT_EQ(table.size(), 5U);
  ASSERT_GE(table[0].size(), 500U);
  const WorstSeparation worst = compare({}, {table[0], table[1], table[2]}, SkyFrame::galactic, table[3], table[4]);
  EXPECT_LT(worst.fast_arcsec, 0.1);
  EXPECT_LT(worst.exact_arcsec, 0.1);
  RecordProperty("golden_fast_arcsec", std::to_string(worst.fast_arcsec));
}

TEST(Coordinates, RefractionAgreesWithAstropy) {
  const auto table = read_csv_columns("sky/refraction.csv");
  ASSERT_EQ(table.size(), 7U);
  Observer observer;
  observer.refraction = true;
  const Pointing pointing{table[0], table[1], table[2]};
  const WorstSeparation worst = compare(observer, pointing, SkyFrame::icrs, table[3], table[4]);
  EXPECT_LT(worst.exact_arcsec, 0.05);
  EXPECT_LT(worst.fast_arcsec, 0.05);
}

TEST(Coordinates, RefractionLiftsByAboutSixtyArcsecondsTimesTangent) {
  Observer observer;
  observer.refraction = true;
  const double mjd = 59000.25;
  const SkyPosition position = horizontal_to_sky({}, mjd, {120.0, 45.0}, SkyFrame::icrs);
  const double lift_arcsec = (sky_to_horizontal(observer, mjd, position, SkyFrame::icrs).elevation_deg - 45.0) * 3600.0;
  EXPECT_GT(lift_arcsec, 55.0);
  EXPECT_LT(lift_arcsec, 75.0);
}

// ERFA calls a UTC "dubious" from some year after its last leap second on (status +1: 2.0.0 from 2027, 2.0.1 from
// 2029): a warning, and positions all the same.
TEST(Coordinates, DubiousYearsAreNoErrors) {
  const auto eop_file = std::filesystem::path(testing::TempDir()) / "far.eop";
  std::ofstream(eop_file) << "65001,0.1,0.2,-0.1\n";
  const Observer observer{SiteConfig(), false, EarthOrientationTable::with_file(eop_file.string())};
  for (const double mjd : {61500.0, 62600.0, 65000.0}) {
    const SkyPosition position = horizontal_to_sky(observer, mjd, {120.0, 50.0}, SkyFrame::icrs);
    EXPECT_TRUE(std::isfinite(position.longitude_deg) && std::isfinite(position.latitude_deg)) << mjd;
  }
}

TEST(Coordinates, RoundTrip) {
  const auto table = read_csv_columns("sky/horizontal.csv");
  for (const bool refraction : {false, true}) {
    Observer observer;
    observer.refraction = refraction;
    for (std::size_t i = 0; i < table[0].size(); i += 40) {
      for (const SkyFrame frame : {SkyFrame::galactic, SkyFrame::icrs}) {
        const SkyPosition position = horizontal_to_sky(observer, table[0][i], {table[1][i], table[2][i]}, frame);
        const Horizontal back = sky_to_horizontal(observer, table[0][i], position, frame);
        EXPECT_NEAR(back.elevation_deg, table[2][i], 1e-7);
        EXPECT_NEAR(std::remainder(back.azimuth_deg - table[1][i], 360.0), 0.0, 1e-7);
      }
    }
  }
}

TEST(Coordinates, NanInNanOutAndOrderDoesNotMatter) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> mjd = {59000.5, nan, 59000.4, 59000.5, 59000.5, 59000.4};
  const std::vector<double> azimuth = {10.0, 10.0, nan, 10.0, 20.0, 30.0};
  const std::vector<double> elevation = {50.0, 50.0, 50.0, nan, 60.0, 70.0};
  std::vector<double> l(6), b(6), l_alone(1), b_alone(1);
  horizontal_to_sky({}, mjd, azimuth, elevation, SkyFrame::galactic, l, b);
  for (const std::size_t i : {1U, 2U, 3U}) {
    EXPECT_TRUE(std::isnan(l[i]));
    EXPECT_TRUE(std::isnan(b[i]));
  }
  for (const std::size_t i : {0U, 4U, 5U}) {
    horizontal_to_sky({}, {&mjd[i], 1}, {&azimuth[i], 1}, {&elevation[i], 1}, SkyFrame::galactic, l_alone, b_alone);
    EXPECT_EQ(l[i], l_alone[0]);
    EXPECT_EQ(b[i], b_alone[0]);
  }
}

TEST(Coordinates, GalacticPoleAndCentre) {
  // IAU definition carried to the ICRS (Hipparcos catalogue, volume 1, section 1.5.3).
  EXPECT_NEAR(icrs_to_galactic({192.85948, 27.12825}).latitude_deg, 90.0, 1e-5);
  const SkyPosition node = icrs_to_galactic({282.85948, 0.0});
  EXPECT_NEAR(node.longitude_deg, 32.93192, 1e-5);
  EXPECT_NEAR(node.latitude_deg, 0.0, 1e-5);
  const SkyPosition back = galactic_to_icrs(icrs_to_galactic({83.633, 22.0145}));
  EXPECT_NEAR(back.longitude_deg, 83.633, 1e-10);
  EXPECT_NEAR(back.latitude_deg, 22.0145, 1e-10);
}

TEST(Coordinates, FrameNames) {
  EXPECT_EQ(parse_sky_frame("galactic"), SkyFrame::galactic);
  EXPECT_EQ(parse_sky_frame("icrs"), SkyFrame::icrs);
  EXPECT_THROW(parse_sky_frame("ecliptic"), ConfigError);
}

TEST(Sun, ElevationAgreesWithAstropy) {
  const auto table = read_csv_columns("sky/sun.csv");
  ASSERT_EQ(table.size(), 2U);
  for (std::size_t i = 0; i < table[0].size(); ++i) {
    EXPECT_NEAR(sun_elevation_deg({}, table[0][i]), table[1][i], 0.005) << "MJD " << table[0][i];
  }
}

TEST(UtcStart, KnownDatesAndLeapSecond) {
  EXPECT_DOUBLE_EQ(parse_utc_start("2000-01-01-12:00:00"), 51544.5);
  EXPECT_NEAR(parse_utc_start("2022-09-20-00:05:41"), 59842.0 + 341.0 / kSecondsPerDay, 1e-9);
  EXPECT_EQ(format_utc_start(59842.0 + 341.0 / kSecondsPerDay), "2022-09-20-00:05:41");
  EXPECT_NO_THROW(parse_utc_start("2016-12-31-23:59:60"));
  for (const char* wrong : {"", "2022-09-20", "2022-13-20-00:05:41", "2022-02-30-00:00:00", "2022-09-20-24:05:41",
                            "/22-09-20-00:05:41", "../../09-20-00:05:41", "-022-09-20-00:05:41", "2022-9-20-00:05:41",
                            "2022-09-20-00:05:41 PST", "2022-09-20T00:05:41+02:00", "2022-09-20-00:05:41x"}) {
    EXPECT_THROW(parse_utc_start(wrong), ObservationError) << wrong;
  }
}

TEST(UtcStart, OtherWaysOfWritingIt) {
  const double whole = parse_utc_start("2022-09-20-00:05:41");
  for (const char* text :
       {"2022-09-20T00:05:41", "2022-09-20T00:05:41Z", "2022-09-20 00:05:41", " 2022-09-20-00:05:41 ",
        "2022/09/20 00:05:41 UTC", "2022-09-20T00:05:41+00:00", "2022-09-20T00:05:41.000"}) {
    EXPECT_DOUBLE_EQ(parse_utc_start(text), whole) << text;
  }
  EXPECT_NEAR((parse_utc_start("2022-09-20T00:05:41.25Z") - whole) * kSecondsPerDay, 0.25, 1e-5);
}

}  // namespace
}  // namespace comap
