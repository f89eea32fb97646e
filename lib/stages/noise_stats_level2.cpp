#include "stages/noise_stats_level2.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>
#include <random>

#include "config/binder.hpp"
#include "core/constants.hpp"
#include "core/log.hpp"
#include "math/auto_rms.hpp"
#include "math/detrend.hpp"
#include "math/gaps.hpp"
#include "math/median.hpp"
#include "math/moving_median.hpp"
#include "math/noise_spectrum.hpp"
#include "stages/bright_sky.hpp"
#include "stages/feed_row.hpp"
#include "stages/gain_filter/gain_noise.hpp"
#include "stages/noise_stats_level1.hpp"

namespace comap {
namespace {

constexpr double kPercent = 100.0;
constexpr double kStartAlpha = -1.5;
constexpr double kWhiteFrequency_Hz = 4.0;  ///< of filtered data: what crosses a beam is slower
constexpr double kRedFrequency_Hz = 1.0;    ///< of filtered data: 1/f noise is fitted below

/// Templates of the trend: constant, time and airmass.
std::vector<std::vector<double>> trend_templates(const NoiseSeries& series) {
  const std::size_t n = series.values_K.size();
  std::vector<std::vector<double>> templates = {std::vector<double>(n, 1.0), std::vector<double>(n),
                                                std::vector<double>(n)};
  for (std::size_t i = 0; i < n; ++i) {
    templates[1][i] = static_cast<double>(i) / static_cast<double>(n);
    templates[2][i] = 1.0 / std::sin(series.elevation_deg[i] * kDegree_rad);
  }
  return templates;
}

/// The part of each mode that the airmass takes besides the straight line; empty where it is one. [mode]
std::vector<double> lost_to_airmass(std::vector<std::vector<double>> templates) {
  std::vector<double> airmass = std::move(templates.back());
  templates.pop_back();
  const double square = std::inner_product(airmass.begin(), airmass.end(), airmass.begin(), 0.0);
  subtract_templates(airmass, templates);
  const double rest = std::inner_product(airmass.begin(), airmass.end(), airmass.begin(), 0.0);
  constexpr double kStraight = 1e-12;  // of the square: left by rounding
  return rest > kStraight * square ? part_of_modes(airmass) : std::vector<double>();
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

/// Variance that noise loses, relative to its own, when samples beyond `limit` sigmas are bridged by their neighbours'
/// mean: with phi and Q the normal density and survival function, 2 limit phi + 2 Q goes and half of 2 Q comes.
double lost_by_bridging(double limit) {
  const double density = std::exp(-0.5 * limit * limit) / std::sqrt(2.0 * std::numbers::pi);
  const double beyond = 0.5 * std::erfc(limit / std::numbers::sqrt2);
  return 2.0 * limit * density + beyond;
}

/// Bridges the outliers. Returns the variance [K^2] that normal noise loses by that; nothing when there are too many.
std::optional<double> bridge_outliers(std::span<double> values, double auto_rms_K,
                                      const NoiseStatsLevel2Config& config) {
  std::vector<double> distance_K = moving_median(values, config.median_window);
  const double limit_K = config.outlier_sigma * auto_rms_K;
  std::vector<std::uint8_t> outlier(values.size());
  std::size_t n_outliers = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    distance_K[i] = values[i] - distance_K[i];
    outlier[i] = std::abs(distance_K[i]) > limit_K ? 1 : 0;
    n_outliers += outlier[i];
  }
  if (static_cast<double>(n_outliers) > config.max_outlier_fraction * static_cast<double>(values.size())) return {};
  make_nan(values, outlier);
  bridge_gaps(values);
  const double sigma_K = mad_sigma(distance_K);
  return sigma_K * sigma_K * lost_by_bridging(limit_K / sigma_K);
}

double power_nearest(std::span<const SpectrumBin> bins, double frequency_Hz) {
  const auto distance = [&](const SpectrumBin& bin) { return std::abs(std::log(bin.frequency_Hz / frequency_Hz)); };
  const auto nearest = std::ranges::min_element(bins, {}, distance);
  return nearest == bins.end() ? kNan : nearest->power;
}

/// Mean of the power above kWhiteFrequency_Hz less what the gain filter left of the gain; NaN without a mode there.
double white_variance_K2(std::span<const SpectrumBin> bins, const std::function<double(double)>& gain_power_K2) {
  double sum = 0.0, n = 0.0;
  for (const SpectrumBin& bin : bins) {
    if (bin.frequency_Hz < kWhiteFrequency_Hz) continue;
    sum += bin.n_modes * (bin.power - gain_power_K2(bin.frequency_Hz));
    n += bin.n_modes;
  }
  return sum / n;
}

/// `log_bins`: white and 1/f noise together from one Fourier spectrum.
NoiseModel fit_log_bins(std::span<const double> values, const NoiseStatsLevel2Config& config, double sample_time_s,
                        NoiseStatistics& result) {
  result.spectrum = binned_power_spectrum(values, sample_time_s, config.n_bins);
  const double red_K = std::sqrt(power_nearest(result.spectrum, config.reference_frequency_Hz));
  return fit_noise_model(result.spectrum, config.reference_frequency_Hz, {result.auto_rms_K, red_K, kStartAlpha});
}

/// `likelihood`. The spectrum of filtered data is no power law: white noise from high frequencies, 1/f noise from low.
NoiseModel fit_likelihood(std::span<const double> values, std::span<const double> lost,
                          const NoiseStatsLevel2Config& config, const NoiseSeries& series, NoiseStatistics& result) {
  result.spectrum = binned_cosine_spectrum(values, lost, series.sample_time_s, config.n_bins);
  const double reference_Hz = config.reference_frequency_Hz;
  std::span<const SpectrumBin> bins = result.spectrum;
  NoiseModel start{result.auto_rms_K, std::sqrt(power_nearest(bins, reference_Hz)), kStartAlpha};
  const bool is_filtered = static_cast<bool>(series.gain_power_K2);
  if (is_filtered) {
    start.sigma_white = std::sqrt(white_variance_K2(bins, series.gain_power_K2));
    bins = bins.first(
        std::ranges::count_if(bins, [](const SpectrumBin& bin) { return bin.frequency_Hz < kRedFrequency_Hz; }));
  }
  return fit_noise_model(bins, reference_Hz, start, SpectrumFit::likelihood, is_filtered);
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

class NoiseStatsLevel2Worker final : public FeedWorker {
 public:
  NoiseStatsLevel2Worker(const ObservationContext& observation, int feed, const NoiseStatsLevel2Config& config,
                         const BrightSky* bright_sky, ProductTable& products)
      : observation_(observation), feed_(feed), config_(config), products_(products) {
    if (bright_sky != nullptr) bright_ = bright_sky->mask(observation.level1, feed);
  }

  void finish() override {
    for (std::size_t i = 0; i < config_.datasets.size(); ++i) fill_products(i);
  }

 private:
  void fill_products(std::size_t index) {
    const level2::NoiseDatasets& noise = level2::noise_of(config_.datasets[index]);
    const bool is_filtered = &noise == &level2::kNoiseOfFiltered;
    const auto streams = products_.get(is_filtered ? level2::kBinnedFiltered : level2::kBinned);
    const auto shape = shape_of(kBands, observation_.n_freq_bin, observation_.scans.size());
    Array<double, 3> sigma_white(shape), sigma_red(shape), alpha(shape), auto_rms(shape);
    for (int band = 0; band < kBands; ++band) {
      for (int bin = 0; bin < observation_.n_freq_bin; ++bin) {
        const std::size_t element = band * observation_.n_freq_bin + bin;
        for (std::size_t scan = 0; scan < observation_.scans.size(); ++scan) {
          NoiseSeries series = series_of(streams.row(band, bin), scan);
          series.seed = series_seed({config_.seed, static_cast<std::uint64_t>(observation_.obsid),
                                     static_cast<std::uint64_t>(feed_), index, element, scan});
          if (is_filtered) series.gain_power_K2 = filtered_gain_power_K2(products_, band, bin, scan);
          const NoiseStatistics found = noise_statistics(series, config_);
          sigma_white(band, bin, scan) = found.sigma_white_K;
          sigma_red(band, bin, scan) = found.sigma_red_K;
          alpha(band, bin, scan) = found.alpha;
          auto_rms(band, bin, scan) = found.auto_rms_K;
        }
      }
    }
    products_.set(noise.sigma_white, std::move(sigma_white));
    products_.set(noise.sigma_red, std::move(sigma_red));
    products_.set(noise.alpha, std::move(alpha));
    products_.set(noise.auto_rms, std::move(auto_rms));
  }

  NoiseSeries series_of(std::span<const float> stream, std::size_t scan) const {
    const Level1Metadata& level1 = observation_.level1;
    const auto [start, end] = observation_.scans[scan];
    const std::size_t first = start;
    const std::size_t length = end - start;
    NoiseSeries series;
    series.values_K = stream.subspan(first, length);
    series.elevation_deg = feed_samples(level1, level1.elevation_deg, feed_, {start, end});
    if (!bright_.empty()) series.bright = std::span<const std::uint8_t>(bright_).subspan(first, length);
    series.sample_time_s = level1.sample_time_s;
    return series;
  }

  const ObservationContext& observation_;
  int feed_;
  const NoiseStatsLevel2Config& config_;
  ProductTable& products_;
  std::vector<std::uint8_t> bright_;  ///< [sample]; empty without a map
};

}  // namespace

NoiseStatistics noise_statistics(const NoiseSeries& series, const NoiseStatsLevel2Config& config) {
  const bool by_likelihood = config.fit == "likelihood";
  std::vector<double> values(series.values_K.begin(), series.values_K.end());
  make_nan(values, series.bright);  // a source is neither trend nor noise
  std::vector<double> lost;
  if (config.detrend) {
    std::vector<std::vector<double>> templates = trend_templates(series);
    subtract_templates(values, templates);
    if (by_likelihood) lost = lost_to_airmass(std::move(templates));
  } else {
    remove_median(values);
  }
  NoiseStatistics result{kNan, kNan, kNan, auto_rms(values, config.estimator), {}};
  if (!(result.auto_rms_K > 0.0)) return result;
  bridge_gaps(values);
  add_noise(values, series.bright, result.auto_rms_K, series.seed);
  const std::optional<double> lost_K2 = bridge_outliers(values, result.auto_rms_K, config);
  if (!lost_K2) return result;

  const NoiseModel fit = by_likelihood ? fit_likelihood(values, lost, config, series, result)
                                       : fit_log_bins(values, config, series.sample_time_s, result);
  result.sigma_white_K = by_likelihood ? std::hypot(fit.sigma_white, std::sqrt(*lost_K2)) : fit.sigma_white;
  result.sigma_red_K = fit.sigma_red;
  result.alpha = fit.alpha;
  return result;
}

NoiseStatsLevel2::NoiseStatsLevel2(NoiseStatsLevel2Config config) : config_(std::move(config)) {
  if (config_.planck_map.empty()) return;
  bright_sky_ = std::make_shared<const BrightSky>(config_.planck_map, config_.planck_bright_cut_K);
}

void bind(Binder& binder, NoiseStatsLevel2Config& config) {
  constexpr double kMaxSeed = 9e15;
  binder.choice_list("datasets", config.datasets, {"binned_filtered_data", "binned_data"}, "fitted datasets");
  binder.path("planck_map", config.planck_map, "HEALPix FITS file; empty = bright sky is not left out");
  binder.number("planck_bright_cut_K", config.planck_bright_cut_K, {0}, "samples in brighter sky are replaced [K]");
  binder.flag("detrend", config.detrend, "remove constant, airmass and slope first");
  bind_estimator(binder, config.estimator);
  binder.integer_as("median_window", config.median_window, {1, 1e6}, "of the outlier search [samples]");
  binder.number("outlier_sigma", config.outlier_sigma, {kAboveZero}, "[auto_rms]");
  binder.number("max_outlier_fraction", config.max_outlier_fraction, {0, 1}, "more outliers: no fit");
  binder.integer_as("n_bins", config.n_bins, {3, 1e6}, "logarithmic bins of the power spectrum");
  binder.choice("fit", config.fit, {"likelihood", "log_bins"},
                "by maximum likelihood, or to the logarithm of the bins");
  binder.number("reference_frequency_Hz", config.reference_frequency_Hz, {kAboveZero, 25},
                "frequency at which sigma_red is meant [Hz]");
  binder.integer_as("seed", config.seed, {0, kMaxSeed}, "of the noise put in for bright sky");
}

DatasetList NoiseStatsLevel2::writes() const {
  DatasetList datasets;
  for (const std::string& dataset : config_.datasets) {
    const level2::NoiseDatasets& noise = level2::noise_of(dataset);
    for (const auto* one : {&noise.sigma_white, &noise.sigma_red, &noise.alpha, &noise.auto_rms})
      datasets.push_back(one);
  }
  return datasets;
}

nlohmann::json NoiseStatsLevel2::summary(const ObservationContext& /*observation*/,
                                         const std::vector<ProductTable>& feeds) const {
  for (const std::string& dataset : config_.datasets) {
    std::int64_t n_data = 0, n_fits = 0;
    for (const ProductTable& products : feeds) {
      const level2::NoiseDatasets& noise = level2::noise_of(dataset);
      if (!products.contains(noise.auto_rms)) continue;
      const auto is_finite = [](double value) { return std::isfinite(value); };
      n_data += std::ranges::count_if(products.flat(noise.auto_rms), is_finite);
      n_fits += std::ranges::count_if(products.flat(noise.sigma_red), is_finite);
    }
    if (n_fits == n_data) continue;
    log_info(
        "{}: {} of {} scans of a feed and sub-band have a noise fit (sigma_red, alpha); in the others more than {} % "
        "of "
        "the samples stand out, as on bright sky{}",
        dataset, n_fits, n_data, kPercent * config_.max_outlier_fraction,
        config_.planck_map.empty() ? " (level2.noise_stats_level2.planck_map leaves it out)" : "");
  }
  return nlohmann::json::object();
}

std::unique_ptr<FeedWorker> NoiseStatsLevel2::start_feed(const ObservationContext& observation, int feed,
                                                         ProductTable& products) const {
  return std::make_unique<NoiseStatsLevel2Worker>(observation, feed, config_, bright_sky_.get(), products);
}

}  // namespace comap
