// Samples in bright sky, against the positions that the simulator of the golden set wrote into its Level-1 file.

#include "stages/bright_sky.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/constants.hpp"
#include "data/level2_datasets.hpp"
#include "stages/noise_stats_level2.hpp"
#include "support/sky_square.hpp"
#include "unit/stages/stage_driver.hpp"

namespace comap {
namespace {

// Field12, in whose middle the source is.
constexpr double kRightAscension_deg = 281.552792, kDeclination_deg = -2.547647;
constexpr SkyPosition kGalactic = {30.068919, 0.000382};  // the same, by astropy
constexpr double kRadius_deg = 0.25, kPixel_deg = 0.06;
constexpr double kWhite_K = 0.01;

std::string level1_path() { return std::string(COMAP_TEST_DATA) + "/comap-0030011-2022-09-20-003020.hd5"; }

/// A disc of 1 K.
std::string disc() {
  test::healpix_square("bright_sky.fits", 1024, 2.0, [](const SkyPosition& at) {
    return std::hypot(at.longitude_deg - kGalactic.longitude_deg, at.latitude_deg - kGalactic.latitude_deg) <
                   kRadius_deg
               ? 1.0
               : 0.0;
  });
  return testing::TempDir() + "/bright_sky.fits";
}

/// Of a feed by its row in the file, from the source [sample].
std::vector<double> distances_deg(std::size_t row) {
  const h5::File file = h5::File::open_read(level1_path());
  const auto coordinate = [&](const char* name) {
    const std::string path = std::string("spectrometer/pixel_pointing/") + name;
    return file.read<double>(path, {{row, 0}, {1, file.info(path).extent[1]}});
  };
  const auto ra_deg = coordinate("pixel_ra"), dec_deg = coordinate("pixel_dec");
  std::vector<double> distance_deg;
  for (std::size_t i = 0; i < ra_deg.size(); ++i) {
    const double x_deg = (ra_deg[i] - kRightAscension_deg) * std::cos(kDeclination_deg * kDegree_rad);
    distance_deg.push_back(std::hypot(x_deg, dec_deg[i] - kDeclination_deg));
  }
  return distance_deg;
}

TEST(BrightSky, IsWhereTheFeedPoints) {
  const Level1Metadata level1 = read_level1_metadata(level1_path(), 0);
  const BrightSky bright_sky(disc(), 0.5);
  for (std::size_t row = 0; row < 2; ++row) {
    const auto mask = bright_sky.mask(level1, level1.feeds[row]);
    const auto distance_deg = distances_deg(row);
    ASSERT_EQ(mask.size(), distance_deg.size());
    int n_bright = 0, n_dark = 0;
    for (std::size_t i = 0; i < mask.size(); ++i) {
      if (!std::isfinite(distance_deg[i]) || std::abs(distance_deg[i] - kRadius_deg) < kPixel_deg) continue;
      const bool expected = distance_deg[i] < kRadius_deg;
      ASSERT_EQ(mask[i] != 0, expected) << "feed " << level1.feeds[row] << ", sample " << i << ", " << distance_deg[i];
      (expected ? n_bright : n_dark) += 1;
    }
    EXPECT_GT(n_bright, 300);
    EXPECT_GT(n_dark, 3000);
  }
}

/// sigma_red of band 0 in the only scan of streams with white noise and a source where `source` is 1.
double sigma_red_K(const NoiseStatsLevel2Config& config, const std::vector<std::uint8_t>& source) {
  ObservationContext observation = test::open_observation(level1_path());
  observation.scans = {{1000, 8000}};
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  std::vector<float> streams(8 * source.size());
  for (std::size_t i = 0; i < streams.size(); ++i) {
    streams[i] = static_cast<float>(40.0 + kWhite_K * normal(random) + 0.3 * source[i % source.size()]);
  }
  ProductTable products;
  products.set(level2::kBinned, {shape_of(kBands, 2, source.size()), std::move(streams)});
  observation.n_freq_bin = 1;
  NoiseStatsLevel2(config).start_feed(observation, 1, products)->finish();
  return products.flat(level2::kNoiseOfUnfiltered.sigma_red)[0];
}

// What is left comes from the lines that bridge it: they begin and end at samples with white noise.
TEST(BrightSky, IsLeftOutOfTheNoise) {
  NoiseStatsLevel2Config config;
  config.datasets = {"binned_data"};
  const std::vector<std::uint8_t> source = BrightSky(disc(), 0.5).mask(read_level1_metadata(level1_path(), 0), 1);
  const double with_source_K = sigma_red_K(config, source);
  EXPECT_GT(with_source_K, 0.2);
  config.planck_map = disc();
  config.planck_bright_cut_K = 0.5;
  EXPECT_LT(sigma_red_K(config, source), 2.5 * kWhite_K);
}

}  // namespace
}  // namespace comap
