#pragma once
/// \file
/// Weighted sums of spectra in pixels: a cube while it is made, its hit pixels only.

#include <cstdint>
#include <span>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "core/communicator.hpp"
#include "io/map/cube_file.hpp"
#include "stages/gain_filter/line_filter.hpp"

namespace comap {

/// Sums of weight x temperature, weight and samples of every hit pixel and channel: 24 bytes for each.
class CubeSums {
 public:
  explicit CubeSums(int n_channels) : n_channels_(static_cast<std::size_t>(n_channels)) {}

  /// Adds samples of one channel; `pixel` [sample] -1 and NaN samples are left out.
  void add(int channel, std::span<const std::int64_t> pixel, std::span<const float> temperature_K,
           double weight_per_K2);
  void add(const CubeSums& other);

  /// Sums over all ranks, divided among them: each rank gets the finished spectra of every size-th pixel. Collective;
  /// a rank receives about one cube, in total, whatever their number.
  CubeSpectra reduce(const Communicator& ranks) const;

  std::size_t n_pixels() const { return pixels_.size(); }

 private:
  struct Sum {
    double weighted_K = 0.0;
    double weight_per_K2 = 0.0;
    double hits = 0.0;
    void operator+=(const Sum& other);
    static auto members(auto& x) { return std::tie(x.weighted_K, x.weight_per_K2, x.hits); }
  };
  /// For one of the ranks.
  struct Part {
    std::vector<std::int64_t> pixel;
    std::vector<Sum> sums;  ///< [pixel][channel]
    static auto members(auto& x) { return std::tie(x.pixel, x.sums); }
  };
  void add_spectrum(std::int64_t pixel, std::span<const Sum> sums);
  std::span<Sum> spectrum(std::int64_t pixel);
  CubeSpectra finished() const;

  std::size_t n_channels_;
  std::unordered_map<std::int64_t, std::size_t> slot_;
  std::vector<std::int64_t> pixels_;  ///< [slot]
  std::vector<Sum> sums_;             ///< [slot][channel]
};

/// The pieces of all ranks as one on rank 0, in order of pixel; empty on the others. Collective.
CubeSpectra gather_cube(const CubeSpectra& piece, const Communicator& ranks);

/// Where a filtered band stands in frequency, and what it is divided by.
struct BandPlace {
  SpectralAxis axis;                ///< of the band's channels, as observed
  double doppler = 1.0;             ///< observed frequency over that in the frame of the cube
  double calibration_factor = 1.0;  ///< samples are divided by it
};

/// Adds a filtered band to the cube of one line: every channel of `cube_axis` is interpolated between the channels of
/// the band (blend_at) and weighted by the inverse of its variance, sum blend^2 m^2 v. Returns the number of channels
/// that got something.
int add_band(const LineBand& band, const BandPlace& place, std::span<const std::int64_t> pixel,
             const SpectralAxis& cube_axis, CubeSums& sums);

}  // namespace comap
