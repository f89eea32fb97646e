#include "linemap/cube_sums.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/constants.hpp"
#include "core/message.hpp"
#include "linemap/spectral_axis.hpp"
#include "map/products/map_pieces.hpp"

namespace comap {
namespace {

/// Rows of a band by channel.
struct BandRows {
  std::vector<std::uint8_t> present;  ///< [channel]
  std::vector<std::size_t> row;       ///< [channel], where present
};

BandRows rows_of(const LineBand& band, int n_channels) {
  BandRows rows{std::vector<std::uint8_t>(static_cast<std::size_t>(n_channels), 0),
                std::vector<std::size_t>(static_cast<std::size_t>(n_channels), 0)};
  for (std::size_t i = 0; i < band.channels.size(); ++i) {
    rows.present[band.channels[i]] = 1;
    rows.row[band.channels[i]] = i;
  }
  return rows;
}

/// Samples between channels, divided by the calibration; returns their variance.
double blend(const LineBand& band, const BandRows& rows, const ChannelBlend& blended, double calibration_factor,
             std::vector<float>& samples) {
  const std::size_t n = samples.size();
  std::ranges::fill(samples, 0.0F);
  double variance_K2 = 0.0;
  const auto first = static_cast<std::size_t>(blended.first), n_blended = static_cast<std::size_t>(blended.n);
  for (std::size_t i = 0; i < n_blended; ++i) {
    const std::size_t row = rows.row[first + i];
    const double weight = blended.weight[i] / calibration_factor;
    variance_K2 += weight * weight * band.variance_K2[row];
    const float* const values = band.temperature_K.data() + row * n;
    for (std::size_t t = 0; t < n; ++t) samples[t] += static_cast<float>(weight) * values[t];
  }
  return variance_K2;
}

}  // namespace

std::span<CubeSums::Sum> CubeSums::spectrum(std::int64_t pixel) {
  const auto [found, is_new] = slot_.try_emplace(pixel, pixels_.size());
  if (is_new) {
    pixels_.push_back(pixel);
    sums_.resize(sums_.size() + n_channels_);
  }
  return std::span(sums_).subspan(found->second * n_channels_, n_channels_);
}

void CubeSums::add(int channel, std::span<const std::int64_t> pixel, std::span<const float> temperature_K,
                   double weight_per_K2) {
  for (std::size_t t = 0; t < pixel.size(); ++t) {
    if (pixel[t] < 0 || !std::isfinite(temperature_K[t])) continue;
    Sum& sum = spectrum(pixel[t])[channel];
    sum.weighted_K += weight_per_K2 * static_cast<double>(temperature_K[t]);
    sum.weight_per_K2 += weight_per_K2;
    sum.hits += 1.0;
  }
}

void CubeSums::Sum::operator+=(const Sum& other) {
  weighted_K += other.weighted_K;
  weight_per_K2 += other.weight_per_K2;
  hits += other.hits;
}

void CubeSums::add_spectrum(std::int64_t pixel, std::span<const Sum> sums) {
  const std::span<Sum> to = spectrum(pixel);
  for (std::size_t channel = 0; channel < n_channels_; ++channel) to[channel] += sums[channel];
}

void CubeSums::add(const CubeSums& other) {
  for (std::size_t slot = 0; slot < other.pixels_.size(); ++slot) {
    add_spectrum(other.pixels_[slot], std::span(other.sums_).subspan(slot * n_channels_, n_channels_));
  }
}

CubeSpectra CubeSums::reduce(const Communicator& ranks) const {
  const auto n_ranks = static_cast<std::size_t>(ranks.size());
  std::vector<Part> parts(n_ranks);
  for (std::size_t slot = 0; slot < pixels_.size(); ++slot) {
    Part& part = parts[static_cast<std::size_t>(pixels_[slot]) % n_ranks];
    part.pixel.push_back(pixels_[slot]);
    append_all(std::span(sums_).subspan(slot * n_channels_, n_channels_), part.sums);
  }
  std::vector<Bytes> to;
  for (Part& part : parts) to.push_back(pack(std::exchange(part, {})));
  CubeSums mine(static_cast<int>(n_channels_));
  for (const Bytes& bytes : ranks.all_to_all(to)) {
    const auto part = unpack<Part>(bytes);
    for (std::size_t i = 0; i < part.pixel.size(); ++i) {
      mine.add_spectrum(part.pixel[i], std::span(part.sums).subspan(i * n_channels_, n_channels_));
    }
  }
  return mine.finished();
}

CubeSpectra CubeSums::finished() const {
  CubeSpectra piece;
  piece.n_channels = static_cast<int>(n_channels_);
  for (const std::size_t slot : ascending_order(pixels_)) {
    piece.pixel.push_back(pixels_[slot]);
    for (const Sum& sum : std::span(sums_).subspan(slot * n_channels_, n_channels_)) {
      const bool is_hit = sum.hits > 0.0;
      piece.temperature_K.push_back(is_hit ? static_cast<float>(sum.weighted_K / sum.weight_per_K2) : kFloatNan);
      piece.rms_K.push_back(is_hit ? static_cast<float>(1.0 / std::sqrt(sum.weight_per_K2)) : kFloatNan);
      piece.hits.push_back(is_hit ? static_cast<float>(sum.hits) : kFloatNan);
    }
  }
  return piece;
}

CubeSpectra gather_cube(const CubeSpectra& piece, const Communicator& ranks) {
  const auto width = static_cast<std::size_t>(piece.n_channels);
  CubeSpectra whole;
  for (const CubeSpectra& part : gather(ranks, piece)) {
    append_all(part.pixel, whole.pixel);
    for (const auto values : {&CubeSpectra::temperature_K, &CubeSpectra::rms_K, &CubeSpectra::hits}) {
      append_all(part.*values, whole.*values);
    }
  }
  const std::vector<std::size_t> order = ascending_order(whole.pixel);
  return {piece.n_channels, rows_in_order(whole.pixel, order), rows_in_order(whole.temperature_K, order, width),
          rows_in_order(whole.rms_K, order, width), rows_in_order(whole.hits, order, width)};
}

int add_band(const LineBand& band, const BandPlace& place, std::span<const std::int64_t> pixel,
             const SpectralAxis& cube_axis, CubeSums& sums) {
  const BandRows rows = rows_of(band, place.axis.n_channels);
  std::vector<float> samples(pixel.size());
  int n_filled = 0;
  for (int channel = 0; channel < cube_axis.n_channels; ++channel) {
    const double observed_GHz = cube_axis.frequency_GHz(channel) * place.doppler;
    const ChannelBlend blended = blend_at(place.axis.channel_of(observed_GHz), rows.present);
    if (blended.n == 0) continue;
    const double variance_K2 = blend(band, rows, blended, place.calibration_factor, samples);
    sums.add(channel, pixel, samples, 1.0 / variance_K2);
    ++n_filled;
  }
  return n_filled;
}

}  // namespace comap
