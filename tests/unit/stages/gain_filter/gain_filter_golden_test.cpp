// The gain filter against the golden set: values that independent Python programs made of the same Level-1 file.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "unit/stages/gain_filter/gain_filter_run.hpp"

namespace comap::test {
namespace {

constexpr std::uint64_t kFeeds = 2;
constexpr std::size_t kSubBands = 8;
constexpr std::size_t kChannels = 32;

std::string data_file(const std::string& name) { return std::string(COMAP_TEST_DATA) + "/" + name; }

class GainFilterGolden : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    const std::uint64_t row = GetParam();
    const h5::File level1 = h5::File::open_read(data_file("comap-0030011-2022-09-20-003020.hd5"));
    data_.observation = read_observation(level1, 0.02);
    data_.feed = static_cast<int>(row) + 1;
    data_.tod = read_row<float>(level1, "spectrometer/tod", row);
    data_.gain_counts_per_K = read_vane_row(expected_, "vane/gain", row);
    data_.system_temperature_K = read_vane_row(expected_, "vane/system_temperature", row);
    data_.level1_auto_rms = read_row<double>(expected_, "auto_rms_level1", row);
    config_.channel_quality = false;
    config_.edge_cut_fraction = 0.0625;
    config_.centre_cut_fraction = 0.0;
  }

  void use_scans(const std::string& dataset) {
    const auto edges = expected_.read<std::int64_t>(dataset);
    for (std::size_t i = 0; i < edges.size(); i += 2) data_.observation.scans.push_back({edges[i], edges[i + 1]});
  }

  /// rms of (ours - expected) in units of the expected rms, for every sub-band and scan. Left out: elements that the
  /// other program does not have, and samples that are NaN in any band, which it used as 0 in the gain of all.
  void expect_close(std::span<const float> ours, const std::string& dataset, double tolerance) {
    const auto expected = read_row<float>(expected_, dataset, GetParam());
    ASSERT_EQ(ours.size(), expected.size());
    const auto n_samples = static_cast<std::size_t>(data_.observation.level1.n_samples);
    int n_compared = 0;
    for (std::size_t sub_band = 0; sub_band < kSubBands; ++sub_band) {
      for (const auto& scan : data_.observation.scans) {
        double sum = 0.0, difference = 0.0, n = 0.0;
        for (auto t = static_cast<std::size_t>(scan[0]); t < static_cast<std::size_t>(scan[1]); ++t) {
          const double value = expected[sub_band * n_samples + t];
          const double our_value = ours[sub_band * n_samples + t];
          if (std::isnan(value) || is_missing(ours, t)) continue;
          sum += value * value;
          difference += (our_value - value) * (our_value - value);
          n += 1.0;
        }
        if (n == 0.0) continue;
        ++n_compared;
        EXPECT_LT(std::sqrt(difference / sum), tolerance) << dataset << " sub-band " << sub_band;
        EXPECT_GE(n, static_cast<double>(scan[1] - scan[0]) - 5.0) << dataset << " sub-band " << sub_band;
      }
    }
    EXPECT_GE(n_compared, 14) << dataset;
  }

  bool is_missing(std::span<const float> ours, std::size_t t) const {
    for (std::size_t i = t; i < ours.size(); i += static_cast<std::size_t>(data_.observation.level1.n_samples)) {
      if (std::isnan(ours[i])) return true;
    }
    return false;
  }

  h5::File expected_ = h5::File::open_read(data_file("expected_30011.h5"));
  FeedData data_;
  GainFilterConfig config_;
};

void expect_relative(std::span<const double> ours, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(ours.size(), expected.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_NEAR(ours[i], expected[i], tolerance * std::abs(expected[i])) << i;
  }
}

TEST_P(GainFilterGolden, MaximumPosterior) {
  use_scans("maximum_posterior/scan_edges");
  config_.prior_sigma = 1.34e-3;
  config_.prior_alpha = -1.3;
  const ProductTable products = run_gain_filter(data_, config_);
  expect_close(products.flat(level2::kBinned), "maximum_posterior/unfiltered", 1e-4);
  expect_close(products.flat(level2::kBinnedFiltered), "binned_filtered_data/maximum_posterior", 1e-4);
  const std::uint64_t row = GetParam();
  expect_relative(products.flat(level2::kEffectiveTsys),
                  read_row<double>(expected_, "maximum_posterior/effective_tsys", row), 1e-5);
  expect_relative(products.flat(level2::kGainInformation),
                  read_row<double>(expected_, "maximum_posterior/gain_information", row), 1e-5);
  const auto per_scan = read_row<double>(expected_, "maximum_posterior/central_freqs", row);
  const auto central_freqs = products.flat(level2::kCentralFrequencies);
  for (std::size_t i = 0; i < kSubBands; ++i) {
    EXPECT_NEAR(central_freqs[i], 0.5 * (per_scan[2 * i] + per_scan[2 * i + 1]), 1e-5) << i;
  }
}

// The Python pipeline makes a half band NaN when one of its channels is: feed 2, band 3, upper half. Ours are finite.
TEST_P(GainFilterGolden, OneNanChannelDoesNoHarm) {
  use_scans("scan_edges_stored");
  const ProductTable products = run_gain_filter(data_, config_);
  const auto filtered = products.flat(level2::kBinnedFiltered);
  const auto n_samples = static_cast<std::size_t>(data_.observation.level1.n_samples);
  for (const auto& scan : data_.observation.scans) {
    const auto t = static_cast<std::size_t>(scan[0]);
    EXPECT_TRUE(std::isfinite(filtered[7 * n_samples + t]));
  }
  const auto mask = products.flat(level2::kChannelMask);
  EXPECT_EQ((mask[3 * kChannels + 29] & 4) != 0, GetParam() == 1);
}

TEST_P(GainFilterGolden, CommonMode) {
  use_scans("scan_edges_stored");
  config_.method = GainFilterMethod::common_mode;
  config_.subtract_atmosphere = true;
  config_.channel_weights = ChannelWeights::measured;
  const ProductTable products = run_gain_filter(data_, config_);
  expect_close(products.flat(level2::kBinned), "binned_data", 0.01);
  expect_close(products.flat(level2::kBinnedFiltered), "binned_filtered_data/common_mode", 0.01);
  const auto frequencies = read_row<double>(expected_, "central_freqs", GetParam());
  const auto widths = read_row<double>(expected_, "bandwidths", GetParam());
  for (std::size_t i = 0; i < kSubBands; ++i) {
    if (std::isnan(frequencies[i]) || (GetParam() == 1 && i == 7)) continue;
    EXPECT_NEAR(products.flat(level2::kCentralFrequencies)[i], frequencies[i], 1e-4) << i;
    EXPECT_NEAR(products.flat(level2::kBandwidths)[i], widths[i], 1e-4) << i;
  }
}

TEST_P(GainFilterGolden, LeastSquaresWithVaneTemplate) {
  use_scans("scan_edges_stored");
  config_.method = GainFilterMethod::least_squares;
  config_.gain_template = GainTemplate::tsys;
  config_.subtract_atmosphere = true;
  config_.channel_weights = ChannelWeights::measured;
  const ProductTable products = run_gain_filter(data_, config_);
  expect_close(products.flat(level2::kBinnedFiltered), "binned_filtered_data/joint_tsys", 0.01);
}

INSTANTIATE_TEST_SUITE_P(Feeds, GainFilterGolden, ::testing::Range(std::uint64_t{0}, kFeeds));

}  // namespace
}  // namespace comap::test
