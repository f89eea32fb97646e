// TOD of files in any order of bands and channels comes in ours, whatever part is read and however it is stored.

#include "level2/tod_reader.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/constants.hpp"
#include "support/small_level1.hpp"

namespace comap {
namespace {

constexpr int kFeeds = 2, kChannels = 3, kSamples = 10;
const BandOrder kOrder = {{2, 0, 3, 1}, {false, true, true, false}};

/// A number that tells its place in our order.
float value_at(int feed, int band, int channel, std::int64_t sample) {
  return static_cast<float>(1000 * feed + 100 * band + 10 * channel) + static_cast<float>(sample) / 16.0F;
}

/// [feed][band][channel][sample] as a file in kOrder has it.
std::vector<float> stored_tod() {
  std::vector<float> tod(std::size_t{kFeeds} * kBands * kChannels * kSamples);
  for (int feed = 0; feed < kFeeds; ++feed) {
    for (int band = 0; band < kBands; ++band) {
      for (int channel = 0; channel < kChannels; ++channel) {
        const int stored_band = kOrder.stored_band[static_cast<std::size_t>(band)];
        const int row = (feed * kBands + stored_band) * kChannels + kOrder.stored_channel(band, channel, kChannels);
        for (int sample = 0; sample < kSamples; ++sample) {
          tod[static_cast<std::size_t>(row * kSamples + sample)] = value_at(feed, band, channel, sample);
        }
      }
    }
  }
  return tod;
}

void expect_our_order(const TodSlab& slab, TodReader& reader) {
  std::vector<float> values(static_cast<std::size_t>(slab.n_bands * kChannels * slab.n_samples));
  reader.read(slab, values);
  std::size_t i = 0;
  for (int band = slab.first_band; band < slab.first_band + slab.n_bands; ++band) {
    for (int channel = 0; channel < kChannels; ++channel) {
      for (std::int64_t sample = slab.start; sample < slab.start + slab.n_samples; ++sample) {
        ASSERT_EQ(values[i++], value_at(slab.feed_row, band, channel, sample)) << band << " " << channel;
      }
    }
  }
}

class TodOrder : public testing::TestWithParam<bool> {};

TEST_P(TodOrder, IsOurs) {
  const test::TemporaryFile scratch("comap-1-tod.hd5");
  h5::File file = h5::File::create(scratch.path());
  h5::DatasetSpec spec;
  spec.type = h5::StoredType::float32;
  spec.extent = {kFeeds, kBands, kChannels, kSamples};
  if (GetParam()) {
    spec.chunk = {1, 3, 2, 4};
    spec.compression = 3;
  }
  file.create_dataset("spectrometer/tod", spec)
      .write<float>(h5::Slab::all(spec.extent), std::span<const float>(stored_tod()));
  TodReader reader(file, kOrder);
  expect_our_order({0, 0, kBands, 0, kSamples}, reader);
  expect_our_order({1, 0, kBands, 3, 5}, reader);
  for (int band = 0; band < kBands; ++band) expect_our_order({1, band, 1, 2, 7}, reader);
  expect_our_order({0, 1, 2, 0, kSamples}, reader);
  reader.read({}, std::span<float>());
}

INSTANTIATE_TEST_SUITE_P(Storage, TodOrder, testing::Bool(),
                         [](const auto& storage) { return storage.param ? "chunked" : "contiguous"; });

}  // namespace
}  // namespace comap
