#include "map/null_test/residual_noise.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "destripe/destriper.hpp"
#include "map/null_test/noise_simulation.hpp"
#include "map/prepare/subpixel.hpp"
#include "map/products/map_pieces.hpp"
#include "map/products/residual.hpp"
#include "math/fft.hpp"
#include "math/gaps.hpp"
#include "sky/sky_smoothing.hpp"

namespace comap {
namespace {

constexpr double kLowest_Hz = 1e-3;
constexpr double kBinsPerOctave = 2.0;
constexpr std::size_t kBins = 29;        // to 23 Hz; the last one holds everything above
constexpr std::size_t kCommonBins = 20;  // to 1 Hz: the atmosphere is slow
constexpr int kRealisations = 4;         // of the model, each time
constexpr int kRounds = 2;
constexpr double kSkySmoothing_deg = 0.025;  ///< FWHM, a third of the beam's
constexpr double kSignificant = 2.0;

using Residuals = std::vector<std::vector<double>>;  // [segment][sample]

double frequency_of(std::size_t mode, std::size_t n_samples, double sample_time_s) {
  return 0.5 * static_cast<double>(mode) / (static_cast<double>(n_samples) * sample_time_s);
}

/// The first mode of a scan that is above the common bins.
std::size_t end_of_common_modes(std::size_t n_samples, double sample_time_s) {
  std::size_t mode = 1;
  while (mode < n_samples && residual_bin(frequency_of(mode, n_samples, sample_time_s)) < kCommonBins) ++mode;
  return mode;
}

/// Sums over the feeds of every scan of the job.
struct ModeSums {
  std::size_t n_modes, scans_of_one;
  std::vector<double> own = std::vector<double>(kBins, 0.0), n_own = std::vector<double>(kBins, 0.0);  ///< [bin]
  std::vector<double> n_feeds, n_samples;  ///< [scan]; n_samples summed over the feeds
  std::vector<double> sum, square;         ///< [scan][mode] of the common bins

  ModeSums(std::span<const ScanPlace> places, const Residuals& residual_K, double sample_time_s,
           const Communicator& ranks) {
    std::array<double, 3> largest = {0.0, 0.0, 0.0};
    for (std::size_t i = 0; i < places.size(); ++i) {
      largest[0] = std::max(largest[0], static_cast<double>(places[i].observation) + 1.0);
      largest[1] = std::max(largest[1], static_cast<double>(places[i].scan) + 1.0);
      largest[2] = std::max(largest[2], static_cast<double>(end_of_common_modes(residual_K[i].size(), sample_time_s)));
    }
    ranks.max(largest);
    scans_of_one = static_cast<std::size_t>(largest[1]);
    n_modes = static_cast<std::size_t>(largest[2]);
    const std::size_t n_scans = static_cast<std::size_t>(largest[0]) * scans_of_one;
    n_feeds.assign(n_scans, 0.0);
    n_samples.assign(n_scans, 0.0);
    sum.assign(n_scans * n_modes, 0.0);
    square.assign(n_scans * n_modes, 0.0);
  }

  void add(const ScanPlace& place, std::vector<double> residual_K, double sample_time_s, CosineTransform& transform) {
    const std::size_t scan = place.observation * scans_of_one + place.scan, n = residual_K.size();
    transform.forward(residual_K);
    n_feeds[scan] += 1.0;
    n_samples[scan] += static_cast<double>(n);
    for (std::size_t mode = 1; mode < n; ++mode) {
      const double power = residual_K[mode] * residual_K[mode];
      const std::size_t bin = residual_bin(frequency_of(mode, n, sample_time_s));
      own[bin] += power;
      n_own[bin] += 1.0;
      if (bin >= kCommonBins) continue;
      sum[scan * n_modes + mode] += residual_K[mode];
      square[scan * n_modes + mode] += power;
    }
  }

  void add_ranks(const Communicator& ranks) {
    for (auto* values : {&own, &n_own, &n_feeds, &n_samples, &sum, &square}) ranks.sum(std::span<double>(*values));
  }
};

/// Averages over scans and the modes of a bin.
ResidualPowers averages(const ModeSums& sums, double sample_time_s) {
  std::vector<double> products(kBins, 0.0), squares(kBins, 0.0), n(kBins, 0.0);
  for (std::size_t scan = 0; scan < sums.n_feeds.size(); ++scan) {
    const double n_feeds = sums.n_feeds[scan];
    if (n_feeds < 2.0) continue;
    const auto n_samples = static_cast<std::size_t>(sums.n_samples[scan] / n_feeds);
    const std::size_t end = std::min(end_of_common_modes(n_samples, sample_time_s), sums.n_modes);
    for (std::size_t mode = 1; mode < end; ++mode) {
      const std::size_t bin = residual_bin(frequency_of(mode, n_samples, sample_time_s));
      const double sum = sums.sum[scan * sums.n_modes + mode], square = sums.square[scan * sums.n_modes + mode];
      const double product = (sum * sum - square) / (n_feeds * (n_feeds - 1.0));
      products[bin] += product;
      squares[bin] += product * product;
      n[bin] += 1.0;
    }
  }
  ResidualPowers powers{std::vector<double>(kBins), std::vector<double>(kBins, 0.0), std::vector<double>(kBins, 0.0)};
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    if (n[bin] > 1.0) {
      powers.common[bin] = products[bin] / n[bin];
      powers.common_error[bin] = std::sqrt(squares[bin]) / n[bin];
    }
    powers.own[bin] = sums.own[bin] / sums.n_own[bin] - powers.common[bin];
  }
  return powers;
}

/// Data minus map, structure inside pixels and airmass of one stream.
Residuals residuals_of(const DestriperData& data, const DestriperStream& stream, const DestriperResult& solved,
                       const MapLookup& map) {
  Residuals residual_K(data.segments.size());
  for (std::size_t segment = 0; segment < residual_K.size(); ++segment) {
    if (!(stream.weight_per_K2[segment] > 0.0)) continue;
    residual_K[segment] = segment_residual(data, stream, segment, map);
    const DestriperSegment& place = data.segments[segment];
    if (!place.fits_airmass) continue;
    for (std::size_t i = 0; i < residual_K[segment].size(); ++i) {
      residual_K[segment][i] -= solved.airmass_K[segment] * static_cast<double>(data.airmass[place.start + i]);
    }
  }
  return residual_K;
}

/// Residual noise and sky of every stream after a solve [stream].
struct FirstLook {
  std::vector<ResidualPowers> powers;
  std::vector<LargeVector<float>> sky_K;  ///< [sample]; empty without structure inside pixels
};

/// The sky at every sample from a map that is smoothed a little, for its noise would add to that of the simulations;
/// 0 where there is none.
LargeVector<float> sky_of(const DestriperData& data, std::span<const WithinPixel> within_pixel, MapPiece map,
                          const MapGrid& grid) {
  std::vector<double> longitude_deg(map.pixel.size()), latitude_deg(map.pixel.size());
  grid.pixel_centres(map.pixel, longitude_deg, latitude_deg);
  const auto smooth = [&](const std::vector<double>& values_K) {
    return smooth_on_sky(longitude_deg, latitude_deg, values_K, kSkySmoothing_deg);
  };
  map.destriped_K = smooth(map.destriped_K);
  const std::vector<double> twice_K = smooth(map.destriped_K);
  // Smoothing takes as much of a source from the smooth map: putting that back leaves 1 % of 10 %.
  for (std::size_t i = 0; i < twice_K.size(); ++i) map.destriped_K[i] += map.destriped_K[i] - twice_K[i];
  LargeVector<float> sky_K = subpixel_structure(MapSurface(map, grid), data.pixel, within_pixel);
  const MapLookup lookup(map, grid);
  for (std::size_t i = 0; i < sky_K.size(); ++i) {
    if (data.pixel[i] < 0) continue;
    const double pixel_K = lookup.destriped_K(data.pixel[i]);
    sky_K[i] = std::isfinite(pixel_K) ? static_cast<float>(pixel_K) + sky_K[i] : 0.0F;
  }
  return sky_K;
}

enum class WithSky : bool { no, yes };

FirstLook look_at(DestriperData& data, std::span<const WithinPixel> within_pixel, std::span<const ScanPlace> places,
                  double sample_time_s, const DestriperSettings& settings, const MapGrid& grid,
                  const Communicator& ranks, WithSky with_sky) {
  const std::vector<DestriperResult> solved = destripe(std::as_const(data), settings, ranks);
  FirstLook look;
  for (std::size_t stream = 0; stream < solved.size(); ++stream) {
    const MapPiece map = share_map(solved[stream].map, ranks);
    LargeVector<float>& structure_K = data.streams[stream].subpixel_K;
    if (!within_pixel.empty()) structure_K = subpixel_structure(MapSurface(map, grid), data.pixel, within_pixel);
    const auto residual_K = residuals_of(data, data.streams[stream], solved[stream], MapLookup(map, grid));
    look.powers.push_back(residual_powers(residual_K, places, sample_time_s, ranks));
    structure_K = {};
    look.sky_K.emplace_back();
    if (with_sky == WithSky::no || within_pixel.empty()) continue;
    look.sky_K.back() = sky_of(data, within_pixel, map, grid);
  }
  return look;
}

/// Powers of kRealisations of the noise model over the sky [stream]: their mean.
std::vector<ResidualPowers> powers_of_model(LoadedBands& bands, const std::vector<LargeVector<float>>& sky_K,
                                            std::span<const ScanPlace> places, double sample_time_s,
                                            const DestriperSettings& settings, const MapGrid& grid,
                                            int first_realisation, const Communicator& ranks) {
  std::vector<DestriperStream> data = std::move(bands.data.streams);
  std::vector<ResidualPowers> mean(data.size(), {std::vector<double>(kBins, 0.0), std::vector<double>(kBins, 0.0), {}});
  for (int i = 0; i < kRealisations; ++i) {
    bands.data.streams.clear();
    for (std::size_t stream = 0; stream < data.size(); ++stream) {
      bands.data.streams.push_back(simulated_stream(bands.data.segments, data[stream], bands.segments[stream],
                                                    sky_K[stream], first_realisation + i));
    }
    const FirstLook look =
        look_at(bands.data, bands.within_pixel, places, sample_time_s, settings, grid, ranks, WithSky::no);
    for (std::size_t stream = 0; stream < data.size(); ++stream) {
      for (std::size_t bin = 0; bin < kBins; ++bin) {
        mean[stream].own[bin] += look.powers[stream].own[bin] / kRealisations;
        mean[stream].common[bin] += look.powers[stream].common[bin] / kRealisations;
      }
    }
  }
  bands.data.streams = std::move(data);
  return mean;
}

/// Changes of the model of a stream, by bin.
struct Correction {
  std::vector<double> factor = std::vector<double>(kBins, 1.0);
  std::vector<double> common_K2 = std::vector<double>(kBins, 0.0);

  /// `model` has the correction so far.
  void improve(const ResidualPowers& data, const ResidualPowers& model) {
    for (std::size_t bin = 0; bin < kBins; ++bin) {
      const double ratio = data.own[bin] / model.own[bin];
      if (std::isfinite(ratio) && ratio > 0.0) factor[bin] *= ratio;
      const double missing_K2 = data.common[bin] - model.common[bin];
      const bool is_there = common_K2[bin] > 0.0 || missing_K2 > kSignificant * data.common_error[bin];
      if (is_there) common_K2[bin] = std::max(common_K2[bin] + missing_K2, 0.0);
    }
  }

  void apply_to(SegmentNoise& noise, std::uint64_t common_key) const {
    noise.factor = [factors = factor](double frequency_Hz) { return factors[residual_bin(frequency_Hz)]; };
    noise.common_K2 = [powers_K2 = common_K2](double frequency_Hz) { return powers_K2[residual_bin(frequency_Hz)]; };
    noise.common_key = common_key;
  }
};

}  // namespace

std::size_t residual_bin(double frequency_Hz) {
  const double place = kBinsPerOctave * std::log2(frequency_Hz / kLowest_Hz);
  return place < 0.0 ? 0 : std::min(static_cast<std::size_t>(place), kBins - 1);
}

ResidualPowers residual_powers(const std::vector<std::vector<double>>& residual_K, std::span<const ScanPlace> places,
                               double sample_time_s, const Communicator& ranks) {
  ModeSums sums(places, residual_K, sample_time_s, ranks);
  std::map<std::size_t, CosineTransform> transforms;
  for (std::size_t segment = 0; segment < residual_K.size(); ++segment) {
    std::vector<double> series = residual_K[segment];
    if (series.empty() || bridge_gaps(series) == 0) continue;
    const std::size_t n = series.size();
    sums.add(places[segment], std::move(series), sample_time_s, transforms.try_emplace(n, n).first->second);
  }
  sums.add_ranks(ranks);
  return averages(sums, sample_time_s);
}

std::vector<LargeVector<float>> fit_noise_to_residual(LoadedBands& bands, std::span<const ScanPlace> places,
                                                      const DestriperSettings& settings, const MapGrid& grid,
                                                      int first_realisation, const Communicator& ranks) {
  double sample_time_s = bands.sample_time_s;
  ranks.max(std::span<double>(&sample_time_s, 1));
  FirstLook data = look_at(bands.data, bands.within_pixel, places, sample_time_s, settings, grid, ranks, WithSky::yes);
  std::vector<Correction> corrections(data.powers.size());
  for (int round = 0; round < kRounds; ++round) {
    const int first = first_realisation + round * kRealisations;
    const auto model = powers_of_model(bands, data.sky_K, places, sample_time_s, settings, grid, first, ranks);
    for (std::size_t stream = 0; stream < model.size(); ++stream) {
      corrections[stream].improve(data.powers[stream], model[stream]);
      for (std::size_t i = 0; i < places.size(); ++i) {
        corrections[stream].apply_to(bands.segments[stream][i].noise, places[i].key);
      }
    }
  }
  return std::move(data.sky_K);
}

}  // namespace comap
