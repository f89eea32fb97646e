#include "io/level1/stated_positions.hpp"

#include <algorithm>
#include <array>

#include "io/hdf5/h5.hpp"

namespace comap {
namespace {

constexpr std::int64_t kVaneBit = std::int64_t{1} << 13;
constexpr double kSpacing_s = 3.0;               ///< of the samples that are looked at
constexpr std::size_t kLeastOfRun = 8;           ///< of them in each run
constexpr std::size_t kMostOfAll = 4096;         ///< of them in a file, but for the least of each run
constexpr std::int64_t kHold = 5;                ///< a direction may be recorded with every 5th, 10th, 50th sample only
constexpr std::array<int, 3> kPast = {3, 2, 4};  ///< samples past a multiple of them

bool is_observing(const Level1Metadata& level1, std::int64_t sample) {
  const std::int64_t features = level1.features[sample];
  return features > 0 && (features & kVaneBit) == 0;
}

/// Samples of a run, spread, at places that no coarser recording favours.
void add_samples(const std::array<std::int64_t, 2>& run, std::size_t n, std::vector<std::int64_t>& samples) {
  const std::int64_t length = run[1] - run[0];
  n = std::min(n, static_cast<std::size_t>(length));
  for (std::size_t i = 0; i < n; ++i) {
    const auto middle = run[0] + static_cast<std::int64_t>(2 * i + 1) * length / static_cast<std::int64_t>(2 * n);
    const std::int64_t odd = middle - middle % kHold + kPast.at(i % kPast.size());
    const bool is_free = odd >= run[0] && odd < run[1] && length >= kHold * static_cast<std::int64_t>(2 * n);
    samples.push_back(is_free ? odd : middle);
  }
}

/// Values of every feed at `samples` of a dataset [feed row][sample].
std::vector<double> read_at(const h5::File& file, const std::string& name, const std::vector<std::int64_t>& samples) {
  const h5::Dataset dataset = file.open(name);
  const h5::Extent extent = dataset.info().extent;
  std::vector<double> values(extent[0] * samples.size());
  std::vector<double> row(extent[1]);
  for (std::uint64_t feed = 0; feed < extent[0]; ++feed) {
    // HDF5 fetches 64 kB or a chunk for every number: the whole row costs no more.
    dataset.read<double>({{feed, 0}, {1, extent[1]}}, row);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      values[feed * samples.size() + i] = row[samples[i]];
    }
  }
  return values;
}

}  // namespace

std::vector<std::array<std::int64_t, 2>> observing_runs(const Level1Metadata& level1,
                                                        const std::array<std::int64_t, 2>& stretch) {
  std::vector<std::array<std::int64_t, 2>> runs;
  for (std::int64_t i = stretch[0]; i < stretch[1]; ++i) {
    if (!is_observing(level1, i)) continue;
    if (runs.empty() || runs.back()[1] != i) runs.push_back({i, i});
    runs.back()[1] = i + 1;
  }
  const auto is_short = [](const auto& run) { return run[1] - run[0] < static_cast<std::int64_t>(kLeastOfRun); };
  std::erase_if(runs, is_short);
  if (runs.empty()) runs.push_back(stretch);
  return runs;
}

StatedPositions read_stated_positions(const Level1Metadata& level1,
                                      const std::vector<std::array<std::int64_t, 2>>& stretches) {
  StatedPositions stated;
  const auto least_spacing = static_cast<double>(level1.n_samples) / static_cast<double>(kMostOfAll);
  const double spacing = std::max(kSpacing_s / level1.sample_time_s, least_spacing);
  for (const auto& stretch : stretches) {
    for (const auto& run : observing_runs(level1, stretch)) {
      const auto n = static_cast<std::size_t>(static_cast<double>(run[1] - run[0]) / spacing);
      add_samples(run, std::max(n, kLeastOfRun), stated.samples);
    }
  }
  const h5::File file = h5::File::open_read(level1.path);
  stated.ra = read_at(file, "spectrometer/pixel_pointing/pixel_ra", stated.samples);
  stated.dec = read_at(file, "spectrometer/pixel_pointing/pixel_dec", stated.samples);
  return stated;
}

}  // namespace comap
