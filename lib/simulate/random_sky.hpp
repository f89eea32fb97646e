#pragma once
/// \file
/// A Gaussian random sky: power on every scale, for what a reduction does to scales.

#include <cstdint>
#include <vector>

#include "config/simulate_config.hpp"

namespace comap::simulate {

struct RandomSkySettings {
  double rms_K = 0.0;   ///< at 30 GHz, after the beam, over the whole tile
  double slope = -2.0;  ///< power before the beam ~ multipole^slope
  double beta = 0.0;    ///< T ~ (nu / 30 GHz)^beta
  double beam_fwhm_arcmin = 4.5;
  double size_deg = 16.0;  ///< of the square tile, which repeats
  double l_deg = 0.0;      ///< a corner of the tile
  double b_deg = 0.0;
  std::uint64_t key = 0;  ///< of the random numbers
};

/// [simulate] random_*, with the corner at the centre of the field.
RandomSkySettings random_sky_settings(const SimulateConfig& config);

/// One realisation, with x = (l - l_deg) cos(b_deg), y = b - b_deg as flat coordinates. It is drawn on a grid a quarter
/// of the beam wide and interpolated with cubic convolution (Keys 1981): what is between the grid points is part of its
/// definition.
class RandomSky {
 public:
  explicit RandomSky(const RandomSkySettings& settings);

  const RandomSkySettings& settings() const { return settings_; }
  /// At 30 GHz; NaN at a position that is not finite.
  double brightness_K(double l_deg, double b_deg) const;

 private:
  RandomSkySettings settings_;
  std::size_t n_ = 0;            ///< grid points along a side
  double cos_b_ = 1.0;           ///< at b_deg
  std::vector<float> values_K_;  ///< [y][x]
};

}  // namespace comap::simulate
