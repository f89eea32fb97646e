#include "io/map_reader.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/error.hpp"
#include "support/test_map.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

/// A directory with the maps of make_astropy_maps.py.
fs::path astropy_maps() {
  const fs::path folder = fs::path(testing::TempDir()) / "map_reader";
  fs::create_directories(folder);
  const std::string script = std::string(COMAP_SOURCE_DIR) + "/tests/support/make_astropy_maps.py";
  EXPECT_EQ(std::system((std::string(COMAP_PYTHON) + " " + script + " " + folder.string()).c_str()), 0);
  return folder;
}

TEST(MapReader, ReadsWhatAstropyWrote) {
  const ContinuumMap map = read_map_fits((astropy_maps() / "a.fits").string());
  EXPECT_EQ(map.wcs.naxis, (std::array<std::int64_t, 2>{6, 5}));
  EXPECT_EQ(map.wcs.ctype[1], "GLAT-CAR");
  EXPECT_EQ(map.wcs.crpix[0], 3.0);
  EXPECT_EQ(map.wcs.crval_deg[0], 30.0);
  EXPECT_DOUBLE_EQ(map.wcs.cdelt_deg[0], -1.0 / 60.0);
  EXPECT_EQ(map.mask[0], 1);
  EXPECT_TRUE(std::isnan(map.destriped_K[0]));
  EXPECT_FLOAT_EQ(map.destriped_K[6 * 2 + 3], 0.023F);
  EXPECT_FLOAT_EQ(map.naive_K[6 * 2 + 3], 0.002F);
  EXPECT_FLOAT_EQ(map.hits[6 * 2 + 3], 8.0F);
  EXPECT_FLOAT_EQ(map.rms_K[6 * 2 + 3], 5e-4F);
  ASSERT_EQ(map.observations.size(), 2U);
  EXPECT_EQ(map.observations[1].obsid, 9);
  EXPECT_EQ(map.observations[1].n_samples, 500);
  EXPECT_EQ(card_text(*find_card(map, "SWVER")), "0.2.0");
  EXPECT_EQ(std::get<std::int64_t>(find_card(map, "OFFLEN")->value), 25);
  EXPECT_EQ(std::get<double>(find_card(map, "RESID")->value), 8.7e-7);
  EXPECT_TRUE(std::get<bool>(find_card(map, "CONVERGD")->value));
  EXPECT_EQ(card_text(*find_card(map, "FEEDS")).size(), 74U);  // 15 times four letters, and commas
  EXPECT_EQ(find_card(map, "CRPIX1"), nullptr);
  EXPECT_EQ(map.history.at(2), "[mapmake]");
}

TEST(MapReader, OtherNumberTypesAndMissingTablesAreNoObstacle) {
  const fs::path folder = astropy_maps();
  const ContinuumMap map = read_map_fits((folder / "float64.fits").string());
  const ContinuumMap original = read_map_fits((folder / "a.fits").string());
  EXPECT_FLOAT_EQ(map.destriped_K[20], original.destriped_K[20]);
  EXPECT_TRUE(map.observations.empty());
  EXPECT_TRUE(map.history.empty());
}

TEST(MapReader, SaysWhatIsMissing) {
  const fs::path folder = astropy_maps();
  const auto message = [&](const std::string& name) -> std::string {
    try {
      read_map_fits((folder / name).string());
    } catch (const IoError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message("broken.fits").find("RMS"), std::string::npos);
  EXPECT_NE(message("no_such.fits").find("no_such.fits"), std::string::npos);
}

TEST(MapReader, IsTheInverseOfTheWriter) {
  const fs::path path = astropy_maps() / "written.fits";
  ContinuumMap map =
      test::make_test_map({{121, 91}, {61.0, 100.0}, {-1.0 / 60, 1.0 / 60}, {29.95, 0.0}, {"GLON-CAR", "GLAT-CAR"}});
  write_map_fits(path.string(), map);
  const ContinuumMap read = read_map_fits(path.string());
  EXPECT_EQ(read.wcs.crpix, map.wcs.crpix);
  EXPECT_EQ(read.mask, map.mask);
  for (std::size_t i = 0; i < map.mask.size(); ++i) {
    if (map.mask[i] == 0) {
      ASSERT_EQ(read.destriped_K[i], map.destriped_K[i]);
    } else {
      ASSERT_TRUE(std::isnan(read.destriped_K[i]));
    }
  }
  EXPECT_EQ(card_text(*find_card(read, "FEEDS")), std::get<std::string>(map.cards.back().value));
  EXPECT_EQ(read.observations.size(), 3U);
}

}  // namespace
}  // namespace comap
