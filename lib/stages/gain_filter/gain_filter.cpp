#include "stages/gain_filter/gain_filter.hpp"

#include <fmt/core.h>

#include "config/binder.hpp"
#include "core/error.hpp"
#include "stages/gain_filter/common_gain_worker.hpp"
#include "stages/gain_filter/gain_filter_products.hpp"
#include "stages/gain_filter/line_worker.hpp"
#include "stages/gain_filter/maximum_posterior_worker.hpp"

namespace comap {
namespace {

void bind_line_mask(Binder& binder, GainFilterConfig& config) {
  std::vector<std::vector<double>> rows;
  for (const auto& line : config.line_mask) rows.push_back({line[0], line[1]});
  binder.number_rows(
      "line_mask", rows, 2,
      "for method = \"line\": [[rest_GHz, width_GHz], ...], out of the fit: rest +- width, at least 3 channels");
  config.line_mask.clear();
  for (const auto& row : rows) config.line_mask.push_back({row[0], row[1]});
}

/// The methods that average channels with channel_weights.
bool is_common_gain(GainFilterMethod method) {
  return method == GainFilterMethod::least_squares || method == GainFilterMethod::common_mode;
}

}  // namespace

GainFilter::GainFilter(GainFilterConfig config, SystemTemperatureConfig calibration)
    : config_(std::move(config)), calibration_(std::move(calibration)) {
  if (config_.n_freq_bin < 1) {
    throw ConfigError(fmt::format("level2.gain_filter.n_freq_bin: {} must be at least 1", config_.n_freq_bin));
  }
}

DatasetList GainFilter::reads() const {
  DatasetList datasets = {&level2::kGain, &level2::kScanEdges};
  if (is_common_gain(config_.method) && config_.channel_weights == ChannelWeights::measured) {
    datasets.push_back(&level2::kLevel1AutoRms);
  }
  return datasets;
}

DatasetList GainFilter::writes() const { return gain_filter_datasets(config_); }

void bind(Binder& binder, GainFilterConfig& config) {
  binder.choice_as("method", config.method,
                   {{"maximum_posterior", GainFilterMethod::maximum_posterior},
                    {"least_squares", GainFilterMethod::least_squares},
                    {"common_mode", GainFilterMethod::common_mode},
                    {"line", GainFilterMethod::line}},
                   "how gain is told from sky");
  binder.choice_as("template", config.gain_template,
                   {{"scan_median", GainTemplate::scan_median}, {"tsys", GainTemplate::tsys}},
                   "for least_squares and common_mode");
  binder.choice("sky", config.sky, {"free", "power_law"}, "spectrum of the sky in the filter");
  binder.choice_as("channel_weights", config.channel_weights,
                   {{"radiometer", ChannelWeights::radiometer}, {"measured", ChannelWeights::measured}},
                   "weights of channels in averages");
  binder.flag("subtract_atmosphere", config.subtract_atmosphere, "as the Python pipeline does");
  binder.flag("channel_quality", config.channel_quality, "leave out channels with too much noise");
  binder.number("edge_cut_fraction", config.edge_cut_fraction, {0, 0.5}, "of a band's channels, at either end");
  binder.number("centre_cut_fraction", config.centre_cut_fraction, {0, 1}, "of a band's channels, around the centre");
  binder.integer_as("n_freq_bin", config.n_freq_bin, {1, 64}, "sub-bands of a band");
  binder.number("prior_sigma", config.prior_sigma, {0, 1}, "relative gain at 0.1 Hz; 0 = from the data");
  binder.number("prior_alpha", config.prior_alpha, {-4, 0}, "slope of the gain spectrum; 0 = from the data");
  binder.number("prior_band_ratio", config.prior_band_ratio, {0, 100}, "sigma_b / sigma_c: band's own over common");
  bind_line_mask(binder, config);
}

std::unique_ptr<FeedWorker> GainFilter::start_feed(const ObservationContext& observation, int feed,
                                                   ProductTable& products) const {
  if (config_.method == GainFilterMethod::maximum_posterior) {
    return std::make_unique<MaximumPosteriorWorker>(observation, feed, config_, calibration_, products);
  }
  if (config_.method == GainFilterMethod::line) {
    return std::make_unique<LineWorker>(observation, feed, config_, calibration_, products);
  }
  return std::make_unique<CommonGainWorker>(observation, feed, config_, calibration_, products);
}

}  // namespace comap
