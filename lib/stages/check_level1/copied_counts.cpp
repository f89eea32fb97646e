#include "stages/check_level1/copied_counts.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "core/constants.hpp"

namespace comap {
namespace {

constexpr int kCountsOfBlock = 48;   ///< counts of a block
constexpr int kLeastFinite = 16;     ///< of them
constexpr std::int64_t kStep = 7;    ///< samples from one to the next, whatever the length of the scan
constexpr std::int64_t kFirst = 11;  ///< sample
constexpr std::uint64_t kFnvStart = 14695981039346656037U, kFnvPrime = 1099511628211U;  ///< of the hash FNV-1a

/// Which block a signature is of.
struct Place {
  int feed = 0;
  int scan = 0;
  int band = 0;
};

/// A block that is a copy of an earlier one, and the feeds that it concerns.
struct Copy {
  std::string what;
  std::vector<int> feeds;
};

Copy copy_of(const Place& earlier, const Place& later) {
  if (later.feed != earlier.feed) {
    return {fmt::format("feeds {} and {} hold the same counts", earlier.feed, later.feed), {earlier.feed, later.feed}};
  }
  if (later.scan != earlier.scan) {
    return {fmt::format("scan {} holds the counts of scan {} (from 0)", later.scan, earlier.scan), {later.feed}};
  }
  return {fmt::format("band {} holds the counts of band {}", later.band, earlier.band), {later.feed}};
}

}  // namespace

std::int64_t count_signature(const FeedBlock& block) {
  std::uint64_t hash = kFnvStart;
  int n_finite = 0;
  bool varies = false;
  float before = kFloatNan;
  for (int look = 0; look < kCountsOfBlock && kFirst + look * kStep < block.n_samples; ++look) {
    const float count = block.channel(look * block.n_channels / kCountsOfBlock)[kFirst + look * kStep];
    hash = (hash ^ (std::isfinite(count) ? std::bit_cast<std::uint32_t>(count) : 0U)) * kFnvPrime;
    if (!std::isfinite(count)) continue;
    varies = varies || (n_finite > 0 && count != before);
    before = count;
    ++n_finite;
  }
  return n_finite >= kLeastFinite && varies ? std::bit_cast<std::int64_t>(hash) : 0;
}

std::vector<Trouble> find_copied_counts(const std::vector<int>& feeds, const std::vector<ProductTable>& products) {
  std::map<std::int64_t, Place> seen;
  std::vector<Trouble> troubles;
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    if (!products[i].contains(kCountSignatures)) continue;
    const auto signatures = products[i].flat(kCountSignatures);
    for (std::size_t block = 0; block < signatures.size(); ++block) {
      if (signatures[block] == 0) continue;
      const Place place = {feeds[i], static_cast<int>(block) / kBands, static_cast<int>(block) % kBands};
      const auto [first, is_new] = seen.try_emplace(signatures[block], place);
      if (is_new) continue;
      Copy copy = copy_of(first->second, place);
      troubles.push_back({TroubleKind::samples_repeated, "check_level1", "spectrometer/tod", std::move(copy.what),
                          "they are used; leave them out (is_good)", std::move(copy.feeds)});
    }
  }
  return merged(troubles);
}

}  // namespace comap
