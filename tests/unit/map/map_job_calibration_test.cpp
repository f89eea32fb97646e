// Calibration factors in map making.

#include <fitsio.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/message.hpp"
#include "map/map_job.hpp"
#include "support/synthetic_level2.hpp"

namespace comap {
namespace {

constexpr double kGain = 1.25;

std::vector<float> primary_image(const std::string& path) {
  fitsfile* file = nullptr;
  int status = 0;
  std::array<long, 2> size{};
  fits_open_file(&file, path.c_str(), READONLY, &status);
  fits_get_img_size(file, 2, size.data(), &status);
  std::vector<float> image(static_cast<std::size_t>(size[0] * size[1]));
  fits_read_img(file, TFLOAT, 1, size[0] * size[1], nullptr, image.data(), nullptr, &status);
  fits_close_file(file, &status);
  EXPECT_EQ(status, 0) << path;
  return image;
}

class MapCalibration : public ::testing::Test {
 protected:
  MapCalibration() : directory_(test::fresh_directory("map_calibration")) {
    config_.dataset = "binned_data";
    config_.feeds = {1, 3};
    config_.output_dir = directory_;
    config_.cdelt_deg = 1.0 / 30.0;
    config_.padding_deg = 0.1;
  }

  /// An observation of a wave on the sky, whose samples of feed 3 are `gain` times what they should be.
  MapObservation observation(double gain) {
    test::SyntheticLevel2 made;
    made.sky_K = [](SkyPosition p) { return 0.2 * std::sin(20.0 * p.longitude_deg) * std::cos(15.0 * p.latitude_deg); };
    made.change_samples = [=](std::vector<float>& samples) {
      for (std::int64_t sample = 0; sample < made.n_samples; ++sample) {
        float& value = samples[test::sample_index(made, 3, 0, sample)];
        value = static_cast<float>(gain * value);
      }
    };
    MapObservation offered;
    offered.observation.obsid = made.obsid;
    offered.observation.level2_path = directory_ + "/" + std::to_string(gain) + ".hd5";
    test::write_level2(offered.observation.level2_path, made);
    return offered;
  }

  MapJobResult map_of(const MapObservation& offered, const std::string& name) {
    config_.name = name;
    return run_map_job(config_, IoConfig(), {offered}, "", SerialCommunicator());
  }

  std::string directory_;
  MapmakeConfig config_;
};

TEST_F(MapCalibration, DividingByAKnownFactorGivesTheMapOfUnscaledSamples) {
  MapObservation scaled = observation(kGain);
  scaled.calibration = {{3, 0, kGain}, {3, 1, 2.0}};
  const MapJobResult expected = map_of(observation(1.0), "expected");
  const MapJobResult calibrated = map_of(scaled, "calibrated");
  scaled.calibration.clear();
  const MapJobResult raw = map_of(scaled, "raw");
  const auto wanted = primary_image(expected.bands.at(0).paths.fits),
             found = primary_image(calibrated.bands.at(0).paths.fits),
             without = primary_image(raw.bands.at(0).paths.fits);
  ASSERT_EQ(found.size(), wanted.size());
  double worst = 0.0, worst_without = 0.0;
  int n_pixels = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    ASSERT_EQ(std::isfinite(found[i]), std::isfinite(wanted[i]));
    if (!std::isfinite(wanted[i])) continue;
    worst = std::max(worst, std::abs(static_cast<double>(found[i]) - wanted[i]));
    worst_without = std::max(worst_without, std::abs(static_cast<double>(without[i]) - wanted[i]));
    ++n_pixels;
  }
  EXPECT_GT(n_pixels, 200);
  EXPECT_LT(worst, 2e-5) << "float32 samples at a level of 40 K";
  EXPECT_GT(worst_without, 0.01) << "the factor matters";
}

TEST_F(MapCalibration, BadFactorsExcludeTheirElements) {
  MapObservation offered = observation(1.0);
  for (const double bad : {0.29, 0.0, -1.0, std::nan(""), HUGE_VAL}) {
    offered.calibration = {{3, 0, bad}};
    const MapJobResult result = map_of(offered, "bad");
    EXPECT_EQ(result.selection.counts[static_cast<std::size_t>(Exclusion::bad_calibration)], 1) << bad;
    EXPECT_EQ(result.selection.n_scans, 2) << "feed 1 is left";
    bool is_told = false;
    for (const std::string& line : result.selection.lines()) {
      is_told = is_told || line.find("calibration factor") != std::string::npos;
      EXPECT_LE(line.size(), 72U) << line;
    }
    EXPECT_TRUE(is_told);
  }
  offered.calibration = {{3, 0, 0.3}};
  EXPECT_EQ(map_of(offered, "limit").selection.n_scans, 4);
}

TEST_F(MapCalibration, FactorsTravelToTheOtherRanks) {
  MapObservation offered;
  offered.calibration = {{3, 0, 1.25}, {4, 7, std::nan("")}};
  const auto received = unpack<MapObservation>(pack(offered));
  EXPECT_EQ(received.calibration_factor(3, 0), 1.25);
  EXPECT_TRUE(std::isnan(received.calibration_factor(4, 7)));
  EXPECT_EQ(received.calibration_factor(3, 1), 1.0);
}

}  // namespace
}  // namespace comap
