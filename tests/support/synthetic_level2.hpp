#pragma once
/// \file
/// Small Level-2 files with a known sky, for the tests of map making.

#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "core/constants.hpp"
#include "data/level2_datasets.hpp"
#include "io/hdf5/h5.hpp"
#include "sky/coordinates.hpp"

namespace comap::test {

/// Sweeps in azimuth and, slower, in elevation over a field; all numbers may be changed before writing.
struct SyntheticLevel2 {
  std::int64_t obsid = 30001;
  std::string source = "Field12";
  std::string comment;
  std::vector<int> feeds = {1, 3, 20};
  std::int64_t n_samples = 2400;
  std::vector<std::array<std::int64_t, 2>> scans = {{100, 1100}, {1250, 2350}};
  double start_mjd = 59842.05;
  double azimuth_deg = 150.0, elevation_deg = 48.0;  ///< at the centre
  double azimuth_half_deg = 0.4, elevation_half_deg = 0.3;
  double azimuth_period = 310.0, elevation_period = 1234.0;  ///< samples
  double noise_K = 0.003;
  double offset_K = 0.0;  ///< rms of a level that changes every 100 samples
  std::uint64_t seed = 1;
  double auto_rms_K = 0.003, sigma_red_K = 0.01;            ///< as level2_noise_stats states them
  double alpha = std::numeric_limits<double>::quiet_NaN();  ///< not stated
  bool with_noise_stats = true;
  bool checksum = false;  ///< of the samples, one chunk for each stream
  std::string dataset = "binned_data";
  std::function<double(SkyPosition galactic)> sky_K = [](SkyPosition) { return 0.0; };
  /// Last change to the samples [19][4][2][sample].
  std::function<void(std::vector<float>&)> change_samples = [](std::vector<float>&) {};

  double mjd(std::int64_t sample) const { return start_mjd + static_cast<double>(sample) * 0.02 / kSecondsPerDay; }
  double azimuth(int feed, std::int64_t sample) const {
    const double phase = static_cast<double>(sample) / azimuth_period * 2.0 * std::numbers::pi;
    return azimuth_deg + 0.05 * feed + azimuth_half_deg * std::sin(phase) / std::cos(elevation_deg * kDegree_rad);
  }
  double elevation(int feed, std::int64_t sample) const {
    const double phase = static_cast<double>(sample) / elevation_period * 2.0 * std::numbers::pi;
    return elevation_deg + 0.03 * feed + elevation_half_deg * std::sin(phase);
  }
};

inline std::size_t sample_index(const SyntheticLevel2& file, int feed, int frequency_band, std::int64_t sample) {
  return static_cast<std::size_t>(((feed - 1) * 8 + frequency_band) * file.n_samples + sample);
}

/// Galactic positions of one feed [sample].
inline std::vector<SkyPosition> synthetic_positions(const SyntheticLevel2& made, int feed) {
  std::vector<double> mjd, azimuth, elevation;
  for (std::int64_t sample = 0; sample < made.n_samples; ++sample) {
    mjd.push_back(made.mjd(sample));
    azimuth.push_back(made.azimuth(feed, sample));
    elevation.push_back(made.elevation(feed, sample));
  }
  std::vector<double> longitude(mjd.size()), latitude(mjd.size());
  horizontal_to_sky(Observer(), mjd, azimuth, elevation, SkyFrame::galactic, longitude, latitude);
  std::vector<SkyPosition> positions;
  for (std::size_t i = 0; i < mjd.size(); ++i) positions.push_back({longitude[i], latitude[i]});
  return positions;
}

inline std::vector<float> synthetic_samples(const SyntheticLevel2& made) {
  std::vector<float> samples(19 * 8 * static_cast<std::size_t>(made.n_samples), 0.0F);
  std::mt19937_64 random(made.seed);
  std::normal_distribution<double> normal;
  for (const int feed : made.feeds) {
    if (feed > kScienceFeeds) continue;
    const std::vector<SkyPosition> positions = synthetic_positions(made, feed);
    for (int band = 0; band < 8; ++band) {
      for (const auto& [start, end] : made.scans) {
        double level = 0.0;
        for (std::int64_t sample = start; sample < end; ++sample) {
          if ((sample - start) % 100 == 0) level = 40.0 + made.offset_K * normal(random);
          const double sky = made.sky_K(positions[static_cast<std::size_t>(sample)]);
          samples[sample_index(made, feed, band, sample)] =
              static_cast<float>(level + sky + made.noise_K * normal(random));
        }
      }
    }
  }
  made.change_samples(samples);
  return samples;
}

inline void write_noise_stats(const SyntheticLevel2& made, h5::File& file) {
  const h5::Extent extent = {19, 4, 2, made.scans.size()};
  const std::string group = std::string(level2::kNoiseStatsGroup) + "/" + made.dataset;
  file.write<double>(group + "/auto_rms", extent, std::vector<double>(h5::Slab::all(extent).size(), made.auto_rms_K),
                     "K");
  file.write<double>(group + "/sigma_red", extent, std::vector<double>(h5::Slab::all(extent).size(), made.sigma_red_K),
                     "K");
  if (!std::isfinite(made.alpha)) return;
  file.write<double>(group + "/alpha", extent, std::vector<double>(h5::Slab::all(extent).size(), made.alpha), "");
}

inline void write_samples(const SyntheticLevel2& made, h5::File& file) {
  const auto n = static_cast<std::uint64_t>(made.n_samples);
  h5::DatasetSpec spec;
  spec.type = h5::StoredType::float32;
  spec.extent = {19, 4, 2, n};
  if (made.checksum) spec.chunk = {1, 1, 1, n};
  spec.checksum = made.checksum;
  spec.unit = std::string("K");
  const h5::Dataset dataset = file.create_dataset("level2/" + made.dataset, spec);
  dataset.write<float>(h5::Slab::all(spec.extent), synthetic_samples(made));
}

inline void write_level2(const std::string& path, const SyntheticLevel2& made) {
  h5::File file = h5::File::create(path);
  const auto n = static_cast<std::uint64_t>(made.n_samples);
  std::vector<double> mjd, azimuth, elevation;
  for (std::int64_t sample = 0; sample < made.n_samples; ++sample) mjd.push_back(made.mjd(sample));
  for (const int feed : made.feeds) {
    for (std::int64_t sample = 0; sample < made.n_samples; ++sample) {
      azimuth.push_back(made.azimuth(feed, sample));
      elevation.push_back(made.elevation(feed, sample));
    }
  }
  std::vector<std::int64_t> edges;
  for (const auto& scan : made.scans) edges.insert(edges.end(), scan.begin(), scan.end());
  const std::vector<std::int64_t> feeds(made.feeds.begin(), made.feeds.end());

  file.create_group("comap");
  file.write_attribute("comap", "obsid", made.obsid);
  file.write_attribute("comap", "source", made.source);
  file.write_attribute("comap", "comment", made.comment);
  file.write_attribute("comap", "utc_start", std::string("2022-09-20-01:12:00"));
  file.write<double>(level2::kMjd, {n}, mjd);
  file.write<std::int64_t>(level2::kFeeds, {feeds.size()}, feeds);
  file.write<double>(level2::kAzimuth, {feeds.size(), n}, azimuth, "deg");
  file.write<double>(level2::kElevation, {feeds.size(), n}, elevation, "deg");
  file.write<std::int64_t>(level2::kScanEdges, {made.scans.size(), 2}, edges);
  write_samples(made, file);
  if (made.with_noise_stats) write_noise_stats(made, file);
  file.close();
}

/// An empty directory for one test; the name should be unlike those of other tests.
inline std::string fresh_directory(const std::string& name) {
  const auto path = std::filesystem::temp_directory_path() / ("comap_test_" + name);
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path.string();
}

}  // namespace comap::test
