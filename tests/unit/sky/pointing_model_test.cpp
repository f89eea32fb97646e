#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "sky/coordinates.hpp"

namespace comap {
namespace {

std::string write_text(const std::string& name, const std::string& text) {
  const auto path = std::filesystem::path(testing::TempDir()) / name;
  std::ofstream(path) << text;
  return path.string();
}

TEST(PointingModel, EachTermMovesAsTheFormulaSays) {
  // At A = 90 deg, E = 45 deg: tan E = 1, cos A = 0, sin A = 1, cos E = 1 / sqrt(2).
  const Horizontal at{90.0, 45.0};
  const double one_arcmin_rad = kDegree_rad / 60.0, step_deg = 1.0 / 60.0, root = std::sqrt(2.0);
  struct Case {
    PointingModel model;
    double d_azimuth_deg, d_elevation_deg;
  };
  const double a = one_arcmin_rad;
  const Case cases[] = {{{.ia = a}, step_deg * root, 0.0},
                        {{.ie = a}, 0.0, step_deg},
                        {{.npae = a}, step_deg * root, 0.0},
                        {{.aw = a}, 0.0, step_deg},
                        {{.an = a}, step_deg * root, 0.0},
                        {{.ca = a}, 0.0, step_deg / root},
                        {{.an = a, .phi = -90.0 * kDegree_rad}, step_deg * root, step_deg}};
  for (const Case& c : cases) {
    const Horizontal moved = corrected(c.model, at);
    EXPECT_NEAR(moved.azimuth_deg, at.azimuth_deg - c.d_azimuth_deg, 1e-12);
    EXPECT_NEAR(moved.elevation_deg, at.elevation_deg - c.d_elevation_deg, 1e-12);
  }
}

TEST(PointingModel, FileHasOneLineForEachFeed) {
  const auto models = read_pointing_models(write_text(
      "pointing.txt", "# IA IE NPAE AW AN CA phi\n1e-4 2e-4 3e-4 4e-4 5e-4 6e-4 0.7\n\n0 0 0 0 0 0 0 # 2\n"));
  ASSERT_EQ(models.size(), 2U);
  EXPECT_DOUBLE_EQ(models[0].ia, 1e-4);
  EXPECT_DOUBLE_EQ(models[0].ca, 6e-4);
  EXPECT_DOUBLE_EQ(models[0].phi, 0.7);
}

TEST(PointingModel, BadFileIsRefusedWithItsLine) {
  const auto file = write_text("pointing_bad.txt", "0 0 0 0 0 0 0\n0 0 0 x 0 0 0\n");
  try {
    read_pointing_models(file);
    FAIL() << "accepted a word as a number";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("line 2"), std::string::npos) << error.what();
  }
  EXPECT_THROW(read_pointing_models(write_text("pointing_short.txt", "0 0 0\n")), ConfigError);
  EXPECT_THROW(read_pointing_models(write_text("pointing_empty.txt", "# nothing\n")), ConfigError);
  EXPECT_THROW(read_pointing_models("/nowhere/pointing.txt"), ConfigError);
}

}  // namespace
}  // namespace comap
