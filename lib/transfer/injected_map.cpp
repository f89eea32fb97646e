#include "transfer/injected_map.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "data/level2_datasets.hpp"
#include "map/prepare/map_pointing.hpp"
#include "map/prepare/prepare_scan.hpp"

namespace comap {
namespace {

/// What is the same for all files.
struct Binning {
  const MapmakeConfig& config;
  const IoConfig& io;
  const Wcs& wcs;
  int frequency_band = 0;
  std::span<const simulate::SkyModel> skies;
  MapPointing pointing;
};

/// One scan of one feed [start, end).
struct Scan {
  const Level2Reader& file;
  const FeedPointing& pointing;   ///< where the injection has the sky
  const FeedPointing& corrected;  ///< where the map maker has the samples
  std::array<std::int64_t, 2> range;
  std::vector<float> tod_K;  ///< [sample]
  double frequency_GHz = 0.0;
};

/// At the frequency of the stream [sample].
std::vector<double> sky_along(const simulate::SkyModel& sky, const SkyPositions& galactic, double frequency_GHz) {
  std::vector<double> sum_K(galactic.longitude_deg.size(), 0.0);
  for (const simulate::SkyTerm& term : sky_terms(sky, galactic.longitude_deg, galactic.latitude_deg)) {
    const double factor = term.spectrum(frequency_GHz);
    for (std::size_t i = 0; i < sum_K.size(); ++i) sum_K[i] += factor * static_cast<double>(term.profile_K[i]);
  }
  return sum_K;
}

/// Adds weights, and weights times sky, to the sums of a map.
void add_scan(const Binning& binning, Scan& scan, InjectedMap& sums) {
  const Observer& observer = binning.pointing.observer;
  const SkyPositions mapped = positions_in_scan(observer, scan.file, scan.corrected, scan.range, binning.wcs.frame());
  std::vector<std::int64_t> pixel(mapped.longitude_deg.size());
  binning.wcs.pixel_index(mapped.longitude_deg, mapped.latitude_deg, pixel);
  const double weight_per_K2 = prepare_scan(scan.tod_K, {}, binning.config.min_good_fraction);
  if (weight_per_K2 == 0.0) return;
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < pixel.size(); ++i) {
    if (pixel[i] >= 0 && std::isfinite(scan.tod_K[i])) used.push_back(i);
  }
  for (const std::size_t i : used) sums.weight_per_K2[pixel[i]] += weight_per_K2;
  const SkyPositions galactic = positions_in_scan(observer, scan.file, scan.pointing, scan.range, SkyFrame::galactic);
  for (std::size_t sky = 0; sky < binning.skies.size(); ++sky) {
    const std::vector<double> along_K = sky_along(binning.skies[sky], galactic, scan.frequency_GHz);
    for (const std::size_t i : used) {
      sums.sky_K[sky][pixel[i]] += weight_per_K2 * along_K[i];
    }
  }
}

void add_observation(const Binning& binning, const MapObservation& observation, InjectedMap& sums) {
  const std::string& path = observation.observation.level2_path;
  const Level2Reader file = open_level2(binning.io, path, binning.config.dataset);
  const auto frequency_GHz = h5::File::open_read(path).read<double>(level2::kCentralFrequencies);
  const ScanSelection selection(binning.config, observation, file);
  for (const int feed : binning.config.feeds) {
    if (!file.has_feed(feed) || !selection.feed_used(feed)) continue;
    const FeedPointing pointing = file.read_pointing(feed);
    FeedPointing corrected = pointing;
    binning.pointing.correct(feed, corrected);
    const std::vector<float> stream = file.read_stream(feed, binning.frequency_band);
    const auto element =
        static_cast<std::size_t>(std::int64_t{feed - 1} * file.n_frequency_bands() + binning.frequency_band);
    for (std::size_t index = 0; index < file.scans().size(); ++index) {
      if (!selection.used(feed, binning.frequency_band, index)) continue;
      const auto [start, end] = file.scans()[index];
      if (!elevation_is_valid(std::span(corrected.elevation_deg).subspan(start, end - start))) continue;
      Scan scan{file,
                pointing,
                corrected,
                {start, end},
                {stream.begin() + start, stream.begin() + end},
                frequency_GHz.at(element)};
      add_scan(binning, scan, sums);
    }
  }
}

}  // namespace

InjectedMap bin_injected_sky(const MapmakeConfig& config, const IoConfig& io,
                             const std::vector<MapObservation>& observations, const Wcs& wcs, int frequency_band,
                             std::span<const simulate::SkyModel> skies, const Communicator& ranks) {
  const auto n_pixels = static_cast<std::size_t>(wcs.n_pixels());
  InjectedMap map{std::vector<double>(n_pixels, 0.0), {}};
  map.sky_K.assign(skies.size(), std::vector<double>(n_pixels, 0.0));
  ranks.run_agreed("binning the injected sky", [&] {
    const Binning binning{config, io, wcs, frequency_band, skies, MapPointing(config)};
    for (std::size_t i = 0; i < observations.size(); ++i) {
      const auto turn = static_cast<int>(i % static_cast<std::size_t>(ranks.size()));
      if (turn == ranks.rank()) add_observation(binning, observations[i], map);
    }
  });
  ranks.sum(std::span<double>(map.weight_per_K2));
  for (std::vector<double>& sky : map.sky_K) {
    ranks.sum(std::span<double>(sky));
    for (std::size_t i = 0; i < n_pixels; ++i) {
      sky[i] = map.weight_per_K2[i] > 0.0 ? sky[i] / map.weight_per_K2[i] : kNan;
    }
  }
  return map;
}

}  // namespace comap
