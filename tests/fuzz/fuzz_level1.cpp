// Level-1 files: a good one, edited as the bytes say (fuzz/odd_level1.hpp) and written as valid HDF5, for HDF5 itself
// crashes on damaged bytes. The reader refuses it or delivers what its header promises, `check` finds something exactly
// when the reader refuses, and TOD read chunk by chunk is what HDF5 reads.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "catalogue/inspect_file.hpp"
#include "check/check_file.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "fuzz/expect.hpp"
#include "fuzz/odd_level1.hpp"
#include "fuzz/scratch_file.hpp"
#include "io/level1/level1_metadata.hpp"
#include "level2/tod_reader.hpp"

namespace {

using comap::Level1Metadata;
using comap::fuzz::expect;

std::optional<Level1Metadata> metadata_of(const std::string& path) {
  try {
    return comap::read_level1_metadata(path, 0);
  } catch (const comap::Error& error) {
    expect(std::string(error.what()).find(path) != std::string::npos, "the error does not name the file");
    return std::nullopt;
  }
}

void check_metadata(const Level1Metadata& level1) {
  const auto n_samples = static_cast<std::size_t>(level1.n_samples);
  const auto n_feeds = static_cast<std::size_t>(level1.n_feeds);
  expect(level1.obsid > 0, "obsid");
  expect(level1.mjd.size() == n_samples && std::ranges::is_sorted(level1.mjd), "MJD");
  expect(level1.feeds.size() == n_feeds, "feeds");
  expect(level1.frequency_GHz.size() == comap::kBands * static_cast<std::size_t>(level1.n_channels), "frequency");
  expect(level1.features.size() == n_samples, "features");
  expect(level1.azimuth_deg.size() == n_feeds * n_samples, "azimuth");
  expect(level1.elevation_deg.size() == n_feeds * n_samples, "elevation");
  const auto& vane = level1.vane;
  expect(!vane.utc_mjd.empty() && vane.angle_deg.size() == vane.utc_mjd.size(), "vane");
  expect(std::ranges::is_sorted(vane.utc_mjd) && std::isfinite(vane.utc_mjd.back()), "time of the vane");
  expect(level1.frame.features.size() == level1.frame.utc_mjd.size(), "frame");
  expect(level1.tracker.lissajous_status.size() == level1.tracker.utc_mjd.size(), "tracker");
}

void check_tod(const Level1Metadata& level1) {
  const comap::h5::File file = comap::h5::File::open_read(level1.path);
  const auto feed_size =
      static_cast<std::size_t>(level1.n_channels) * comap::kBands * static_cast<std::size_t>(level1.n_samples);
  std::vector<float> expected;
  std::vector<float> found(feed_size * static_cast<std::size_t>(level1.n_feeds));
  try {
    comap::TodReader reader(file);
    for (int row = 0; row < level1.n_feeds; ++row) {
      reader.read({row, 0, comap::kBands, 0, level1.n_samples},
                  std::span(found).subspan(feed_size * static_cast<std::size_t>(row), feed_size));
    }
    expected = file.read<float>("spectrometer/tod");
  } catch (const comap::Error&) {
    return;
  }
  expect(std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) == 0, "TOD differs from HDF5's");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const comap::fuzz::ScratchFile file("comap-0012345-2022-09-15-010101.hd5");
  comap::fuzz::OddLevel1 level1;
  level1.edit(data, size);
  level1.write(file.path());

  const std::optional<Level1Metadata> metadata = metadata_of(file.path());
  std::vector<comap::Level1Problem> problems;
  comap::inspect_level1(file.path(), problems);
  expect(problems.empty() == metadata.has_value(), "inspect_level1 and read_level1_metadata disagree");
  if (metadata) {
    check_metadata(*metadata);
    check_tod(*metadata);
  }
  comap::check_file(file.path(), comap::Level2Config{}, comap::TodDepth::all);
  comap::inspect_file(file.path(), comap::DataLevel::level1);
  return 0;
}
