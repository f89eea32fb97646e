#include "io/map/map_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "config/config_parser.hpp"
#include "core/error.hpp"
#include "io/map/map_writer.hpp"
#include "io/map/product_config.hpp"
#include "stages/stage_list.hpp"
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
  const ContinuumMap map = read_map((astropy_maps() / "a.fits").string());
  EXPECT_EQ(map.wcs.naxis, (std::array<std::int64_t, 2>{6, 5}));
  EXPECT_EQ(map.wcs.ctype[1], "GLAT-CAR");
  EXPECT_EQ(map.wcs.crpix[0], 3.0);
  EXPECT_EQ(map.wcs.crval_deg[0], 30.0);
  EXPECT_DOUBLE_EQ(map.wcs.cdelt_deg[0], -1.0 / 60.0);
  EXPECT_EQ(map.mask[0], 1);
  EXPECT_TRUE(std::isnan(map.destriped_K()[0]));
  EXPECT_FLOAT_EQ(map.destriped_K()[6 * 2 + 3], 0.023F);
  EXPECT_FLOAT_EQ(map.image("NAIVE")[6 * 2 + 3], 0.002F);
  EXPECT_FLOAT_EQ(map.image("HITS")[6 * 2 + 3], 8.0F);
  EXPECT_FLOAT_EQ(map.image("RMS")[6 * 2 + 3], 5e-4F);
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
  const ContinuumMap map = read_map((folder / "float64.fits").string());
  const ContinuumMap original = read_map((folder / "a.fits").string());
  EXPECT_FLOAT_EQ(map.destriped_K()[20], original.destriped_K()[20]);
  EXPECT_TRUE(map.observations.empty());
  EXPECT_TRUE(map.history.empty());
}

TEST(MapReader, SaysWhatIsMissing) {
  const fs::path folder = astropy_maps();
  const auto message = [&](const std::string& name) -> std::string {
    try {
      read_map((folder / name).string());
    } catch (const IoError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message("broken.fits").find("RMS"), std::string::npos);
  EXPECT_NE(message("broken.hd5").find("rms"), std::string::npos);
  EXPECT_NE(message("no_such.fits").find("no such file"), std::string::npos);
  EXPECT_NE(message("planck.fits").find("ORDERING is RING"), std::string::npos);
}

ContinuumMap map_on(bool sphere) {
  ContinuumMap map =
      test::make_test_map({{121, 91}, {61.0, 100.0}, {-1.0 / 60, 1.0 / 60}, {29.95, 0.0}, {"GLON-CAR", "GLAT-CAR"}});
  map.history = {"Selection:", "  two lines"};
  if (!sphere) return map;
  map.healpix = HealpixDefinition{1024, SkyFrame::icrs};
  for (std::size_t i = 0; i < map.mask.size(); ++i) map.pixel.push_back(5'000'000 + 3 * static_cast<std::int64_t>(i));
  return map;
}

/// Bits, NaN where the mask is not 0.
void expect_image(const std::vector<float>& read, const std::vector<float>& written,
                  const std::vector<std::uint8_t>& mask) {
  ASSERT_EQ(read.size(), written.size());
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) {
      ASSERT_EQ(read[i], written[i]);
    } else {
      ASSERT_TRUE(std::isnan(read[i]));
    }
  }
}

void expect_inverse(const ContinuumMap& read, const ContinuumMap& map) {
  if (map.healpix) {
    ASSERT_TRUE(read.healpix.has_value());
    EXPECT_EQ(read.healpix->nside, map.healpix->nside);
    EXPECT_EQ(read.healpix->frame, map.healpix->frame);
  } else {
    EXPECT_FALSE(read.healpix.has_value());
    EXPECT_EQ(read.wcs.naxis, map.wcs.naxis);
    EXPECT_EQ(read.wcs.crpix, map.wcs.crpix);
    EXPECT_EQ(read.wcs.crval_deg, map.wcs.crval_deg);
    EXPECT_EQ(read.wcs.ctype, map.wcs.ctype);
  }
  EXPECT_EQ(read.pixel, map.pixel);
  EXPECT_EQ(read.mask, map.mask);
  expect_image(read.destriped_K(), map.destriped_K(), map.mask);
  expect_image(read.image("NAIVE"), map.image("NAIVE"), map.mask);
  expect_image(read.image("HITS"), map.image("HITS"), map.mask);
  expect_image(read.image("RMS"), map.image("RMS"), map.mask);
  EXPECT_EQ(read.history, map.history);
  EXPECT_EQ(read.config_text, map.config_text);
  EXPECT_EQ(card_text(*find_card(read, "FEEDS")), card_text(*find_card(map, "FEEDS")));
  EXPECT_EQ(card_text(*find_card(read, "RESIDUAL")), "8.7e-07");
  EXPECT_EQ(read.cards.size(), map.cards.size());  // CREATOR came, MEAN_AZ is no number
  ASSERT_EQ(read.observations.size(), 3U);
  EXPECT_EQ(read.observations[1].obsid, 30001);
  EXPECT_EQ(read.observations[1].n_samples, 98765);
}

TEST(MapReader, IsTheInverseOfEveryWriter) {
  const fs::path folder = astropy_maps();
  for (const bool sphere : {false, true}) {
    const ContinuumMap map = map_on(sphere);
    // The content tells the format, not the name.
    for (const HealpixRows rows : {HealpixRows::partial, HealpixRows::full_sky}) {
      write_map_fits((folder / "written.fits").string(), map, rows);
      expect_inverse(read_map((folder / "written.fits").string()), map);
    }
    write_map_hdf5((folder / "written.map").string(), map, SerialFiles(), SerialCommunicator());
    expect_inverse(read_map((folder / "written.map").string()), map);
  }
}

TEST(ProductConfig, ComesBackAsItWasWritten) {
  const fs::path folder = astropy_maps();
  ContinuumMap map = map_on(false);
  map.config_text = show_config(parse_config("", "defaults", {}, all_stages()), all_stages());
  write_map_fits((folder / "product").string(), map);
  EXPECT_EQ(product_config((folder / "product").string()), map.config_text);
  write_map_hdf5((folder / "product").string(), map, SerialFiles(), SerialCommunicator());
  EXPECT_EQ(product_config((folder / "product").string()), map.config_text);
  EXPECT_THROW(product_config((folder / "a.fits").string()), IoError) << "it has it in HISTORY";
  EXPECT_EQ(product_config(std::string(COMAP_SOURCE_DIR) + "/README.md"), std::nullopt);
}

TEST(MapReader, PixelsOutOfOrderAreRefused) {
  ContinuumMap map = map_on(true);
  const auto good = static_cast<std::size_t>(std::ranges::search_n(map.mask, 2, 0).begin() - map.mask.begin());
  std::swap(map.pixel[good], map.pixel[good + 1]);
  const std::string path = (astropy_maps() / "order.fits").string();
  write_map_fits(path, map);
  EXPECT_THROW(read_map(path), IoError);
}

}  // namespace
}  // namespace comap
