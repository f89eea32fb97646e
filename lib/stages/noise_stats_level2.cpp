#include "stages/noise_stats_level2.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "core/constants.hpp"
#include "io/level2_schema.hpp"
#include "math/auto_rms.hpp"
#include "math/detrend.hpp"
#include "math/gaps.hpp"
#include "math/median.hpp"
#include "math/moving_median.hpp"
#include "math/noise_spectrum.hpp"
#include "stages/bright_sky.hpp"
#include "stages/feed_row.hpp"
#include "stages/noise_stats_level1.hpp"
#include "stages/output_spec.hpp"

namespace comap {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kStartAlpha = -1.5;
constexpr std::array<std::string_view, 4> kQuantities = {"sigma_white", "sigma_red", "alpha", "auto_rms"};

std::string product_path(std::string_view dataset, std::string_view quantity) {
  return fmt::format("{}/{}/{}", level2::kNoiseStatsGroup, dataset, quantity);
}

void remove_trend(std::vector<double>& values, const NoiseSeries& series) {
  const std::size_t n = values.size();
  std::vector<double> time(n), airmass(n);
  for (std::size_t i = 0; i < n; ++i) {
    time[i] = static_cast<double>(i) / static_cast<double>(n);
    airmass[i] = 1.0 / std::sin(series.elevation_deg[i] * kDegree_rad);
  }
  subtract_templates(values, {std::vector<double>(n, 1.0), std::move(time), std::move(airmass)});
}

void remove_median(std::vector<double>& values) {
  const double middle = median(std::span<const double>(values));
  for (double& value : values) value -= middle;
}

void make_nan(std::span<double> values, std::span<const std::uint8_t> flag) {
  for (std::size_t i = 0; i < flag.size(); ++i) {
    if (flag[i] != 0) values[i] = kNan;
  }
}

void add_noise(std::span<double> values, std::span<const std::uint8_t> bright, double sigma, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> noise(0.0, sigma);
  for (std::size_t i = 0; i < bright.size(); ++i) {
    if (bright[i] != 0) values[i] += noise(generator);
  }
}

/// Bridges the outliers; false when there are too many.
bool bridge_outliers(std::span<double> values, double auto_rms_K, const NoiseStatsLevel2Config& config) {
  const std::vector<double> middle = moving_median(values, static_cast<std::size_t>(config.median_window));
  std::vector<std::uint8_t> outlier(values.size());
  std::size_t n_outliers = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    outlier[i] = std::abs(values[i] - middle[i]) > config.outlier_sigma * auto_rms_K ? 1 : 0;
    n_outliers += outlier[i];
  }
  if (static_cast<double>(n_outliers) > config.max_outlier_fraction * static_cast<double>(values.size())) return false;
  make_nan(values, outlier);
  bridge_gaps(values);
  return true;
}

double power_nearest(std::span<const SpectrumBin> bins, double frequency_Hz) {
  const auto distance = [&](const SpectrumBin& bin) { return std::abs(std::log(bin.frequency_Hz / frequency_Hz)); };
  const auto nearest = std::ranges::min_element(bins, {}, distance);
  return nearest == bins.end() ? kNan : nearest->power;
}

/// Seed of one series: any difference in what it belongs to gives other noise.
std::uint64_t series_seed(std::initializer_list<std::uint64_t> words) {
  constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15ULL;  // 2^64 over the golden ratio
  std::uint64_t seed = 0;
  for (const std::uint64_t word : words) {
    seed = (seed ^ word) * kMultiplier;
    seed ^= seed >> 32;
  }
  return seed;
}

class Worker final : public FeedWorker {
 public:
  Worker(const ObservationContext& observation, int feed, const NoiseStatsLevel2Config& config, std::size_t n_freq_bin,
         const BrightSky* bright_sky, ProductTable& products)
      : observation_(observation), feed_(feed), config_(config), n_freq_bin_(n_freq_bin), products_(products) {
    if (bright_sky != nullptr) bright_ = bright_sky->mask(observation.level1, feed);
  }

  void finish() override {
    for (std::size_t i = 0; i < config_.datasets.size(); ++i) fill_products(i);
  }

 private:
  void fill_products(std::size_t index) {
    const std::string& dataset = config_.datasets[index];
    const auto streams = products_.get<float>("level2/" + dataset);
    const std::size_t n_scans = observation_.scans.size();
    const std::size_t n_elements = kBands * n_freq_bin_;
    std::array<std::vector<double>, kQuantities.size()> columns;
    columns.fill(std::vector<double>(n_elements * n_scans));
    for (std::size_t element = 0; element < n_elements; ++element) {
      for (std::size_t scan = 0; scan < n_scans; ++scan) {
        NoiseSeries series = series_of(streams, element, scan);
        series.seed = series_seed({config_.seed, static_cast<std::uint64_t>(observation_.obsid),
                                   static_cast<std::uint64_t>(feed_), index, element, scan});
        const NoiseStatistics found = noise_statistics(series, config_);
        const std::size_t at = element * n_scans + scan;
        columns[0][at] = found.sigma_white_K;
        columns[1][at] = found.sigma_red_K;
        columns[2][at] = found.alpha;
        columns[3][at] = found.auto_rms_K;
      }
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      products_.set(product_path(dataset, kQuantities[i]), std::move(columns[i]));
    }
  }

  NoiseSeries series_of(std::span<const float> streams, std::size_t element, std::size_t scan) const {
    const Level1Metadata& level1 = observation_.level1;
    const auto [start, end] = observation_.scans[scan];
    const auto first = static_cast<std::size_t>(start);
    const auto length = static_cast<std::size_t>(end - start);
    NoiseSeries series;
    series.values_K = streams.subspan(element * static_cast<std::size_t>(level1.n_samples) + first, length);
    series.elevation_deg = feed_samples(level1, level1.elevation_deg, feed_, {start, end});
    if (!bright_.empty()) series.bright = std::span<const std::uint8_t>(bright_).subspan(first, length);
    series.sample_time_s = level1.sample_time_s;
    return series;
  }

  const ObservationContext& observation_;
  int feed_;
  const NoiseStatsLevel2Config& config_;
  std::size_t n_freq_bin_;
  ProductTable& products_;
  std::vector<std::uint8_t> bright_;  ///< [sample]; empty without a map
};

}  // namespace

NoiseStatistics noise_statistics(const NoiseSeries& series, const NoiseStatsLevel2Config& config) {
  std::vector<double> values(series.values_K.begin(), series.values_K.end());
  make_nan(values, series.bright);  // a source is neither trend nor noise
  if (config.detrend) {
    remove_trend(values, series);
  } else {
    remove_median(values);
  }
  NoiseStatistics result{kNan, kNan, kNan, auto_rms(values, config.estimator), {}};
  if (!(result.auto_rms_K > 0.0)) return result;
  bridge_gaps(values);
  add_noise(values, series.bright, result.auto_rms_K, series.seed);
  if (!bridge_outliers(values, result.auto_rms_K, config)) return result;

  result.spectrum = binned_power_spectrum(values, series.sample_time_s, static_cast<std::size_t>(config.n_bins));
  const auto& bins = result.spectrum;
  const double red = std::sqrt(power_nearest(bins, config.reference_frequency_Hz));
  const NoiseModel fit = fit_noise_model(bins, config.reference_frequency_Hz, {result.auto_rms_K, red, kStartAlpha});
  result.sigma_white_K = fit.sigma_white;
  result.sigma_red_K = fit.sigma_red;
  result.alpha = fit.alpha;
  return result;
}

NoiseStatsLevel2::NoiseStatsLevel2(NoiseStatsLevel2Config config, int n_freq_bin)
    : config_(std::move(config)), n_freq_bin_(static_cast<std::size_t>(n_freq_bin)) {
  if (config_.planck_map.empty()) return;
  bright_sky_ = std::make_shared<const BrightSky>(config_.planck_map, config_.planck_bright_cut_K);
}

nlohmann::json NoiseStatsLevel2::parameters() const {
  return {{"datasets", config_.datasets},
          {"planck_map", config_.planck_map},
          {"planck_bright_cut_K", config_.planck_bright_cut_K},
          {"detrend", config_.detrend},
          {"estimator", estimator_name(config_.estimator)},
          {"median_window", config_.median_window},
          {"outlier_sigma", config_.outlier_sigma},
          {"max_outlier_fraction", config_.max_outlier_fraction},
          {"n_bins", config_.n_bins},
          {"reference_frequency_Hz", config_.reference_frequency_Hz},
          {"seed", config_.seed}};
}

std::vector<OutputSpec> NoiseStatsLevel2::outputs(const ObservationContext& observation) const {
  std::vector<OutputSpec> specs;
  for (const std::string& dataset : config_.datasets) {
    for (const std::string_view quantity : kQuantities) {
      specs.push_back(feed_output(product_path(dataset, quantity), h5::StoredType::float64,
                                  {kBands, n_freq_bin_, observation.scans.size()}, quantity == "alpha" ? "" : "K"));
    }
  }
  return specs;
}

std::unique_ptr<FeedWorker> NoiseStatsLevel2::start_feed(const ObservationContext& observation, int feed,
                                                         ProductTable& products) const {
  return std::make_unique<Worker>(observation, feed, config_, n_freq_bin_, bright_sky_.get(), products);
}

}  // namespace comap
