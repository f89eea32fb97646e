#include "io/stated_positions.hpp"

#include <algorithm>
#include <numeric>

#include "io/h5.hpp"

namespace comap {
namespace {

constexpr std::size_t kPositions = 16;      ///< samples looked at
constexpr std::size_t kLeastOfStretch = 4;  ///< of them in each stretch
constexpr std::int64_t kVaneBit = std::int64_t{1} << 13;

/// Samples of a stretch with a feature but the vane's; all when there are too few of them.
std::vector<std::int64_t> observing_samples(const Level1Metadata& level1, std::int64_t start, std::int64_t end) {
  std::vector<std::int64_t> observing;
  for (std::int64_t i = start; i < end; ++i) {
    const std::int64_t features = level1.features[static_cast<std::size_t>(i)];
    if (features > 0 && (features & kVaneBit) == 0) observing.push_back(i);
  }
  if (observing.size() >= kLeastOfStretch) return observing;
  observing.resize(static_cast<std::size_t>(end - start));
  std::iota(observing.begin(), observing.end(), start);
  return observing;
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
      values[feed * samples.size() + i] = row[static_cast<std::size_t>(samples[i])];
    }
  }
  return values;
}

}  // namespace

StatedPositions read_stated_positions(const Level1Metadata& level1,
                                      const std::vector<std::array<std::int64_t, 2>>& stretches) {
  StatedPositions stated;
  const std::size_t most = std::max(kLeastOfStretch, kPositions / stretches.size());
  for (const auto& [start, end] : stretches) {
    const std::vector<std::int64_t> observing = observing_samples(level1, start, end);
    const std::size_t n = std::min(most, observing.size());
    for (std::size_t i = 0; i < n; ++i) stated.samples.push_back(observing[(2 * i + 1) * observing.size() / (2 * n)]);
  }
  const h5::File file = h5::File::open_read(level1.path);
  stated.ra = read_at(file, "spectrometer/pixel_pointing/pixel_ra", stated.samples);
  stated.dec = read_at(file, "spectrometer/pixel_pointing/pixel_dec", stated.samples);
  return stated;
}

}  // namespace comap
