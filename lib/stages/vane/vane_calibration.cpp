#include "stages/vane/vane_calibration.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap {
namespace {

using Events = View<const float, 3>;  ///< [event][band][channel]

double mean_of_events(const Events& events, int band, int channel) {
  double sum = 0.0;
  int count = 0;
  for (Index event = 0; event < events.shape(0); ++event) {
    const double value = events(event, band, channel);
    if (!std::isfinite(value)) continue;
    sum += value;
    ++count;
  }
  return count > 0 ? sum / count : kNan;
}

double interpolated(const Events& events, View<const double, 1> event_mjd, int band, int channel, double mjd) {
  double before_mjd = kNan, before = kNan;
  for (Index event = 0; event < events.shape(0); ++event) {
    const double value = events(event, band, channel);
    if (!std::isfinite(value)) continue;
    if (event_mjd(event) >= mjd) {
      if (!std::isfinite(before)) return value;
      return before + (value - before) * (mjd - before_mjd) / (event_mjd(event) - before_mjd);
    }
    before = value;
    before_mjd = event_mjd(event);
  }
  return before;
}

/// For each band the first event that gave a gain for any of its channels.
std::array<Index, kBands> first_usable(const Events& gain) {
  std::array<Index, kBands> first{};
  for (std::size_t band = 0; band < kBands; ++band) {
    for (Index event = gain.shape(0); event-- > 0;) {
      if (std::ranges::any_of(gain.row(event, band), [](float value) { return std::isfinite(value); }))
        first[band] = event;
    }
  }
  return first;
}

Array<double, 2> combine(const Events& events, View<const double, 1> event_mjd, const SystemTemperatureConfig& config,
                         double mjd, const std::array<Index, kBands>& first_event) {
  Array<double, 2> result(shape_of(kBands, events.shape(2)));
  for (int band = 0; band < kBands; ++band) {
    for (int channel = 0; channel < events.shape(2); ++channel) {
      double& value = result(band, channel);
      if (config.event == "mean") {
        value = mean_of_events(events, band, channel);
      } else if (config.event == "interpolate") {
        value = interpolated(events, event_mjd, band, channel, mjd);
      } else {
        value = events(first_event[band], band, channel);
      }
    }
  }
  return result;
}

}  // namespace

VaneCalibration calibration_at(const ObservationContext& observation, const ProductTable& feed_products,
                               const SystemTemperatureConfig& config, double mjd) {
  const auto event_mjd = observation.products.get(level2::kVaneEventMjd);
  const Events tsys = feed_products.get(level2::kSystemTemperature);
  const Events gain = feed_products.get(level2::kGain);
  if (event_mjd.empty() || gain.shape() != shape_of(event_mjd.size(), kBands, observation.level1.n_channels)) {
    throw Bug("calibration_at: the vane products do not fit the vane events");
  }
  const auto first_event = first_usable(gain);
  return {combine(tsys, event_mjd, config, mjd, first_event), combine(gain, event_mjd, config, mjd, first_event)};
}

}  // namespace comap
