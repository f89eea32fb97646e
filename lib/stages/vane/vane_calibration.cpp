#include "stages/vane/vane_calibration.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "io/level2/level2_schema.hpp"

namespace comap {
namespace {

/// Values of all events, [event][element], element = (band, channel).
struct Events {
  std::span<const float> values;
  std::span<const double> mjd;
  std::size_t n_elements;

  double at(std::size_t event, std::size_t element) const { return values[event * n_elements + element]; }
};

double mean_of_events(const Events& events, std::size_t element) {
  double sum = 0.0;
  int count = 0;
  for (std::size_t event = 0; event < events.mjd.size(); ++event) {
    const double value = events.at(event, element);
    if (!std::isfinite(value)) continue;
    sum += value;
    ++count;
  }
  return count > 0 ? sum / count : kNan;
}

double interpolated(const Events& events, std::size_t element, double mjd) {
  double before_mjd = kNan, before = kNan;
  for (std::size_t event = 0; event < events.mjd.size(); ++event) {
    const double value = events.at(event, element);
    if (!std::isfinite(value)) continue;
    if (events.mjd[event] >= mjd) {
      if (!std::isfinite(before)) return value;
      return before + (value - before) * (mjd - before_mjd) / (events.mjd[event] - before_mjd);
    }
    before = value;
    before_mjd = events.mjd[event];
  }
  return before;
}

/// For each band the first event that gave a gain for any of its channels.
std::array<std::size_t, kBands> first_usable(const Events& gain) {
  std::array<std::size_t, kBands> first{};
  const std::size_t n_channels = gain.n_elements / kBands;
  for (std::size_t band = 0; band < kBands; ++band) {
    for (std::size_t event = gain.mjd.size(); event-- > 0;) {
      const auto values = gain.values.subspan(event * gain.n_elements + band * n_channels, n_channels);
      if (std::ranges::any_of(values, [](float value) { return std::isfinite(value); })) first[band] = event;
    }
  }
  return first;
}

std::vector<double> combine(const Events& events, const SystemTemperatureConfig& config, double mjd,
                            const std::array<std::size_t, kBands>& first_event) {
  std::vector<double> result(events.n_elements, kNan);
  for (std::size_t element = 0; element < events.n_elements; ++element) {
    if (config.event == "mean") {
      result[element] = mean_of_events(events, element);
    } else if (config.event == "interpolate") {
      result[element] = interpolated(events, element, mjd);
    } else {
      result[element] = events.at(first_event[element * kBands / events.n_elements], element);
    }
  }
  return result;
}

}  // namespace

VaneCalibration calibration_at(const ObservationContext& observation, const ProductTable& feed_products,
                               const SystemTemperatureConfig& config, double mjd) {
  const auto event_mjd = observation.products.get<double>(level2::kVaneEventMjd);
  const std::size_t n_elements = std::size_t{kBands} * static_cast<std::size_t>(observation.level1.n_channels);
  const Events tsys{feed_products.get<float>(level2::kSystemTemperature), event_mjd, n_elements};
  const Events gain{feed_products.get<float>(level2::kGain), event_mjd, n_elements};
  if (event_mjd.empty() || gain.values.size() != event_mjd.size() * n_elements) {
    throw Bug("calibration_at: the vane products do not fit the vane events");
  }
  const auto first_event = first_usable(gain);
  return {combine(tsys, config, mjd, first_event), combine(gain, config, mjd, first_event)};
}

}  // namespace comap
