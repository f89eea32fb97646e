#include "stages/gain_filter/template_sums.hpp"

#include <cmath>

#include "core/constants.hpp"

namespace comap {

double log_frequency(double frequency_GHz) { return std::log(frequency_GHz / kPivotFrequency_GHz); }

void ChannelMoments::add(double channel_s, double channel_x, double sign) {
  n += sign;
  s += sign * channel_s;
  sx += sign * channel_s * channel_x;
  ss += sign * channel_s * channel_s;
  ssx += sign * channel_s * channel_s * channel_x;
  ssxx += sign * channel_s * channel_s * channel_x * channel_x;
}

ChannelMoments& ChannelMoments::operator+=(const ChannelMoments& other) {
  n += other.n;
  s += other.s;
  sx += other.sx;
  ss += other.ss;
  ssx += other.ssx;
  ssxx += other.ssxx;
  return *this;
}

TemplateSums& TemplateSums::operator+=(const TemplateSums& other) {
  moments += other.moments;
  for (std::size_t k = 0; k < sums.size(); ++k) {
    if (sums[k].empty()) sums[k].assign(other.sums[k].size(), 0.0);
    for (std::size_t t = 0; t < other.sums[k].size(); ++t) sums[k][t] += other.sums[k][t];
  }
  return *this;
}

void add_channels(std::span<const ChannelSamples> rows, std::span<const double> s, std::span<const double> x,
                  std::size_t n_samples, TemplateSums& target) {
  std::vector<std::array<float, 3>> weights;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    target.moments.add(s[i], x[i]);
    weights.push_back({1.0F, static_cast<float>(s[i]), static_cast<float>(s[i] * x[i])});
  }
  if (target.empty()) {
    for (auto& sum : target.sums) sum.assign(n_samples, 0.0);
  }
  add_channel_sums<3>(rows, weights, n_samples, {target.sums[0].data(), target.sums[1].data(), target.sums[2].data()});
}

}  // namespace comap
