#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "catalogue/catalogue.hpp"
#include "check/check_file.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "io/band_order.hpp"
#include "io/level1_metadata.hpp"
#include "level2/tod_reader.hpp"
#include "stages/check_metadata.hpp"
#include "stages/find_scans.hpp"
#include "stages/system_temperature.hpp"

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

/// Stretches of samples to look at.
std::vector<std::array<std::int64_t, 2>> looks(const Level1Metadata& level1, bool is_chunked, TodDepth depth) {
  std::vector<std::array<std::int64_t, 2>> result;
  if (depth == TodDepth::all) {
    for (std::int64_t start = 0; start < level1.n_samples; start += kDeepSamples) {
      result.push_back({start, std::min(start + kDeepSamples, level1.n_samples)});
    }
    return result;
  }
  const int n_looks = is_chunked || depth == TodDepth::touch ? 1 : kLooks;
  for (int look = 0; look < n_looks; ++look) {
    const std::int64_t middle = level1.n_samples * (std::int64_t{2} * look + 1) / (std::int64_t{2} * n_looks);
    const std::int64_t start = std::max<std::int64_t>(0, middle - kLookSamples / 2);
    result.push_back({start, std::min(start + kLookSamples, level1.n_samples)});
  }
  return result;
}

void describe_feed(int feed, const std::array<BandCount, kBands>& bands, bool deep, Findings& findings) {
  for (int band = 0; band < kBands; ++band) {
    const BandCount& count = bands[static_cast<std::size_t>(band)];
    const auto share = [&](std::int64_t part) { return static_cast<double>(part) / static_cast<double>(count.n); };
    const char* of_what = deep ? "TOD" : "sampled TOD";
    if (share(count.n_missing) > kMostMissing) {
      findings.push_back({std::string(kTod),
                          fmt::format("feed {}, band {}: {:.1f} % of the {} is NaN", feed, band,
                                      100.0 * share(count.n_missing), of_what),
                          "set is_good to false for this element, or leave the observation out"});
    }
    if (share(count.n_not_positive) > kMostMissing) {
      findings.push_back({std::string(kTod),
                          fmt::format("feed {}, band {}: {:.1f} % of the {} is 0 or negative, which no power is", feed,
                                      band, 100.0 * share(count.n_not_positive), of_what),
                          "set is_good to false for this element, or leave the observation out"});
    }
  }
}

void check_tod(const Level1Metadata& level1, TodDepth depth, Findings& findings) {
  const h5::File file = h5::File::open_read(level1.path);
  TodReader reader(file, band_order_of(level1));
  const auto stretches = looks(level1, !file.info(kTod).chunk.empty(), depth);
  std::vector<float> block;
  for (int row = 0; row < level1.n_feeds; ++row) {
    const int feed = level1.feeds[static_cast<std::size_t>(row)];
    if (feed > kScienceFeeds) continue;
    std::array<BandCount, kBands> bands;
    for (const auto& [start, end] : stretches) {
      const auto band_size = static_cast<std::size_t>(level1.n_channels * (end - start));
      block.resize(kBands * band_size);
      reader.read({row, 0, kBands, start, end - start}, block);
      for (std::size_t band = 0; band < kBands; ++band) {
        bands[band].add(std::span(block).subspan(band * band_size, band_size));
      }
    }
    describe_feed(feed, bands, depth == TodDepth::all, findings);
    if (depth == TodDepth::touch) return;
  }
}

void add_troubles(const std::vector<Trouble>& troubles, Findings& findings) {
  for (const Trouble& trouble : merged(troubles)) findings.push_back(finding_of(trouble));
}

/// What level2 would refuse or mend.
void check_contradictions(Level1Metadata& level1, const CheckLevel1Config& config, Findings& findings) {
  add_troubles(level1.troubles, findings);
  const MetadataVerdict verdict = judge_metadata(level1, config);
  for (const MetadataRefusal& refusal : verdict.refusals) {
    findings.push_back({refusal.dataset, refusal.what, refusal.remedy});
  }
  add_troubles(verdict.troubles, findings);
}

void check_pointing(const Level1Metadata& level1, Findings& findings) {
  const auto share_missing = [](const std::vector<double>& values) {
    const auto n = std::ranges::count_if(values, [](double value) { return !std::isfinite(value); });
    return static_cast<double>(n) / static_cast<double>(values.size());
  };
  const std::array<std::pair<const char*, const std::vector<double>*>, 2> angles = {
      {{"spectrometer/pixel_pointing/pixel_az", &level1.azimuth_deg},
       {"spectrometer/pixel_pointing/pixel_el", &level1.elevation_deg}}};
  for (const auto& [dataset, values] : angles) {
    const double share = share_missing(*values);
    if (share <= kMostMissing) continue;
    findings.push_back({dataset, fmt::format("{:.1f} % of the values are not finite", 100.0 * share), kLeaveOut});
  }
}

std::string attribute_text(const Level1Metadata& level1, const std::string& name) {
  const auto found = level1.attributes.find(name);
  return found == level1.attributes.end() ? "" : h5::to_text(found->second);
}

/// The vane and the scans as level2 would find them.
void check_stages(const Level1Metadata& level1, const Level2Config& config, Findings& findings) {
  ObservationContext observation;
  observation.obsid = level1.obsid;
  observation.source = source_name_of(attribute_text(level1, "source"));
  observation.source_group = source_group_of(observation.source, attribute_text(level1, "comment"));
  observation.level1 = level1;
  const auto attempt = [&](const Stage& stage, const char* dataset, const char* remedy) {
    try {
      stage.prepare(observation);
    } catch (const ObservationError& error) {
      const std::string_view text = error.what();
      const std::string prefix = level1.path + ": ";
      findings.push_back({dataset, std::string(text.starts_with(prefix) ? text.substr(prefix.size()) : text), remedy});
    }
  };
  // A sky dip may have no vane: level2 takes the calibration from the next observation, which is not looked at here.
  if (observation.source_group != kSkyDipGroup) {
    attempt(SystemTemperature(config.system_temperature), "hk/antenna0/vane", "it cannot be calibrated: leave it out");
  }
  attempt(FindScans(config.find_scans, config.system_temperature.hk_time_offset_s), "spectrometer/features",
          "there is nothing to reduce: leave it out");
  add_troubles(observation.troubles, findings);
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
  check_pointing(level1, findings);
  check_stages(level1, config, findings);
  try {
    check_tod(level1, depth, findings);
  } catch (const Error& error) {
    findings.push_back({std::string(kTod), error.what(), kCopyAgain});
  }
  return findings;
}

}  // namespace comap
