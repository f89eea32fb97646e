#include "stages/stage.hpp"

#include "core/constants.hpp"
#include "data/observation.hpp"

namespace comap {

level2::AxisLengths axis_lengths(const ObservationContext& observation) {
  const Level1Metadata& level1 = observation.level1;
  const bool has_events = observation.products.contains(level2::kVaneEventMjd);
  level2::AxisLengths lengths{};
  const auto set = [&](level2::Axis axis, auto length) {
    lengths[static_cast<std::size_t>(axis)] = static_cast<Index>(length);
  };
  set(level2::Axis::feed, kScienceFeeds);
  set(level2::Axis::feed_row, level1.n_feeds);
  set(level2::Axis::event, has_events ? observation.products.get(level2::kVaneEventMjd).size() : 0);
  set(level2::Axis::band, kBands);
  set(level2::Axis::other_band, kBands);
  set(level2::Axis::sub_band, observation.n_freq_bin);
  set(level2::Axis::channel, level1.n_channels);
  set(level2::Axis::scan, observation.scans.size());
  set(level2::Axis::sample, level1.n_samples);
  set(level2::Axis::edge, 2);
  return lengths;
}

std::vector<CalibrationFlux> Stage::calibration_flux(const ObservationContext& /*observation*/, int /*feed*/,
                                                     const ProductTable& /*products*/) const {
  return {};
}

}  // namespace comap
