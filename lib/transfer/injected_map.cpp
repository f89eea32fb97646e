#include "transfer/injected_map.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "data/level2_datasets.hpp"
#include "map/prepare/prepare_scan.hpp"

namespace comap {
namespace {

/// The binning, the same for all files.
struct Binning {
  const MapmakeConfig& config;
  const IoConfig& io;
  const Wcs& wcs;
  int frequency_band = 0;
  std::span<const simulate::SkyModel> skies;
  Observer observer;
  std::vector<PointingModel> pointing_models;  ///< by feed - 1; empty = no corrections
};

struct Positions {
  std::vector<double> longitude_deg, latitude_deg;  ///< [sample]
};

Positions positions_of(const Observer& observer, std::span<const double> mjd, std::span<const double> azimuth_deg,
                       std::span<const double> elevation_deg, SkyFrame frame) {
  Positions positions{std::vector<double>(mjd.size()), std::vector<double>(mjd.size())};
  horizontal_to_sky(observer, mjd, azimuth_deg, elevation_deg, frame, positions.longitude_deg, positions.latitude_deg);
  return positions;
}

/// One scan of one feed.
struct Scan {
  std::span<const double> mjd, azimuth_deg, elevation_deg;  ///< [sample]
  std::vector<float> tod_K;                                 ///< [sample]
  int feed = 0;
  double frequency_GHz = 0.0;
};

Positions mapped_positions(const Binning& binning, const Scan& scan) {
  std::vector<double> azimuth_deg(scan.azimuth_deg.begin(), scan.azimuth_deg.end());
  std::vector<double> elevation_deg(scan.elevation_deg.begin(), scan.elevation_deg.end());
  if (!binning.pointing_models.empty()) {
    const PointingModel& model = binning.pointing_models.at(scan.feed - 1);
    for (std::size_t i = 0; i < azimuth_deg.size(); ++i) {
      const Horizontal direction = corrected(model, {azimuth_deg[i], elevation_deg[i]});
      azimuth_deg[i] = direction.azimuth_deg;
      elevation_deg[i] = direction.elevation_deg;
    }
  }
  if (!elevation_is_valid(elevation_deg)) return {};
  return positions_of(binning.observer, scan.mjd, azimuth_deg, elevation_deg, binning.wcs.frame());
}

/// At the frequency of the stream [sample].
std::vector<double> sky_along(const simulate::SkyModel& sky, const Positions& galactic, double frequency_GHz) {
  std::vector<double> sum_K(galactic.longitude_deg.size(), 0.0);
  for (const simulate::SkyTerm& term : sky_terms(sky, galactic.longitude_deg, galactic.latitude_deg)) {
    const double factor = term.spectrum(frequency_GHz);
    for (std::size_t i = 0; i < sum_K.size(); ++i) sum_K[i] += factor * static_cast<double>(term.profile_K[i]);
  }
  return sum_K;
}

/// Adds weights, and weights times sky, to the sums of a map.
void add_scan(const Binning& binning, Scan& scan, InjectedMap& sums) {
  const Positions mapped = mapped_positions(binning, scan);
  if (mapped.longitude_deg.empty()) return;
  std::vector<std::int64_t> pixel(mapped.longitude_deg.size());
  binning.wcs.pixel_index(mapped.longitude_deg, mapped.latitude_deg, pixel);
  const double weight_per_K2 = prepare_scan(scan.tod_K, {}, binning.config.min_good_fraction);
  if (weight_per_K2 == 0.0) return;
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < pixel.size(); ++i) {
    if (pixel[i] >= 0 && std::isfinite(scan.tod_K[i])) used.push_back(i);
  }
  for (const std::size_t i : used) sums.weight_per_K2[pixel[i]] += weight_per_K2;
  const Positions galactic =
      positions_of(binning.observer, scan.mjd, scan.azimuth_deg, scan.elevation_deg, SkyFrame::galactic);
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
    const std::vector<float> stream = file.read_stream(feed, binning.frequency_band);
    const auto element =
        static_cast<std::size_t>(std::int64_t{feed - 1} * file.n_frequency_bands() + binning.frequency_band);
    for (std::size_t index = 0; index < file.scans().size(); ++index) {
      if (!selection.used(feed, binning.frequency_band, index)) continue;
      const auto first = static_cast<std::size_t>(file.scans()[index][0]);
      const std::size_t n = static_cast<std::size_t>(file.scans()[index][1]) - first;
      const auto part = [&](const auto& values) { return std::span(values).subspan(first, n); };
      const auto samples = part(stream);
      Scan scan{part(file.mjd()),
                part(pointing.azimuth_deg),
                part(pointing.elevation_deg),
                {samples.begin(), samples.end()},
                feed,
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
    Binning binning{config, io, wcs, frequency_band, skies, map_observer(config), {}};
    if (!config.pointing_model.empty()) binning.pointing_models = read_pointing_models(config.pointing_model);
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
