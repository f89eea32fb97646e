#include "sky/earth_orientation.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "core/log.hpp"

namespace comap {
namespace {

std::string write_text(const std::string& name, const std::string& text) {
  const auto path = std::filesystem::path(testing::TempDir()) / name;
  std::ofstream(path) << text;
  return path.string();
}

// Two days as the IERS prints them: the first with Bulletin B values, the second predicted.
constexpr const char* kFinals =
    "221112 59895.00 I  0.201000 0.000091  0.203000 0.000091  I-0.0190000 0.0000102  0.3000 0.0063  I     0.100    "
    "0.100    -0.100    0.100  0.202222  0.204444 -0.0191111     0.100    -0.200  \n"
    "271116 61725.00 P  0.050000 0.004000  0.220000 0.005000  P-0.0170000 0.0090000                 P     0.100    "
    "0.128    -0.100    0.160                                                     \n"
    "271117 61726.00                                                                                             \n";

TEST(EarthOrientation, BuiltInTableIsTheOneOfTheIers) {
  const auto table = EarthOrientationTable::built_in();
  EXPECT_EQ(table.first_mjd(), 57754.0);
  EXPECT_EQ(table.last_mjd(), 61666.0);
  const auto at_midnight = table.at(57755.0);
  EXPECT_DOUBLE_EQ(at_midnight.pole_x_arcsec, 0.080234);
  EXPECT_DOUBLE_EQ(at_midnight.pole_y_arcsec, 0.263612);
  EXPECT_DOUBLE_EQ(at_midnight.ut1_utc_s, 0.5901980);
  EXPECT_NEAR(table.at(57754.5).ut1_utc_s, 0.5 * (0.5912977 + 0.5901980), 1e-12);
}

// The values of eop_2017_2027.csv, which astropy's IERS_Auto gives, too.
TEST(EarthOrientation, BuiltInTableGoesOnAfter2022) {
  const auto table = EarthOrientationTable::built_in();
  EXPECT_DOUBLE_EQ(table.at(59912.0).ut1_utc_s, -0.0192085);
  EXPECT_DOUBLE_EQ(table.at(59913.0).pole_x_arcsec, 0.147029);
  EXPECT_DOUBLE_EQ(table.at(61267.0).pole_y_arcsec, 0.354098);
  EXPECT_DOUBLE_EQ(table.at(61664.0).ut1_utc_s, -0.1154243);
}

TEST(EarthOrientation, KindIsThatOfTheDayKnownWorst) {
  const auto table = EarthOrientationTable::built_in();
  EXPECT_EQ(table.worst_kind(58000.0, 61266.0), OrientationKind::measured);
  EXPECT_EQ(table.worst_kind(58000.0, 61266.1), OrientationKind::rapid);
  EXPECT_EQ(table.worst_kind(61293.5, 61293.6), OrientationKind::predicted);
  EXPECT_EQ(table.worst_kind(61666.0, 61666.1), OrientationKind::beyond);
  EXPECT_EQ(table.worst_kind(57753.0, 58000.0), OrientationKind::beyond);
  EXPECT_EQ(to_text(OrientationKind::predicted), "predicted");
}

TEST(EarthOrientation, PredictionsOfAFileDoNotReplaceMeasuredValues) {
  const std::string predicted =
      "230102 59946.00 P  0.050000 0.004000  0.220000 0.005000  P-0.0170000 0.0090000                 P     0.100    "
      "0.128    -0.100    0.160                                                     \n";
  const auto table = EarthOrientationTable::with_file(write_text("old_finals.test", predicted));
  const auto built_in = EarthOrientationTable::built_in();
  EXPECT_DOUBLE_EQ(table.at(59946.0).ut1_utc_s, built_in.at(59946.0).ut1_utc_s);
  EXPECT_NE(table.source().find("old_finals.test"), std::string::npos);
}

TEST(EarthOrientation, FinalsFilePrefersBulletinBAndReplacesTheBuiltInValues) {
  const auto table = EarthOrientationTable::with_file(write_text("finals2000A.test", kFinals));
  EXPECT_EQ(table.first_mjd(), 57754.0);
  EXPECT_EQ(table.last_mjd(), 61725.0);
  EXPECT_DOUBLE_EQ(table.at(59895.0).pole_x_arcsec, 0.202222);
  EXPECT_DOUBLE_EQ(table.at(59895.0).ut1_utc_s, -0.0191111);
  EXPECT_DOUBLE_EQ(table.at(61725.0).pole_y_arcsec, 0.22);
  EXPECT_DOUBLE_EQ(table.at(61725.0).ut1_utc_s, -0.017);
}

TEST(EarthOrientation, ReadsBothLayoutsOfC04) {
  const auto table = EarthOrientationTable::with_file(
      write_text("c04.test",
                 "  FORMAT(3(I4),I7,2(F11.6),2(F12.7),2(F11.6),2(F11.6),2(F11.7),2(F12.6))\n# x y\n"
                 "2023   1   5  59949   0.047000   0.221000  -0.0150000   0.0001000   0.0 0.0 0.1 0.1 0.1 0.1 0.1 0.1\n"
                 "2023   1   6   0  59950.00    0.046000    0.222000  -0.0151000    0.1 0.1 0.1 0.1 0.0001000\n"));
  EXPECT_DOUBLE_EQ(table.at(59949.0).pole_x_arcsec, 0.047);
  EXPECT_DOUBLE_EQ(table.at(59950.0).pole_y_arcsec, 0.222);
}

TEST(EarthOrientation, LeapSecondIsNoSlope) {
  const auto table =
      EarthOrientationTable::with_file(write_text("leap.csv", "60000,0.1,0.2,-0.4500\n60001,0.1,0.2,0.5490\n"));
  EXPECT_NEAR(table.at(60000.5).ut1_utc_s, -0.4505, 1e-12);
  EXPECT_NEAR(table.at(60001.0).ut1_utc_s, 0.5490, 1e-12);
}

TEST(EarthOrientation, WrongFilesAreRefused) {
  EXPECT_THROW(EarthOrientationTable::with_file("/nowhere/finals2000A.all"), IoError);
  EXPECT_THROW(EarthOrientationTable::with_file(write_text("empty.eop", "nothing here\n")), ConfigError);
  try {
    EarthOrientationTable::with_file(write_text("wrong.eop", "# x\n60000,0.1,0.2,37.0\n"));
    FAIL() << "accepted UT1-UTC of 37 s";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("line 2"), std::string::npos) << error.what();
  }
}

TEST(EarthOrientation, BeyondTheTableTheNearestValueAndOneWarning) {
  const auto log_file = std::filesystem::path(testing::TempDir()) / "eop.log";
  std::filesystem::remove(log_file);
  configure_log({.to_terminal = false, .file = log_file.string()});
  const auto table = EarthOrientationTable::built_in();
  for (const double mjd : {61667.0, 61700.0, 70000.0}) EXPECT_DOUBLE_EQ(table.at(mjd).ut1_utc_s, -0.1157826);
  EXPECT_DOUBLE_EQ(EarthOrientationTable::built_in().at(50000.0).ut1_utc_s, 0.5912977);
  flush_log();
  configure_log({});
  std::ifstream stream(log_file);
  int n_warnings = 0;
  for (std::string line; std::getline(stream, line);) n_warnings += line.find("mapmake.eop_file") != std::string::npos;
  EXPECT_EQ(n_warnings, 1);
}

}  // namespace
}  // namespace comap
