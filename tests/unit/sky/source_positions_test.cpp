// Calibration sources against astropy (tests/support/outside/make_astropy_planets.py) and plane geometry.

#include "sky/source_positions.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "support/csv.hpp"

namespace comap {
namespace {

double separation_arcsec(Horizontal a, Horizontal b) {
  const double d_azimuth_rad = std::remainder(a.azimuth_deg - b.azimuth_deg, 360.0) * kDegree_rad;
  const double across = d_azimuth_rad * std::cos(b.elevation_deg * kDegree_rad);
  return std::hypot(across, (a.elevation_deg - b.elevation_deg) * kDegree_rad) / kArcsecond_rad;
}

TEST(SourcePositions, PlanetsAreSeenWhereAstropySeesThem) {
  const std::map<int, std::string> names = {{1, "Mercury"}, {2, "Venus"},  {4, "Mars"},   {5, "Jupiter"},
                                            {6, "Saturn"},  {7, "Uranus"}, {8, "Neptune"}};
  const auto table = test::read_csv_columns("sky/planets.csv");
  ASSERT_EQ(table.size(), 5U);
  ASSERT_EQ(table[0].size(), 30 * names.size());
  const Observer observer;
  for (std::size_t i = 0; i < table[0].size(); ++i) {
    const std::string& name = names.at(static_cast<int>(table[0][i]));
    const SourcePlace place = source_place(observer, name, table[1][i]);
    const Horizontal seen = sky_to_horizontal(observer, table[1][i], place.icrs, SkyFrame::icrs);
    EXPECT_LT(separation_arcsec(seen, {table[2][i], table[3][i]}), 1.0) << name << " at MJD " << table[1][i];
    EXPECT_NEAR(place.distance_au / table[4][i], 1.0, 1e-5) << name;
  }
}

TEST(SourcePositions, FixedSourcesOfTheTable) {
  const auto degrees = [](double sign, double d, double m, double s) { return sign * (d + m / 60 + s / 3600); };
  const std::map<std::string, SkyPosition> places = {
      {"TauA", {degrees(15, 5, 34, 31.94), degrees(1, 22, 0, 52.2)}},
      {"CasA", {degrees(15, 23, 23, 24.0), degrees(1, 58, 48, 54)}},
      {"CygA", {degrees(15, 19, 59, 28.356), degrees(1, 40, 44, 2.097)}}};
  for (const auto& [name, place] : places) {
    const SkyPosition found = source_place(Observer(), name, 59000.0).icrs;
    EXPECT_NEAR(found.longitude_deg, place.longitude_deg, 1e-8) << name;
    EXPECT_NEAR(found.latitude_deg, place.latitude_deg, 1e-8) << name;
  }
}

TEST(SourcePositions, NamesAreFoundInWhatObserversWrite) {
  EXPECT_EQ(known_source("TauA"), "TauA");
  EXPECT_EQ(known_source("taua_raster"), "TauA");
  EXPECT_EQ(known_source("JUPITER"), "Jupiter");
  EXPECT_EQ(known_source("Field12"), "");
  EXPECT_THROW(source_place(Observer(), "Pluto", 59000.0), ConfigError);
}

TEST(SourcePositions, OffsetsAreEastAndNorthOfTheOrigin) {
  const SkyPosition origin{83.6, 58.8};
  const double step_deg = 0.1;
  const SkyPosition north = relative_to(origin, {83.6, 58.8 + step_deg});
  EXPECT_NEAR(north.longitude_deg, 0.0, 1e-12);
  EXPECT_NEAR(north.latitude_deg, step_deg, 1e-12);
  const SkyPosition east = relative_to(origin, {83.6 + step_deg, 58.8});
  EXPECT_NEAR(east.longitude_deg, step_deg * std::cos(58.8 * kDegree_rad), 1e-6);
  EXPECT_NEAR(east.latitude_deg, 0.0, 1e-4);
  // Half way round the sphere.
  EXPECT_NEAR(std::abs(relative_to({10, 0}, {190, 0}).longitude_deg), 180.0, 1e-10);
  EXPECT_NEAR(relative_to({359.9, 20}, {0.1, 20}).longitude_deg, 0.2 * std::cos(20 * kDegree_rad), 1e-6);
}

// Moving a source by a little east and north must move what is seen by what the angle says.
TEST(SourcePositions, ParallacticAngleTurnsEastAndNorthIntoAzimuthAndElevation) {
  const Observer observer;
  constexpr double kStep_deg = 0.01;
  for (const double mjd : {59844.3, 59844.5, 59844.6}) {
    const SkyPosition source{83.633, 22.0145};
    const Horizontal there = sky_to_horizontal(observer, mjd, source, SkyFrame::icrs);
    const double q = parallactic_angle_rad(observer, there);
    const SkyPosition moved{source.longitude_deg + kStep_deg / std::cos(source.latitude_deg * kDegree_rad),
                            source.latitude_deg + 2 * kStep_deg};
    const Horizontal seen = sky_to_horizontal(observer, mjd, moved, SkyFrame::icrs);
    const double d_azimuth = (seen.azimuth_deg - there.azimuth_deg) *
                             std::cos(0.5 * (seen.elevation_deg + there.elevation_deg) * kDegree_rad);
    EXPECT_NEAR(d_azimuth, -kStep_deg * std::cos(q) + 2 * kStep_deg * std::sin(q), 2e-4);
    EXPECT_NEAR(seen.elevation_deg - there.elevation_deg, kStep_deg * std::sin(q) + 2 * kStep_deg * std::cos(q), 2e-4);
  }
}

}  // namespace
}  // namespace comap
