#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <set>
#include <utility>

#include "check/check_file.hpp"
#include "check/check_vane.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "data/level2_datasets.hpp"
#include "data/observation.hpp"
#include "io/level1/band_order.hpp"
#include "io/level1/level1_metadata.hpp"
#include "level2/tod_reader.hpp"
#include "stages/check_level1/check_metadata.hpp"
#include "stages/check_level1/feed_flags.hpp"
#include "stages/check_level1/pointing_screen.hpp"
#include "stages/check_level1/sample_screen.hpp"
#include "stages/find_scans.hpp"
#include "stages/vane/system_temperature.hpp"

namespace comap {
namespace {

using Findings = std::vector<Finding>;

constexpr std::string_view kTod = "spectrometer/tod";
constexpr double kMostMissing = 0.1;        ///< share of NaN in a band from which it is worth a finding
constexpr std::int64_t kLookSamples = 100;  ///< of one look into the TOD
constexpr int kLooks = 4;                   ///< into each feed of a contiguous file; a chunked one inflates for each
constexpr std::int64_t kDeepSamples = 4000;
constexpr const char* kCopyAgain = "copy the file again; if the archive has it like this, leave the observation out";
constexpr const char* kLeaveOut = "leave the observation out, or tell [level2] what to accept";

/// Samples of a feed and band, and how many of them are no power at all.
struct BandCount {
  std::int64_t n = 0;
  std::int64_t n_missing = 0;
  std::int64_t n_not_positive = 0;

  void add(std::span<const float> values) {
    for (const float value : values) {
      n_missing += std::isnan(value) ? 1 : 0;
      n_not_positive += value <= 0.0F ? 1 : 0;
    }
    n += static_cast<std::int64_t>(values.size());
  }
};

/// Samples [start, end) to look at, whole or part of a scan or of what is between scans.
struct Stretch {
  std::int64_t start = 0;
  std::int64_t end = 0;
  bool in_scan = false;
};

/// All samples, cut where scans begin and end and where a piece gets too long.
std::vector<Stretch> all_stretches(const ObservationContext& observation) {
  std::set<std::int64_t> cuts = {0, observation.level1.n_samples};
  for (const auto& [start, end] : observation.scans) cuts.insert({start, end});
  std::vector<Stretch> result;
  for (auto cut = cuts.begin(); std::next(cut) != cuts.end(); ++cut) {
    const auto begins_here = [&](const auto& scan) { return scan[0] == *cut; };
    const bool in_scan = std::ranges::any_of(observation.scans, begins_here);
    for (std::int64_t start = *cut; start < *std::next(cut); start += kDeepSamples) {
      result.push_back({start, std::min(start + kDeepSamples, *std::next(cut)), in_scan});
    }
  }
  return result;
}

/// Evenly over the scans; over the whole file when there are none.
std::vector<Stretch> looks(const ObservationContext& observation, int n_looks) {
  auto scans = observation.scans;
  const bool in_scan = !scans.empty();
  if (!in_scan) scans.push_back({0, observation.level1.n_samples});
  std::int64_t n_samples = 0;
  for (const auto& [start, end] : scans) n_samples += end - start;
  std::vector<Stretch> result;
  for (int look = 0; look < n_looks; ++look) {
    std::int64_t middle = n_samples * (std::int64_t{2} * look + 1) / (std::int64_t{2} * n_looks);
    auto scan = scans.begin();
    for (; middle >= (*scan)[1] - (*scan)[0]; ++scan) middle -= (*scan)[1] - (*scan)[0];
    const std::int64_t start = std::max((*scan)[0], (*scan)[0] + middle - kLookSamples / 2);
    result.push_back({start, std::min(start + kLookSamples, (*scan)[1]), in_scan});
  }
  return result;
}

void describe_feed(int feed, const std::array<BandCount, kBands>& bands, bool deep, Findings& findings,
                   std::set<TroubleKind>& told) {
  for (int band = 0; band < kBands; ++band) {
    const BandCount& count = bands[band];
    const auto share = [&](std::int64_t part) { return static_cast<double>(part) / static_cast<double>(count.n); };
    const char* of_what = deep ? "TOD" : "sampled TOD";
    if (share(count.n_missing) > kMostMissing) {
      told.insert(TroubleKind::samples_missing);
      findings.push_back({std::string(kTod),
                          fmt::format("feed {}, band {}: {:.1f} % of the {} is NaN", feed, band,
                                      100.0 * share(count.n_missing), of_what),
                          "set is_good to false for this element, or leave the observation out"});
    }
    if (share(count.n_not_positive) > kMostMissing) {
      told.insert(TroubleKind::counts_not_positive);
      findings.push_back({std::string(kTod),
                          fmt::format("feed {}, band {}: {:.1f} % of the {} is 0 or negative, which no power is", feed,
                                      band, 100.0 * share(count.n_not_positive), of_what),
                          "set is_good to false for this element, or leave the observation out"});
    }
  }
}

/// Adds what level2 would mend or take out, but for the kinds that findings tell already.
void add_troubles(const std::vector<Trouble>& troubles, Findings& findings, const std::set<TroubleKind>& told = {}) {
  for (const Trouble& trouble : merged(troubles)) {
    if (!told.contains(trouble.kind)) findings.push_back(finding_of(trouble));
  }
}

std::vector<Trouble> check_feed(const ObservationContext& observation, const CheckLevel1Config& limits, int row,
                                const std::vector<Stretch>& stretches, TodReader& reader,
                                std::array<BandCount, kBands>& bands) {
  const Level1Metadata& level1 = observation.level1;
  const int feed = level1.feeds[row];
  SampleScreen screen(level1, limits);
  FeedFlags flags(observation, feed, limits);
  std::vector<float> tod;
  for (const auto& [start, end, in_scan] : stretches) {
    const auto band_size = static_cast<std::size_t>(level1.n_channels * (end - start));
    tod.resize(kBands * band_size);
    reader.read({row, 0, kBands, start, end - start}, tod);
    for (int band = 0; band < kBands; ++band) {
      const auto of_band = std::span(tod).subspan(static_cast<std::size_t>(band) * band_size, band_size);
      bands[band].add(of_band);
      FeedBlock block;
      block.feed = feed;
      block.band = band;
      block.scan = in_scan ? 0 : -1;
      block.start = start;
      block.n_samples = block.stride = end - start;
      block.n_channels = level1.n_channels;
      block.tod = of_band.data();
      screen.screen(block, of_band.data(), flags.of(band, start, end - start));
    }
  }
  std::vector<Trouble> troubles;
  flags.finish(screen.in_single_channels(), troubles);
  return troubles;
}

void check_tod(const ObservationContext& observation, const CheckLevel1Config& limits, TodDepth depth,
               Findings& findings) {
  const Level1Metadata& level1 = observation.level1;
  const h5::File file = h5::File::open_read(level1.path);
  TodReader reader(file, level1.order);
  const bool one_look = !file.info(kTod).chunk.empty() || depth == TodDepth::touch;
  const auto stretches =
      depth == TodDepth::all ? all_stretches(observation) : looks(observation, one_look ? 1 : kLooks);
  std::vector<Trouble> troubles;
  std::set<TroubleKind> told;
  for (int row = 0; row < level1.n_feeds; ++row) {
    const int feed = level1.feeds[row];
    if (feed > kScienceFeeds) continue;
    std::array<BandCount, kBands> bands;
    std::ranges::move(check_feed(observation, limits, row, stretches, reader, bands), std::back_inserter(troubles));
    describe_feed(feed, bands, depth == TodDepth::all, findings, told);
    if (depth == TodDepth::touch) break;
  }
  add_troubles(troubles, findings, told);
}

/// Finds contradictions that level2 would refuse or mend.
void check_contradictions(Level1Metadata& level1, const CheckLevel1Config& config, Findings& findings) {
  add_troubles(level1.troubles, findings);
  const MetadataVerdict verdict = judge_metadata(level1, config);
  for (const MetadataRefusal& refusal : verdict.refusals) {
    findings.push_back({refusal.dataset, refusal.what, refusal.remedy});
  }
  add_troubles(verdict.troubles, findings);
}

/// The vane and the scans as level2 would find them.
ObservationContext check_stages(const Level1Metadata& level1, const Level2Config& config, Findings& findings) {
  ObservationContext observation;
  observation.obsid = level1.obsid;
  observation.source = source_name_of(h5::attribute_text(level1.attributes, "source"));
  observation.source_group = source_group_of(observation.source, h5::attribute_text(level1.attributes, "comment"));
  observation.level1 = level1;
  observation.pointing_faults = bridge_pointing(config.check_level1, observation.level1);
  const auto attempt = [&](const Stage& stage, const char* dataset, const char* remedy) {
    try {
      stage.prepare(observation);
    } catch (const ObservationError& error) {
      findings.push_back({dataset, error.without_path(), remedy});
    }
  };
  // A sky dip may have no vane: level2 takes the calibration from the next observation, which is not looked at here.
  if (observation.source_group != kSkyDipGroup) {
    attempt(SystemTemperature(config.system_temperature), "hk/antenna0/vane", "it cannot be calibrated: leave it out");
  }
  attempt(FindScans(config.find_scans, config.system_temperature, config.check_level1.max_time_gap_s),
          "spectrometer/features", "there is nothing to reduce: leave it out");
  add_troubles(observation.troubles, findings);
  return observation;
}

void check_calibration(const ObservationContext& observation, const Level2Config& config, Findings& findings) {
  if (observation.vane_events.empty() || !observation.products.contains(level2::kVaneEventMjd)) return;
  const h5::File file = h5::File::open_read(observation.level1.path);
  TodReader reader(file, observation.level1.order);
  try {
    add_troubles(check_vane(observation, config, reader), findings);
  } catch (const ObservationError& error) {
    findings.push_back({"hk/antenna0/vane", error.what(), "it cannot be calibrated: leave it out"});
  }
}

}  // namespace

std::vector<Finding> check_level1_file(const std::string& path, const Level2Config& config, TodDepth depth) {
  std::vector<Level1Problem> problems;
  Level1Metadata level1 = inspect_level1(path, problems);
  Findings findings;
  for (const Level1Problem& problem : problems) findings.push_back({problem.dataset, problem.what, kCopyAgain});
  if (!findings.empty()) return findings;
  const auto is_science_feed = [](int feed) { return feed <= kScienceFeeds; };
  if (std::ranges::none_of(level1.feeds, is_science_feed)) {
    findings.push_back({"spectrometer/feeds", fmt::format("no feed of 1..{}", kScienceFeeds), kLeaveOut});
  }
  try {
    check_contradictions(level1, config.check_level1, findings);
  } catch (const Error& error) {
    findings.push_back({"", error.what(), kCopyAgain});
  }
  const ObservationContext observation = check_stages(level1, config, findings);
  try {
    check_tod(observation, config.check_level1, depth, findings);
    if (depth == TodDepth::all) check_calibration(observation, config, findings);
  } catch (const Error& error) {
    findings.push_back({std::string(kTod), error.what(), kCopyAgain});
  }
  return findings;
}

}  // namespace comap
