#include "map/products/residual.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "core/constants.hpp"
#include "destripe/offset_layout.hpp"
#include "destripe/offset_prior.hpp"
#include "math/gaps.hpp"
#include "math/median.hpp"
#include "math/power_spectrum.hpp"

namespace comap {
namespace {

constexpr double kReference_Hz = 0.1;
constexpr PowerLawPrior kPowerLaw{.alpha_mean = -1.3, .alpha_error = 0.5, .fixed_sigma = {}, .fixed_alpha = {}};
constexpr std::size_t kBins = 20;

bool has_data(const DestriperStream& stream, std::size_t segment) { return stream.weight_per_K2[segment] > 0.0; }

/// Residual of a segment without offsets and airmass, summed over the streams with their weights and normalised to
/// white noise of variance 1; NaN where any stream has no sample.
std::vector<double> weighted_sum(const DestriperData& data, std::span<const MapLookup> maps,
                                 std::span<const DestriperResult> results, const OffsetLayout& layout,
                                 std::size_t segment) {
  const DestriperSegment& place = data.segments[segment];
  std::vector<double> sum(place.n_samples, 0.0);
  double weights = 0.0;
  for (std::size_t s = 0; s < data.streams.size(); ++s) {
    if (!has_data(data.streams[s], segment)) continue;
    const double weight = data.streams[s].weight_per_K2[segment];
    const std::vector<double> residual_K = segment_residual(data, data.streams[s], segment, maps[s]);
    const double* offsets_K = results[s].offsets_K.data() + layout.first_offset[segment];
    const double airmass_K = results[s].airmass_K[segment];
    for (std::size_t i = 0; i < sum.size(); ++i) {
      const double airmass = place.fits_airmass ? static_cast<double>(data.airmass[place.start + i]) : 0.0;
      const double offset_K = offsets_K[i / layout.offset_length];
      sum[i] += weight * (residual_K[i] - offset_K - airmass_K * airmass);
    }
    weights += weight;
  }
  for (double& value : sum) value /= std::sqrt(weights);
  return sum;
}

/// Change of the map from pixel to pixel at each sample, in the units of weighted_sum.
std::vector<double> weighted_steps(const DestriperData& data, std::span<const MapLookup> maps, std::size_t segment) {
  const DestriperSegment& place = data.segments[segment];
  std::vector<double> steps(place.n_samples, 0.0);
  double weights = 0.0;
  for (std::size_t s = 0; s < data.streams.size(); ++s) {
    if (!has_data(data.streams[s], segment)) continue;
    const double weight = data.streams[s].weight_per_K2[segment];
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::int32_t pixel = data.pixel[place.start + i];
      if (pixel >= 0) steps[i] += weight * maps[s].step_K(pixel);
    }
    weights += weight;
  }
  for (double& step : steps) step /= std::sqrt(weights);
  return steps;
}

/// Marks the samples of stretches of `width` whose mean stands out.
void mark_stretches(std::span<const double> residual, std::span<const double> steps, std::size_t width, double limit,
                    std::vector<char>& marked) {
  const auto n = static_cast<double>(width);
  for (std::size_t begin = 0; begin + width <= residual.size(); ++begin) {
    double sum = 0.0, step = 0.0;
    for (std::size_t i = begin; i < begin + width; ++i) {
      sum += residual[i];
      step = std::max(step, steps[i]);
    }
    if (!(std::abs(sum) > limit * std::sqrt(n)) || !(std::abs(sum) > n * step)) continue;
    std::fill_n(marked.begin() + begin, width, char{1});
  }
}

}  // namespace

MapLookup::MapLookup(const MapPiece& map, const MapGrid& grid)
    : grid_(&grid), pixels_(map.pixel), destriped_K_(map.destriped_K) {}

double MapLookup::destriped_K(std::int64_t pixel) const {
  const std::size_t place = pixels_.place(pixel);
  return place == HitPixels::kNone ? kNan : destriped_K_[place];
}

double MapLookup::step_K(std::int64_t pixel) const {
  const double here_K = destriped_K(pixel);
  const std::array<std::int64_t, 8> neighbours = grid_->neighbours(pixel);
  double largest_K = 0.0;
  for (std::size_t i = 0; i < neighbours.size(); ++i) {
    if (kNeighbourX[i] != 0 && kNeighbourY[i] != 0) continue;  // across a corner
    const double difference_K = std::abs(destriped_K(neighbours[i]) - here_K);
    if (difference_K > largest_K) largest_K = difference_K;
  }
  return largest_K;
}

std::vector<double> segment_residual(const DestriperData& data, const DestriperStream& stream, std::size_t segment,
                                     const MapLookup& map) {
  const DestriperSegment& place = data.segments[segment];
  std::vector<double> residual_K(place.n_samples, kNan);
  for (std::size_t i = 0; i < residual_K.size(); ++i) {
    const std::size_t sample = place.start + i;
    if (data.pixel[sample] < 0) continue;
    const double structure_K = stream.subpixel_K.empty() ? 0.0 : static_cast<double>(stream.subpixel_K[sample]);
    residual_K[i] = static_cast<double>(stream.tod_K[sample]) - structure_K - map.destriped_K(data.pixel[sample]);
  }
  passed_over(stream.tod_K, 3 * residual_K.size());
  return residual_K;
}

std::vector<std::vector<double>> prior_from_residual(const DestriperData& data, const DestriperStream& stream,
                                                     const MapLookup& map, int offset_length, double sample_time_s) {
  std::vector<std::vector<double>> prior(data.segments.size());
  std::map<std::size_t, RealFft> transforms;
  for (std::size_t segment = 0; segment < prior.size(); ++segment) {
    if (!has_data(stream, segment)) continue;
    std::vector<double> residual_K = segment_residual(data, stream, segment, map);
    const std::size_t n = residual_K.size();
    if (n < 2 || bridge_gaps(residual_K) == 0) continue;
    const double step_Hz = 1.0 / (static_cast<double>(n) * sample_time_s);
    BinnedSpectrum spectrum(step_Hz, 0.5 / sample_time_s, kBins);
    spectrum.add(windowed_power(residual_K, transforms.try_emplace(n, n).first->second), step_Hz,
                 1.0 / stream.weight_per_K2[segment]);
    const PowerLaw law = fit_power_law(spectrum.bins(), kReference_Hz, kPowerLaw);
    const auto power_K2 = [&](double frequency_Hz) {
      return law.sigma * law.sigma * std::pow(frequency_Hz / kReference_Hz, law.alpha);
    };
    const std::size_t length = offset_length;
    prior[segment] = offset_mode_variance(power_K2, (n + length - 1) / length, offset_length, sample_time_s);
  }
  return prior;
}

std::int64_t flag_long_glitches(DestriperData& data, std::span<const MapLookup> maps,
                                std::span<const DestriperResult> results, int offset_length, double glitch_sigma) {
  const OffsetLayout layout = make_offset_layout(data.segments, offset_length);
  std::int64_t n_flagged = 0;
  for (std::size_t segment = 0; segment < data.segments.size(); ++segment) {
    const DestriperSegment& place = data.segments[segment];
    if (std::ranges::none_of(data.streams, [&](const auto& stream) { return has_data(stream, segment); })) continue;
    const std::vector<double> residual = weighted_sum(data, maps, results, layout, segment);
    const std::vector<double> steps = weighted_steps(data, maps, segment);
    const double limit = glitch_sigma * mad_sigma(residual);
    std::vector<char> marked(residual.size(), 0);
    for (const std::size_t width : {1U, 2U, 4U, 8U, 16U}) mark_stretches(residual, steps, width, limit, marked);
    for (std::size_t i = 0; i < marked.size(); ++i) {
      if (marked[i] == 0) continue;
      for (DestriperStream& stream : data.streams) {
        stream.tod_K[place.start + i] = kFloatNan;
      }
      ++n_flagged;
    }
  }
  return n_flagged;
}

}  // namespace comap
