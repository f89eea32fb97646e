#pragma once
/// \file
/// Frequency axes, velocities, and values between channels.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/constants.hpp"
#include "io/map/cube_file.hpp"

namespace comap {

/// Radio velocity, c (1 - nu / rest) [km/s]: linear in frequency, positive away from us.
inline double radio_velocity_km_s(double frequency_GHz, double rest_GHz) {
  return kLightSpeed_km_s * (1.0 - frequency_GHz / rest_GHz);
}
inline double frequency_at_GHz(double velocity_km_s, double rest_GHz) {
  return rest_GHz * (1.0 - velocity_km_s / kLightSpeed_km_s);
}

/// The axis of a band from its channel centres. Throws ObservationError naming `where` when they are not regular to a
/// hundredth of a channel.
SpectralAxis regular_axis(std::span<const double> frequency_GHz, const std::string& where);

/// Frequencies of a window in velocity, as [middle, half width] [GHz].
std::array<double, 2> window_GHz(double rest_GHz, const std::array<double, 2>& window_km_s);

/// Which channels a line may touch: those whose velocity is within `window_km_s` [low, high], and at least the three
/// nearest to its middle. 1 or 0 [channel]
std::vector<std::uint8_t> window_channels(const SpectralAxis& axis, double rest_GHz,
                                          const std::array<double, 2>& window_km_s);

/// A value at a place between channels as a sum over channels: sum weight[i] value[first + i], i < n.
struct ChannelBlend {
  int first = 0;
  int n = 0;  ///< 0 = nothing is there
  std::array<double, 4> weight{};
};

/// Interpolation of Lagrange through the four channels around `channel`, which keeps sum, place and width of a line;
/// a straight line where one of the outer two is missing; the nearest channel where that is less than a tenth of a
/// channel away and its neighbour is missing; else nothing. On a channel it is that channel alone.
/// `present` [channel] is 0 for channels without data.
ChannelBlend blend_at(double channel, std::span<const std::uint8_t> present);

}  // namespace comap
