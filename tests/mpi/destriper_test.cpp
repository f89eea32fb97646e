#include "destripe/destriper.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "destripe/pixel_numbering.hpp"
#include "destripe/regularisation.hpp"
#include "destripe/shared_pixels.hpp"
#include "support/destriper_problem.hpp"
#include "support/mpi_main.hpp"

namespace comap {
namespace {

struct PixelValues {
  double destriped_K;
  double naive_K;
  double weight_per_K2;
  double hits;
};

template <typename T>
Bytes bytes_of(const std::vector<T>& values) {
  Bytes bytes(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

template <typename T>
std::vector<T> values_of(const Bytes& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

/// The whole map on every rank; fails where a pixel has two owners.
std::map<std::int64_t, PixelValues> whole_map(const MapPiece& piece, const Communicator& ranks) {
  std::vector<PixelValues> values;
  for (std::size_t i = 0; i < piece.pixel.size(); ++i) {
    values.push_back({piece.destriped_K[i], piece.naive_K[i], piece.weight_per_K2[i], piece.hits[i]});
  }
  const std::vector<Bytes> pixels = ranks.all_gather(bytes_of(piece.pixel));
  const std::vector<Bytes> all = ranks.all_gather(bytes_of(values));
  std::map<std::int64_t, PixelValues> map;
  for (std::size_t rank = 0; rank < pixels.size(); ++rank) {
    const auto numbers = values_of<std::int64_t>(pixels[rank]);
    const auto parts = values_of<PixelValues>(all[rank]);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      EXPECT_TRUE(map.emplace(numbers[i], parts[i]).second) << "pixel " << numbers[i] << " has two owners";
    }
  }
  return map;
}

/// Segments `first`, `first + step`, ... with their samples.
DestriperData take_segments(const DestriperData& data, std::size_t first, std::size_t step) {
  DestriperData part;
  DestriperStream& stream = part.streams.emplace_back();
  for (std::size_t s = first; s < data.segments.size(); s += step) {
    DestriperSegment segment = data.segments[s];
    const auto copy = [&](const auto& from, auto& to) {
      if (from.empty()) return;
      to.insert(to.end(), from.begin() + segment.start, from.begin() + segment.start + segment.n_samples);
    };
    const auto start = static_cast<std::int64_t>(part.pixel.size());
    copy(data.pixel, part.pixel);
    copy(data.streams[0].tod_K, stream.tod_K);
    stream.weight_per_K2.push_back(data.streams[0].weight_per_K2[s]);
    if (!data.streams[0].prior_variance_K2.empty()) {
      stream.prior_variance_K2.push_back(data.streams[0].prior_variance_K2[s]);
    }
    copy(data.solver_factor, part.solver_factor);
    copy(data.airmass, part.airmass);
    segment.start = start;
    part.segments.push_back(std::move(segment));
  }
  // As where no sample of a rank is in bright sky.
  if (std::ranges::all_of(part.solver_factor, [](float factor) { return factor == 1.0F; })) part.solver_factor.clear();
  return part;
}

enum class Bright { nothing, everywhere, first_segment };
enum class Prior { none, everywhere, first_segment };

struct Case {
  const char* name;
  int n_segments;
  bool airmass;
  Bright bright;
  double regularisation;
  Prior prior;
};

class DistributedDestriper : public testing::TestWithParam<Case> {
 protected:
  static constexpr std::int64_t kSamples = 1030;
  static constexpr int kOffsetLength = 50;

  void SetUp() override {
    scans_ = test::crossing_scans(GetParam().n_segments, kSamples);
    test::add_offsets(scans_.data, kOffsetLength, 1.0);
    if (GetParam().airmass) test::add_airmass(scans_.data, 0.5);
    test::add_noise(scans_.data, 0.02);
    if (GetParam().bright != Bright::nothing) add_bright_sky();
    if (GetParam().prior != Prior::none) add_prior();
    settings_.n_pixels = scans_.n_pixels;
    settings_.n_columns = scans_.n_columns;
    settings_.offset_length = kOffsetLength;
    settings_.alpha_grad = settings_.lambda_ridge = GetParam().regularisation;
    settings_.threshold = 1e-12;
  }

  void add_bright_sky() {
    DestriperData& data = scans_.data;
    data.solver_factor.assign(data.pixel.size(), 1.0F);
    const std::size_t end =
        GetParam().bright == Bright::everywhere ? data.pixel.size() : static_cast<std::size_t>(kSamples);
    for (std::size_t i = 0; i < end; ++i) data.solver_factor[i] = data.pixel[i] % 5 == 0 ? 0.1F : 1.0F;
  }

  void add_prior() {
    auto& variance_K2 = scans_.data.streams[0].prior_variance_K2;
    variance_K2.resize(scans_.data.segments.size());
    const std::size_t n_with_prior = GetParam().prior == Prior::everywhere ? variance_K2.size() : 1;
    for (std::size_t s = 0; s < n_with_prior; ++s) {
      for (std::int64_t k = 0; k * kOffsetLength < kSamples; ++k) {
        variance_K2[s].push_back(k < 2 ? 0.0 : 1.0 / static_cast<double>(k * k));
      }
    }
  }

  DestriperResult run() const {
    const Communicator& ranks = test::world();
    const auto part =
        take_segments(scans_.data, static_cast<std::size_t>(ranks.rank()), static_cast<std::size_t>(ranks.size()));
    return test::destripe_one(part, settings_, ranks);
  }

  test::CrossingScans scans_;
  DestriperSettings settings_;
};

TEST_P(DistributedDestriper, MapIsThatOfOneRank) {
  const DestriperResult alone = test::destripe_one(scans_.data, settings_, SerialCommunicator());
  const DestriperResult shared = run();
  EXPECT_TRUE(shared.report.converged);
  EXPECT_EQ(shared.report.n_components, alone.report.n_components);
  EXPECT_EQ(shared.report.n_offsets, alone.report.n_offsets);
  EXPECT_EQ(shared.report.n_offsets_without_data, alone.report.n_offsets_without_data);
  const auto map = whole_map(shared.map, test::world());
  ASSERT_EQ(map.size(), alone.map.pixel.size());
  double square = 0.0;
  for (const double value : alone.map.destriped_K) square += value * value;
  const double tolerance_K = 1e-9 * std::sqrt(square / static_cast<double>(map.size()));
  for (std::size_t i = 0; i < alone.map.pixel.size(); ++i) {
    const PixelValues& values = map.at(alone.map.pixel[i]);
    EXPECT_NEAR(values.destriped_K, alone.map.destriped_K[i], tolerance_K);
    EXPECT_NEAR(values.naive_K, alone.map.naive_K[i], 1e-12);
    EXPECT_NEAR(values.weight_per_K2, alone.map.weight_per_K2[i], 1e-12 * alone.map.weight_per_K2[i]);
    EXPECT_EQ(values.hits, alone.map.hits[i]);
  }
}

TEST_P(DistributedDestriper, TheSameRunGivesTheSameBits) {
  const DestriperResult first = run();
  const DestriperResult second = run();
  EXPECT_EQ(first.map.pixel, second.map.pixel);
  EXPECT_EQ(first.map.destriped_K, second.map.destriped_K);
  EXPECT_EQ(first.offsets_K, second.offsets_K);
  EXPECT_EQ(first.airmass_K, second.airmass_K);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, DistributedDestriper,
    testing::Values(Case{"plain", 9, false, Bright::nothing, 0.0, Prior::none},
                    Case{"airmass", 9, true, Bright::nothing, 0.0, Prior::none},
                    Case{"bright_sky", 9, true, Bright::everywhere, 0.0, Prior::none},
                    Case{"bright_sky_of_one_rank", 9, true, Bright::first_segment, 0.0, Prior::none},
                    Case{"regularised", 9, true, Bright::nothing, 0.1, Prior::none},
                    Case{"prior", 9, true, Bright::nothing, 0.0, Prior::everywhere},
                    Case{"prior_of_one_rank", 9, false, Bright::nothing, 0.0, Prior::first_segment},
                    Case{"ranks_without_segments", 2, false, Bright::nothing, 0.0, Prior::none},
                    Case{"ranks_without_segments_prior", 2, false, Bright::nothing, 0.0, Prior::everywhere},
                    Case{"ranks_without_segments_bright_sky", 2, true, Bright::everywhere, 0.0, Prior::none}),
    [](const auto& one) { return std::string(one.param.name); });

// A chain of scans, each sharing pixels with the next only, dealt out to the ranks in turn: the ranks find one
// component, and two when the chain is cut.
TEST(DistributedComponents, ChainsAcrossRanks) {
  const Communicator& ranks = test::world();
  for (const int cut : {-1, 5}) {
    DestriperData data;
    DestriperStream& stream = data.streams.emplace_back();
    for (std::int32_t scan = ranks.rank(); scan < 12; scan += ranks.size()) {
      data.segments.push_back({static_cast<std::int64_t>(data.pixel.size()), 30});
      stream.weight_per_K2.push_back(1.0);
      for (std::int32_t i = 0; i < 30; ++i) {
        data.pixel.push_back(scan * 10 + i % 15 + (cut >= 0 && scan > cut ? 500 : 0));
        stream.tod_K.push_back(0.1F * static_cast<float>(i));
      }
    }
    DestriperSettings settings;
    settings.n_pixels = 1000;
    settings.offset_length = 30;
    EXPECT_EQ(test::destripe_one(data, settings, ranks).report.n_components, cut < 0 ? 1 : 2);
  }
}

TEST(DistributedPixels, SharedSumsReachAllAndNothingElseIsSent) {
  const Communicator& ranks = test::world();
  // Rank r hits pixels 100 r .. 100 r + 149: 50 in common with the next rank.
  PixelNumbering numbering(10000, 0);
  for (std::int32_t i = 0; i < 150; ++i) numbering.mark(100 * ranks.rank() + i);
  numbering.finish();
  SharedPixels shared(numbering, ranks);
  const int n_neighbours = (ranks.rank() > 0 ? 1 : 0) + (ranks.rank() + 1 < ranks.size() ? 1 : 0);
  EXPECT_EQ(shared.n_shared(), 50 * n_neighbours);
  EXPECT_EQ(ranks.sum(shared.n_sent_per_sum()), 2 * 50 * (ranks.size() - 1));
  std::vector<double> values(150, 1.0 + ranks.rank());
  shared.sum(values);
  const std::vector<std::int32_t> pixels = numbering.map_pixels();
  std::int64_t n_owned = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    double expected = 0.0;
    for (int r = 0; r < ranks.size(); ++r) {
      if (pixels[i] >= 100 * r && pixels[i] < 100 * r + 150) expected += 1.0 + r;
    }
    EXPECT_EQ(values[i], expected) << "pixel " << pixels[i];
    n_owned += shared.owns(static_cast<std::int32_t>(i));
  }
  EXPECT_EQ(ranks.sum(n_owned), 100 * ranks.size() + 50);
}

TEST(DistributedMedian, IsThatOfAllValues) {
  const Communicator& ranks = test::world();
  std::vector<double> all;
  for (int i = 0; i < 41; ++i) all.push_back(std::fmod(7.31 * i, 5.0) + 0.01);
  std::vector<double> mine{0.0, -1.0};  // neither counts
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (static_cast<int>(i) % ranks.size() == ranks.rank()) mine.push_back(all[i]);
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(median_of_positive(mine, ranks), all[20]);
  if (ranks.rank() == 0) mine.push_back(1e9);
  EXPECT_EQ(median_of_positive(mine, ranks), 0.5 * (all[20] + all[21]));
}

}  // namespace
}  // namespace comap
