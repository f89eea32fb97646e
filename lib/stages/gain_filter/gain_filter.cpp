#include "stages/gain_filter/gain_filter.hpp"

#include <fmt/core.h>

#include "core/error.hpp"
#include "stages/gain_filter/common_gain_worker.hpp"
#include "stages/gain_filter/gain_filter_products.hpp"
#include "stages/gain_filter/line_worker.hpp"
#include "stages/gain_filter/maximum_posterior_worker.hpp"

namespace comap {
namespace {

std::string_view method_name(GainFilterMethod method) {
  switch (method) {
    case GainFilterMethod::maximum_posterior:
      return "maximum_posterior";
    case GainFilterMethod::least_squares:
      return "least_squares";
    case GainFilterMethod::common_mode:
      return "common_mode";
    case GainFilterMethod::line:
      return "line";
  }
  throw Bug("a gain filter method without a name");
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

nlohmann::json GainFilter::parameters() const {
  return {{"method", method_name(config_.method)},
          {"template", config_.gain_template == GainTemplate::tsys ? "tsys" : "scan_median"},
          {"sky", config_.sky},
          {"channel_weights", config_.channel_weights == ChannelWeights::measured ? "measured" : "radiometer"},
          {"subtract_atmosphere", config_.subtract_atmosphere},
          {"channel_quality", config_.channel_quality},
          {"edge_cut_fraction", config_.edge_cut_fraction},
          {"centre_cut_fraction", config_.centre_cut_fraction},
          {"n_freq_bin", config_.n_freq_bin},
          {"prior_sigma", config_.prior_sigma},
          {"prior_alpha", config_.prior_alpha},
          {"prior_band_ratio", config_.prior_band_ratio},
          {"line_mask", config_.line_mask},
          {"event", calibration_.event}};
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
