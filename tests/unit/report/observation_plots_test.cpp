#include "report/observation_plots.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "support/synthetic_level2.hpp"

namespace comap {
namespace {

constexpr double kTsys_K = 40.0;
constexpr double kWhite_K = 0.004, kRed_K = 0.02, kAlpha = -1.5;

double gain_at(std::int64_t sample) { return 1e-3 * std::sin(static_cast<double>(sample) / 200.0); }

/// Unfiltered data = filtered data + Tsys x gain, and constant noise fits.
std::string make_file(const std::string& name) {
  const std::string path = fmt::format("{}/Level2_comap-0030001-2022-09-20-000000.hd5", test::fresh_directory(name));
  test::SyntheticLevel2 made;
  made.with_noise_stats = false;
  made.dataset = "binned_filtered_data";
  test::write_level2(path, made);
  h5::File file = h5::File::open_write(path);
  auto samples = file.read<float>(level2::kBinnedFiltered);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto sample = static_cast<std::int64_t>(i) % made.n_samples;
    samples[i] += static_cast<float>(kTsys_K * gain_at(sample));
  }
  file.write<float>(level2::kBinned, {19, 4, 2, static_cast<std::uint64_t>(made.n_samples)}, samples, "K");
  const h5::Extent per_scan = {19, 4, 2, made.scans.size()};
  const auto constant = [&](const std::string& dataset, double value) {
    file.write<double>(dataset, per_scan, std::vector<double>(h5::Slab::all(per_scan).size(), value));
  };
  constant(std::string(level2::kEffectiveTsys), kTsys_K);
  for (const char* stream : {"binned_data", "binned_filtered_data"}) {
    const auto statistic = [&](const char* quantity) {
      return fmt::format("{}/{}/{}", level2::kNoiseStatsGroup, stream, quantity);
    };
    constant(statistic("auto_rms"), kWhite_K);
    constant(statistic("sigma_white"), kWhite_K);
    constant(statistic("sigma_red"), kRed_K);
    constant(statistic("alpha"), kAlpha);
  }
  file.close();
  return path;
}

const ObservationPicture& picture(const std::vector<ObservationPicture>& pictures, std::string_view name) {
  return *std::ranges::find(pictures, name, &ObservationPicture::name);
}

TEST(ObservationPlots, GainIsWhatTheFilterTookOut) {
  const auto pictures = observation_pictures(make_file("report_gain"), 0, {});
  const ObservationPicture& gain = picture(pictures, "gain");
  ASSERT_EQ(gain.panels.size(), 2U);  // feeds 1 and 3; 20 is the ground
  EXPECT_EQ(gain.panels[1].title, "feed 3");
  for (const CurvePanel& panel : gain.panels) {
    ASSERT_EQ(panel.curves.size(), 4U);
    for (const Curve& curve : panel.curves) {
      std::size_t n_finite = 0;
      for (std::size_t i = 0; i < curve.x.size(); ++i) {
        if (!std::isfinite(curve.y[i])) continue;
        const auto sample = static_cast<std::int64_t>(std::llround(curve.x[i] / 0.02));
        EXPECT_NEAR(curve.y[i], gain_at(sample), 1e-6);  // float32 of 40 K
        ++n_finite;
      }
      EXPECT_EQ(n_finite, 2100U);  // both scans, not what lies between
    }
  }
}

TEST(ObservationPlots, SpectraStandBesideTheStoredModels) {
  const auto pictures = observation_pictures(make_file("report_spectra"), 3, {});
  const CurvePanel& panel = picture(pictures, "spectra").panels.front();
  ASSERT_EQ(panel.curves.size(), 4U);
  const Curve& model = panel.curves[1];
  ASSERT_GT(model.x.size(), 10U);
  for (std::size_t i = 0; i < model.x.size(); ++i) {
    EXPECT_NEAR(model.y[i], kWhite_K * kWhite_K + kRed_K * kRed_K * std::pow(model.x[i] / 0.1, kAlpha), 1e-12);
  }
  const Curve& filtered = panel.curves[2];  // white noise of 3 mK
  EXPECT_NEAR(filtered.y.back(), 9e-6, 3e-6);
}

TEST(ObservationPlots, DrawsWhatTheFileHas) {
  const std::string path = make_file("report_png");
  const std::string directory = fmt::format("{}/new", test::fresh_directory("report_png_out"));
  const std::vector<std::string> written = plot_observation(path, directory, 0, {});
  ASSERT_EQ(written.size(), 4U);  // no vane calibration in this file
  for (const std::string& png : written) EXPECT_GT(std::filesystem::file_size(png), 10'000U) << png;
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory), {}), 4);
}

}  // namespace
}  // namespace comap
