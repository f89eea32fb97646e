#include "stages/gain_filter.hpp"

#include <fmt/core.h>

#include "core/error.hpp"
#include "stages/common_gain_worker.hpp"
#include "stages/gain_filter_products.hpp"
#include "stages/maximum_posterior_worker.hpp"

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

}  // namespace

GainFilter::GainFilter(GainFilterConfig config, SystemTemperatureConfig calibration)
    : config_(std::move(config)), calibration_(std::move(calibration)) {
  if (config_.method == GainFilterMethod::line) {
    throw ConfigError("level2.gain_filter.method: \"line\" is not available; use \"maximum_posterior\"");
  }
  if (config_.sky != "free") {
    throw ConfigError(fmt::format("level2.gain_filter.sky: \"{}\" is not available; use \"free\"", config_.sky));
  }
  if (config_.n_freq_bin < 1) {
    throw ConfigError(fmt::format("level2.gain_filter.n_freq_bin: {} must be at least 1", config_.n_freq_bin));
  }
}

FieldList GainFilter::requires_fields() const {
  FieldList fields = {Field::vane_calibration, Field::scan_edges};
  if (config_.method != GainFilterMethod::maximum_posterior && config_.channel_weights == ChannelWeights::measured) {
    fields.push_back(Field::level1_noise);
  }
  return fields;
}

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
          {"event", calibration_.event}};
}

std::vector<OutputSpec> GainFilter::outputs(const ObservationContext& observation) const {
  return gain_filter_outputs(observation, config_.n_freq_bin);
}

std::unique_ptr<FeedWorker> GainFilter::start_feed(const ObservationContext& observation, int feed,
                                                   ProductTable& products) const {
  if (config_.method == GainFilterMethod::maximum_posterior) {
    return std::make_unique<MaximumPosteriorWorker>(observation, feed, config_, calibration_, products);
  }
  return std::make_unique<CommonGainWorker>(observation, feed, config_, calibration_, products);
}

}  // namespace comap
