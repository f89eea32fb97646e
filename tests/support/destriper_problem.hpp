#pragma once
/// \file
/// Small destriping problems: scans that cross each other on a grid.

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "destripe/destriper.hpp"

namespace comap::test {

struct CrossingScans {
  DestriperData data;
  std::int64_t n_pixels = 0;
  std::int64_t n_columns = 0;
};

/// `n_segments` scans, alternately along rows and columns of a 30 x 20 map, of `n_samples` samples with TOD 0 and
/// different weights; every 17th sample has no pixel.
inline CrossingScans crossing_scans(int n_segments, std::int64_t n_samples) {
  constexpr int kColumns = 30, kRows = 20;
  CrossingScans scans{{}, kColumns * kRows, kColumns};
  DestriperStream& stream = scans.data.streams.emplace_back();
  const auto triangle = [](double u) { return std::abs(std::fmod(u, 2.0) - 1.0); };
  for (int segment = 0; segment < n_segments; ++segment) {
    scans.data.segments.push_back({static_cast<std::int64_t>(scans.data.pixel.size()), n_samples});
    stream.weight_per_K2.push_back(100.0 * (1.0 + 0.3 * (segment % 3)));
    for (std::int64_t i = 0; i < n_samples; ++i) {
      const double fast = triangle(0.031 * static_cast<double>(i) + 0.37 * segment);
      const double slow = triangle(0.0023 * static_cast<double>(i) + 0.11 * segment);
      const double x = segment % 2 == 0 ? fast : slow;
      const double y = segment % 2 == 0 ? slow : fast;
      const auto column = static_cast<std::int32_t>(x * (kColumns - 1) + 0.5);
      const auto row = static_cast<std::int32_t>(y * (kRows - 1) + 0.5);
      scans.data.pixel.push_back(i % 17 == 16 ? -1 : row * kColumns + column);
      stream.tod_K.push_back(0.0F);
    }
  }
  return scans;
}

/// Adds a level per segment and a step for every offset, of about `size_K`.
inline void add_offsets(DestriperData& data, int offset_length, double size_K) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal(0.0, size_K);
  for (const DestriperSegment& segment : data.segments) {
    double offset_K = 0.0;
    for (std::int64_t i = 0; i < segment.n_samples; ++i) {
      if (i % offset_length == 0) offset_K = normal(random);
      data.streams[0].tod_K[static_cast<std::size_t>(segment.start + i)] += static_cast<float>(offset_K);
    }
  }
}

/// Gives every segment an airmass template, slow drift and scan modulation, adds it with an amplitude of about
/// `size_K`, and returns the amplitudes [segment].
inline std::vector<double> add_airmass(DestriperData& data, double size_K) {
  std::vector<double> amplitudes_K;
  data.airmass.assign(data.pixel.size(), 0.0F);
  for (std::size_t s = 0; s < data.segments.size(); ++s) {
    DestriperSegment& segment = data.segments[s];
    amplitudes_K.push_back(size_K * (1.0 + 0.5 * std::sin(2.3 * static_cast<double>(s))));
    segment.fits_airmass = true;
    for (std::int64_t i = 0; i < segment.n_samples; ++i) {
      const auto time = static_cast<double>(i);
      const double drift = 0.2 * (time / static_cast<double>(segment.n_samples) - 0.5);
      const auto sample = static_cast<std::size_t>(segment.start + i);
      data.airmass[sample] = static_cast<float>(drift + 0.05 * std::sin(0.13 * time + 0.5 * static_cast<double>(s)));
      data.streams[0].tod_K[sample] += static_cast<float>(amplitudes_K.back() * data.airmass[sample]);
    }
  }
  return amplitudes_K;
}

inline void add_noise(DestriperData& data, double sigma_K) {
  std::mt19937 random(2);
  std::normal_distribution<double> normal(0.0, sigma_K);
  for (float& value : data.streams[0].tod_K) value += static_cast<float>(normal(random));
}

/// Of data with one stream.
inline DestriperResult destripe_one(DestriperData data, const DestriperSettings& settings, const Communicator& ranks) {
  return destripe(std::move(data), settings, ranks).front();
}

}  // namespace comap::test
