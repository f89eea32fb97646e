#include "io/plot/map_plot.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

#include "core/error.hpp"
#include "io/plot/gnuplot.hpp"
#include "io/plot/map_picture.hpp"
#include "sky/wcs.hpp"
#include "support/partial_files.hpp"
#include "support/test_map.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

const WcsDefinition kGrid = {{241, 181}, {121.0, 91.0}, {-1.0 / 60, 1.0 / 60}, {0.4, 0.0}, {"GLON-CAR", "GLAT-CAR"}};

fs::path scratch(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / ("map_plot_" + name);
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

/// Width and height from the header of a PNG file; 0, 0 when it is none.
std::array<unsigned, 2> png_size(const fs::path& path) {
  std::array<unsigned char, 24> head{};
  std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(head.data()), head.size());
  if (head[1] != 'P' || head[2] != 'N' || head[3] != 'G') return {0, 0};
  const auto number = [&](std::size_t i) {
    return static_cast<unsigned>(head[i] << 24 | head[i + 1] << 16 | head[i + 2] << 8 | head[i + 3]);
  };
  return {number(16), number(20)};
}

TEST(MapPlot, DrawsAPng) {
  const fs::path png = scratch("png") / "it's a map.png";
  plot_map(png.string(), test::make_test_map(kGrid), "It's a test: field_1, band 0");
  const auto [width, height] = png_size(png);
  EXPECT_GT(width, 1000U);
  EXPECT_GT(height, 700U);
  EXPECT_GT(fs::file_size(png), 50'000U);
  EXPECT_FALSE(test::has_partial_file(png.parent_path()));
}

TEST(MapPlot, MapWithoutDataIsDrawnToo) {
  const fs::path png = scratch("empty") / "map.png";
  ContinuumMap map = test::make_test_map(kGrid);
  map.mask.assign(map.mask.size(), 1);
  plot_map(png.string(), map, "nothing");
  EXPECT_GT(png_size(png)[0], 1000U);
}

// The point at the position of a pixel's centre has its value, points without pixel none.
TEST(MapPlot, HealpixMapsAreProjected) {
  const HealpixGrid healpix({512, SkyFrame::galactic});
  ContinuumMap map;
  map.healpix = healpix.definition();
  for (std::int64_t pixel = 1'000'000; pixel < 1'004'096; ++pixel) map.pixel.push_back(pixel);
  for (std::size_t i = 0; i < map.pixel.size(); ++i) map.destriped_K().push_back(static_cast<float>(i) * 1e-6F);
  map.image("NAIVE") = map.image("HITS") = map.image("RMS") = map.destriped_K();
  map.mask.assign(map.pixel.size(), 0);
  const ContinuumMap shown = projected_for_picture(map);
  EXPECT_GT(std::ranges::count(shown.mask, 0), std::ssize(map.pixel) * 2);
  EXPECT_EQ(shown.mask[0], 1);
  const std::size_t i = 2000;
  const SkyPosition centre = healpix.pixel_centre(map.pixel[i]);
  std::vector<std::int64_t> point(1);
  Wcs(shown.wcs).pixel_index(std::vector<double>{centre.longitude_deg}, std::vector<double>{centre.latitude_deg},
                             point);
  EXPECT_EQ(shown.destriped_K()[static_cast<std::size_t>(point[0])], map.destriped_K()[i]);

  const fs::path png = scratch("healpix") / "map.png";
  plot_map(png.string(), map, "HEALPix");
  EXPECT_GT(png_size(png)[0], 1000U);
}

TEST(MapPlot, DifferenceIsTwoPanels) {
  const fs::path png = scratch("difference") / "difference.png";
  ContinuumMap difference = test::make_test_map(kGrid);
  std::ranges::transform(difference.image("NAIVE"), difference.destriped_K(), difference.destriped_K().begin(),
                         std::minus<>());
  plot_difference(png.string(), difference, "b minus a");
  const auto [width, height] = png_size(png);
  EXPECT_GT(width, 1000U);
  EXPECT_GT(height, 400U);
  EXPECT_LT(height, 700U);
}

TEST(MapPlot, MissingGnuplotIsSaid) {
  const fs::path png = scratch("missing") / "map.png";
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  try {
    plot_map(png.string(), test::make_test_map(kGrid), "");
    ADD_FAILURE() << "drew without gnuplot";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("gnuplot"), std::string::npos) << error.what();
  }
  setenv("PATH", path.c_str(), 1);
  EXPECT_FALSE(fs::exists(png));
}

TEST(Gnuplot, FailureCarriesItsWords) {
  const ScratchDirectory directory;
  try {
    run_gnuplot("set nonsense\n", directory, "picture.png");
    FAIL() << "accepted nonsense";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("nonsense"), std::string::npos) << error.what();
  }
}

TEST(MapPicture, WindowHoldsTheUnmaskedPixels) {
  ContinuumMap map = test::make_test_map(kGrid);
  map.mask.assign(map.mask.size(), 1);
  map.mask[50 * 241 + 100] = 0;
  map.mask[80 * 241 + 130] = 0;
  const PixelWindow window = observed_window(map);
  EXPECT_LT(window.x_begin, 100);
  EXPECT_GT(window.x_begin, 90);
  EXPECT_GT(window.x_end, 131);
  EXPECT_LT(window.y_begin, 50);
  EXPECT_GT(window.y_end, 81);
  EXPECT_LT(window.y_end, 91);
}

TEST(MapPicture, BlocksAverageFinitePixels) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const WcsDefinition wcs{{3, 3}, {2, 2}, {-1, 1}, {0, 0}, {"GLON-CAR", "GLAT-CAR"}};
  const Picture picture = picture_of({1, 3, 7, nan, 5, 9, nan, nan, nan}, wcs, {0, 3, 0, 3}, 2);
  ASSERT_EQ(picture.n_x, 2);
  ASSERT_EQ(picture.n_y, 2);
  EXPECT_FLOAT_EQ(picture.values[0], 3.0F);
  EXPECT_FLOAT_EQ(picture.values[1], 8.0F);
  EXPECT_TRUE(std::isnan(picture.values[2]));
}

TEST(MapPicture, LimitsIgnoreOutliersAndNan) {
  std::vector<float> values;
  for (int i = 0; i <= 1000; ++i) values.push_back(static_cast<float>(i));
  values.push_back(1e9F);
  values.push_back(std::numeric_limits<float>::quiet_NaN());
  const ColourLimits limits = robust_limits(values);
  EXPECT_NEAR(limits.low, 10.0, 1.0);
  EXPECT_NEAR(limits.high, 990.0, 1.0);
  EXPECT_LT(robust_limits({5.0F, 5.0F}).low, robust_limits({5.0F, 5.0F}).high);
}

TEST(MapPicture, StepsAreRound) {
  EXPECT_DOUBLE_EQ(round_step(4.0, 8.0), 0.5);
  EXPECT_DOUBLE_EQ(round_step(1.6, 8.0), 0.2);
  EXPECT_DOUBLE_EQ(round_step(170.0, 8.0), 50.0);
  EXPECT_DOUBLE_EQ(round_step(7e-3, 8.0), 1e-3);
}

TEST(MapPicture, LongitudesGrowToTheLeftAndWrapAtZero) {
  const auto ticks = longitude_ticks(kGrid, {0, 241, 0, 181});  // 2.4 to -1.6 deg
  ASSERT_GE(ticks.size(), 4U);
  bool saw_zero = false, saw_below = false;
  for (const AxisTick& tick : ticks) {
    // CAR: pixel = crpix - 1 - (l - crval) / cdelt
    const double l = std::remainder(std::stod(tick.label), 360.0);
    EXPECT_NEAR(tick.pixel, 120.0 - (l - 0.4) * 60.0, 1e-6);
    saw_zero = saw_zero || tick.label == "0";
    saw_below = saw_below || tick.label == "359";
  }
  EXPECT_TRUE(saw_zero);
  EXPECT_TRUE(saw_below);
}

}  // namespace
}  // namespace comap
