#include "stages/post_bin_cleaning.hpp"

#include <cmath>

#include "config/binder.hpp"
#include "core/constants.hpp"
#include "data/level2_datasets.hpp"
#include "math/auto_rms.hpp"
#include "math/detrend.hpp"
#include "math/median.hpp"
#include "math/moving_median.hpp"
#include "stages/atmosphere/atmosphere_fit.hpp"
#include "stages/feed_row.hpp"

namespace comap {
namespace {

void subtract_baseline(std::vector<double>& values, std::size_t window) {
  const std::size_t n = values.size();
  if (n <= window) {
    std::vector<double> time(n);
    for (std::size_t i = 0; i < n; ++i) time[i] = static_cast<double>(i) / static_cast<double>(n);
    subtract_templates(values, {std::vector<double>(n, 1.0), std::move(time)});
    return;
  }
  const std::vector<double> baseline = moving_median(values, window);
  for (std::size_t i = 0; i < n; ++i) values[i] -= baseline[i];
}

/// The values that the fit of the atmosphere sees: NaN where they are further from the baseline than noise.
std::vector<float> without_outliers(std::span<const float> values, const PostBinCleaningConfig& config) {
  std::vector<double> residual(values.begin(), values.end());
  subtract_baseline(residual, config.medfilt_length);
  const double limit = config.outlier_sigma * auto_rms(residual, NoiseEstimator::mad);
  std::vector<float> kept(values.begin(), values.end());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (std::abs(residual[i]) > limit) kept[i] = kFloatNan;
  }
  return kept;
}

class PostBinCleaningWorker final : public FeedWorker {
 public:
  PostBinCleaningWorker(const ObservationContext& observation, int feed, const PostBinCleaningConfig& config,
                        double min_elevation_range_deg, ProductTable& products)
      : observation_(observation),
        feed_(feed),
        config_(config),
        min_elevation_range_deg_(min_elevation_range_deg),
        products_(products) {}

  void finish() override {
    const bool cleaned_before = products_.contains(level2::kUncleaned);
    Array<float, 3> uncleaned(products_.get(cleaned_before ? level2::kUncleaned : level2::kBinnedFiltered));
    Array<float, 3> cleaned = uncleaned;
    const Level1Metadata& level1 = observation_.level1;
    for (int band = 0; band < kBands; ++band) {
      for (Index bin = 0; bin < cleaned.shape(1); ++bin) {
        for (const auto& scan : observation_.scans) {
          clean_scan(cleaned.view().piece(scan[0], scan[1] - scan[0], band, bin),
                     feed_samples(level1, level1.elevation_deg, feed_, scan), config_, min_elevation_range_deg_);
        }
      }
    }
    products_.set(level2::kUncleaned, std::move(uncleaned));
    products_.set(level2::kBinnedFiltered, std::move(cleaned));
  }

 private:
  const ObservationContext& observation_;
  int feed_;
  const PostBinCleaningConfig& config_;
  double min_elevation_range_deg_;
  ProductTable& products_;
};

}  // namespace

void clean_scan(std::span<float> values_K, std::span<const double> elevation_deg, const PostBinCleaningConfig& config,
                double min_elevation_range_deg) {
  const std::vector<float> kept = without_outliers(values_K, config);
  const ScanAirmass airmass(elevation_deg);
  AtmosphereLine line = {median(std::span<const float>(kept)), 0.0};
  if (airmass.elevation_range_deg() >= min_elevation_range_deg) line = airmass.fit(kept);
  std::vector<double> result(values_K.begin(), values_K.end());
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double slope = line.tau == 0.0 ? 0.0 : line.tau / std::sin(elevation_deg[i] * kDegree_rad);
    result[i] -= line.offset + slope;
  }
  subtract_baseline(result, config.medfilt_length);
  for (std::size_t i = 0; i < result.size(); ++i) values_K[i] = static_cast<float>(result[i]);
}

void bind(Binder& binder, PostBinCleaningConfig& config) {
  binder.integer_as("medfilt_length", config.medfilt_length, {3, 1e6}, "window of the moving median [samples]");
  binder.number("outlier_sigma", config.outlier_sigma, {kAboveZero}, "further samples stay out of the fit [auto_rms]");
}

std::vector<OutputAttribute> PostBinCleaning::attributes() const {
  return {{std::string(level2::kPostBinCleaning), "status", std::string("complete")}};
}

std::unique_ptr<FeedWorker> PostBinCleaning::start_feed(const ObservationContext& observation, int feed,
                                                        ProductTable& products) const {
  return std::make_unique<PostBinCleaningWorker>(observation, feed, config_, atmosphere_.min_elevation_range_deg,
                                                 products);
}

}  // namespace comap
