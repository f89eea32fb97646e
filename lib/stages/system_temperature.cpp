#include "stages/system_temperature.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "io/level2_schema.hpp"
#include "math/median.hpp"
#include "stages/housekeeping.hpp"
#include "stages/output_spec.hpp"

namespace comap {
namespace {

enum class Load : std::uint8_t { none, hot, cold };

/// Which load fills the beam at each sample of an event; all `none` when the event cannot be used.
std::vector<Load> loads_of_event(const Level1Metadata& level1, SampleRange event,
                                 const SystemTemperatureConfig& config) {
  const std::vector<double> angle_deg = vane_angle_at_samples(level1, event, config.hk_time_offset_s);
  std::vector<Load> loads(angle_deg.size(), Load::none);
  double minimum_deg = std::numeric_limits<double>::infinity();
  for (const double angle : angle_deg) minimum_deg = std::min(minimum_deg, std::isnan(angle) ? minimum_deg : angle);
  const double hot_limit_deg = minimum_deg + config.vane_hot_margin_deg;
  if (hot_limit_deg > config.vane_cold_angle_deg) return loads;  // the vane never moved in
  for (std::size_t i = 0; i < loads.size(); ++i) {
    if (angle_deg[i] < hot_limit_deg) loads[i] = Load::hot;
    if (angle_deg[i] > config.vane_cold_angle_deg) loads[i] = Load::cold;
  }
  if (std::ranges::find(loads, Load::cold) == loads.end()) std::ranges::fill(loads, Load::none);
  return loads;
}

bool usable(const std::vector<Load>& loads) { return std::ranges::find(loads, Load::hot) != loads.end(); }

double hot_temperature_K(const Level1Metadata& level1) {
  double sum = 0.0;
  int count = 0;
  for (const double temperature : level1.vane.shroud_temperature_C) {
    if (!std::isfinite(temperature)) continue;
    sum += temperature;
    ++count;
  }
  if (count == 0) {
    throw ObservationError(fmt::format("{}: hk/antenna0/vane/Tshroud: no finite temperature", level1.path));
  }
  return sum / count + kZeroCelsius_K;
}

/// Of finite values.
struct Sum {
  double sum = 0.0;
  double n = 0.0;

  void add(std::span<const float> values) {
    constexpr std::size_t kLanes = 16;  // independent partial sums, so that the loop uses vectors
    std::array<double, kLanes> sums{};
    std::array<double, kLanes> counts{};
    const auto add_one = [&](std::size_t lane, float value) {
      const bool finite = value - value == 0.0F;
      sums[lane] += finite ? static_cast<double>(value) : 0.0;
      counts[lane] += finite ? 1.0 : 0.0;
    };
    std::size_t i = 0;
    for (; i + kLanes <= values.size(); i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) add_one(lane, values[i + lane]);
    }
    for (; i < values.size(); ++i) add_one(i % kLanes, values[i]);
    sum = std::accumulate(sums.begin(), sums.end(), sum);
    n = std::accumulate(counts.begin(), counts.end(), n);
  }
  double mean() const { return sum / n; }
};

class Worker final : public FeedWorker {
 public:
  Worker(const ObservationContext& observation, const SystemTemperatureConfig& config, ProductTable& products)
      : n_channels_(static_cast<std::size_t>(observation.level1.n_channels)),
        hot_temperature_K_(hot_temperature_K(observation.level1)),
        cold_temperature_K_(config.cold_temperature_K),
        products_(products) {
    for (const SampleRange& event : observation.vane_events) {
      loads_.push_back(loads_of_event(observation.level1, event, config));
      starts_.push_back(event[0]);
    }
    const std::size_t size = observation.vane_events.size() * kBands * n_channels_;
    tsys_K_.assign(size, std::numeric_limits<float>::quiet_NaN());
    gain_.assign(size, std::numeric_limits<float>::quiet_NaN());
  }

  void consume_vane(const FeedBlock& block) override {
    const auto event = static_cast<std::size_t>(block.scan);
    const auto offset = static_cast<std::size_t>(block.start - starts_.at(event));
    const std::span<const Load> loads =
        std::span(loads_[event]).subspan(offset, static_cast<std::size_t>(block.n_samples));
    for (int channel = 0; channel < block.n_channels; ++channel) {
      const auto [hot, cold] = means(block.channel(channel), loads);
      const TsysAndGain result = tsys_from_vane(hot, cold, hot_temperature_K_, cold_temperature_K_);
      const std::size_t element =
          (event * kBands + static_cast<std::size_t>(block.band)) * n_channels_ + static_cast<std::size_t>(channel);
      tsys_K_[element] = static_cast<float>(result.system_temperature_K);
      gain_[element] = static_cast<float>(result.gain_counts_per_K);
    }
  }

  void finish_vane() override {
    products_.set(level2::kSystemTemperature, std::move(tsys_K_));
    products_.set(level2::kGain, std::move(gain_));
  }

 private:
  struct Means {
    double hot;
    double cold;
  };

  static Means means(std::span<const float> counts, std::span<const Load> loads) {
    std::array<Sum, 3> sums{};
    for (std::size_t start = 0; start < loads.size();) {
      std::size_t end = start + 1;
      while (end < loads.size() && loads[end] == loads[start]) ++end;
      if (loads[start] != Load::none) {
        sums[static_cast<std::size_t>(loads[start])].add(counts.subspan(start, end - start));
      }
      start = end;
    }
    return {sums[static_cast<std::size_t>(Load::hot)].mean(), sums[static_cast<std::size_t>(Load::cold)].mean()};
  }

  std::size_t n_channels_;
  double hot_temperature_K_;
  double cold_temperature_K_;
  ProductTable& products_;
  std::vector<std::vector<Load>> loads_;  ///< [event][sample]
  std::vector<std::int64_t> starts_;      ///< [event] first sample
  std::vector<float> tsys_K_;             ///< [event][band][channel]
  std::vector<float> gain_;               ///< [event][band][channel]
};

}  // namespace

TsysAndGain tsys_from_vane(double hot_counts, double cold_counts, double hot_temperature_K, double cold_temperature_K) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (!(cold_counts > 0.0 && hot_counts > cold_counts)) return {kNan, kNan};
  const double y = hot_counts / cold_counts;
  return {(hot_temperature_K - y * cold_temperature_K) / (y - 1.0),
          (hot_counts - cold_counts) / (hot_temperature_K - cold_temperature_K)};
}

nlohmann::json SystemTemperature::parameters() const {
  return {{"vane_hot_margin_deg", config_.vane_hot_margin_deg},
          {"vane_cold_angle_deg", config_.vane_cold_angle_deg},
          {"hk_time_offset_s", config_.hk_time_offset_s},
          {"cold_temperature_K", config_.cold_temperature_K},
          {"event", config_.event}};
}

void SystemTemperature::prepare(ObservationContext& observation) const {
  const Level1Metadata& level1 = observation.level1;
  const std::vector<int> features = frame_feature_at_samples(level1, config_.hk_time_offset_s);
  observation.vane_events = runs_of(features, kVaneFeature, {0, level1.n_samples});
  if (observation.vane_events.empty()) {
    throw ObservationError(
        fmt::format("{}: hk/array/frame/features: no vane event (a run of feature {})", level1.path, kVaneFeature));
  }
  std::vector<double> mid_mjd;
  bool any = false;
  for (const SampleRange& event : observation.vane_events) {
    const double first = level1.mjd[static_cast<std::size_t>(event[0])];
    const double last = level1.mjd[static_cast<std::size_t>(event[1] - 1)];
    mid_mjd.push_back(0.5 * (first + last));
    any = any || usable(loads_of_event(level1, event, config_));
  }
  if (!any) {
    throw ObservationError(fmt::format("{}: hk/antenna0/vane/angle: no vane event has hot and cold samples ({} events)",
                                       level1.path, mid_mjd.size()));
  }
  observation.products.set(level2::kVaneEventMjd, std::move(mid_mjd));
}

std::vector<OutputSpec> SystemTemperature::outputs(const ObservationContext& observation) const {
  return {vane_output(level2::kSystemTemperature, observation, "K"),
          vane_output(level2::kGain, observation, "counts/K"),
          observation_output(level2::kVaneEventMjd, h5::StoredType::float64, {observation.vane_events.size()}, "d")};
}

std::unique_ptr<FeedWorker> SystemTemperature::start_feed(const ObservationContext& observation, int /*feed*/,
                                                          ProductTable& products) const {
  return std::make_unique<Worker>(observation, config_, products);
}

nlohmann::json SystemTemperature::summary(const ObservationContext& /*observation*/,
                                          const std::vector<ProductTable>& feeds) const {
  std::vector<float> all;
  for (const ProductTable& products : feeds) {
    if (!products.contains(level2::kSystemTemperature)) continue;
    const auto values = products.get<float>(level2::kSystemTemperature);
    all.insert(all.end(), values.begin(), values.end());
  }
  return {{"median_tsys", static_cast<double>(median(std::span<const float>(all)))}};
}

}  // namespace comap
