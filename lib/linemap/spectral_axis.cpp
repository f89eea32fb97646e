#include "linemap/spectral_axis.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "stages/gain_filter/line_filter.hpp"

namespace comap {
namespace {

constexpr double kSameChannel = 1e-3;  // in channels: 20 m/s
constexpr double kNearChannel = 0.1;
constexpr double kMaxIrregularity = 0.01;

std::array<double, 4> lagrange_weights(double f) {
  return {-f * (f - 1.0) * (f - 2.0) / 6.0, (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0, -(f + 1.0) * f * (f - 2.0) / 2.0,
          (f + 1.0) * f * (f - 1.0) / 6.0};
}

}  // namespace

SpectralAxis regular_axis(std::span<const double> frequency_GHz, const std::string& where) {
  const auto n = static_cast<int>(frequency_GHz.size());
  if (n < 2) throw ObservationError(fmt::format("{}: a band of {} channel has no lines", where, n));
  const SpectralAxis axis{frequency_GHz.front(), (frequency_GHz.back() - frequency_GHz.front()) / (n - 1), n};
  for (int channel = 0; channel < n; ++channel) {
    const double expected = axis.frequency_GHz(channel);
    if (std::abs(frequency_GHz[channel] - expected) < kMaxIrregularity * std::abs(axis.step_GHz)) {
      continue;
    }
    throw ObservationError(fmt::format("{}: the channels are not evenly spaced: channel {} is at {} GHz, not {} GHz",
                                       where, channel, frequency_GHz[channel], expected));
  }
  return axis;
}

std::array<double, 2> window_GHz(double rest_GHz, const std::array<double, 2>& window_km_s) {
  const double low_GHz = frequency_at_GHz(window_km_s[1], rest_GHz);
  const double high_GHz = frequency_at_GHz(window_km_s[0], rest_GHz);
  return {0.5 * (low_GHz + high_GHz), 0.5 * (high_GHz - low_GHz)};
}

std::vector<std::uint8_t> window_channels(const SpectralAxis& axis, double rest_GHz,
                                          const std::array<double, 2>& window_km_s) {
  std::vector<double> frequencies_GHz;
  for (int channel = 0; channel < axis.n_channels; ++channel) frequencies_GHz.push_back(axis.frequency_GHz(channel));
  return line_channels(frequencies_GHz, {window_GHz(rest_GHz, window_km_s)});
}

ChannelBlend blend_at(double channel, std::span<const std::uint8_t> present) {
  const auto is_present = [&](int index) {
    return index >= 0 && index < static_cast<int>(present.size()) && present[index] != 0;
  };
  const int nearest = static_cast<int>(std::lround(channel));
  const double distance = std::abs(channel - nearest);
  const ChannelBlend nearest_only{nearest, 1, {1.0}};
  if (distance <= kSameChannel) return is_present(nearest) ? nearest_only : ChannelBlend{};
  const int below = static_cast<int>(std::floor(channel));
  const double f = channel - below;
  if (is_present(below) && is_present(below + 1)) {
    if (is_present(below - 1) && is_present(below + 2)) return {below - 1, 4, lagrange_weights(f)};
    return {below, 2, {1.0 - f, f}};
  }
  return distance <= kNearChannel && is_present(nearest) ? nearest_only : ChannelBlend{};
}

}  // namespace comap
