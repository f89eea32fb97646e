// Maps of nside 2 written by astropy: the value of a pixel is its number in the file's own order + 1, in K.

#include "sky/healpix_map.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"

namespace comap {
namespace {

HealpixSky map_of(const std::string& name) {
  return HealpixSky(std::string(COMAP_TEST_DATA) + "/healpix_" + name + ".fits");
}

// Figure 4 of Gorski et al. 2005, ApJ 622, 759: around the poles RING counts 0-3 and 44-47; in NESTED order the pixel
// at a pole is the last of its northern base pixel (3, 7, 11, 15), and the first of its southern one (32, 36, 40, 44).
TEST(HealpixSky, PixelsAroundThePolesInBothOrders) {
  const HealpixSky ring = map_of("ring_K");
  const HealpixSky nested = map_of("nested_mK");
  for (int quarter = 0; quarter < 4; ++quarter) {
    const double longitude_deg = 45.0 + 90.0 * quarter;
    EXPECT_NEAR(ring.temperature_K({longitude_deg, 85.0}), quarter + 1, 1e-6);
    EXPECT_NEAR(ring.temperature_K({longitude_deg, -85.0}), 44 + quarter + 1, 1e-6);
    EXPECT_NEAR(nested.temperature_K({longitude_deg, 85.0}), 4 * quarter + 3 + 1, 1e-5);
    EXPECT_NEAR(nested.temperature_K({longitude_deg, -85.0}), 32 + 4 * quarter + 1, 1e-5);
  }
}

TEST(HealpixSky, NanWithoutValueOrPosition) {
  EXPECT_TRUE(std::isnan(map_of("ring_K").temperature_K({std::nan(""), 0.0})));
  // RING pixel 20 of nside 2: the first of the equatorial ring, half a pixel off longitude 0.
  EXPECT_TRUE(std::isnan(map_of("ring_K").temperature_K({22.5, 0.0})));
}

TEST(HealpixSky, FilesThatAreNoMapAreNamed) {
  for (const std::string& file :
       {std::string("/nonexistent.fits"), std::string(COMAP_TEST_DATA) + "/expected_30011.h5"}) {
    try {
      const HealpixSky sky(file);
      FAIL();
    } catch (const IoError& error) {
      EXPECT_NE(std::string(error.what()).find(file), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace comap
