#include "io/level1/level1_metadata.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "core/constants.hpp"
#include "io/level1/level1_file.hpp"
#include "io/level1/level1_identity.hpp"
#include "io/level1/sample_times.hpp"

namespace comap {
namespace {

constexpr std::string_view kTod = "spectrometer/tod";
constexpr std::string_view kMjd = "spectrometer/MJD";
constexpr std::string_view kFeeds = "spectrometer/feeds";
constexpr std::string_view kFrequency = "spectrometer/frequency";
constexpr std::string_view kBandNames = "spectrometer/bands";
constexpr std::string_view kFeatures = "spectrometer/features";
constexpr std::string_view kPointing = "spectrometer/pixel_pointing/";
constexpr std::string_view kAttributes = "comap";

void read_shape(const CheckedFile& in, Level1Metadata& metadata) {
  const h5::DatasetInfo tod = in.info(kTod);
  if (tod.kind != h5::Kind::floating || tod.element_bytes != sizeof(float)) in.fail(kTod, "expected float32");
  if (tod.extent.size() != 4) {
    in.fail(kTod, fmt::format("has {} axes, expected [feed][band][channel][sample]", tod.extent.size()));
  }
  if (tod.extent[1] != kBands) in.fail(kTod, fmt::format("has {} bands, expected {}", tod.extent[1], kBands));
  if (tod.extent[0] < 1) in.fail(kTod, "has no feeds");
  if (tod.extent[2] < 1) in.fail(kTod, "has no channels");
  if (tod.extent[3] < 2) in.fail(kTod, fmt::format("has {} samples, expected at least 2", tod.extent[3]));
  metadata.n_feeds = static_cast<int>(tod.extent[0]);
  metadata.n_channels = static_cast<int>(tod.extent[2]);
  metadata.n_samples = static_cast<std::int64_t>(tod.extent[3]);
}

void read_time(const CheckedFile& in, Level1Metadata& metadata) {
  std::vector<double>& mjd = metadata.mjd;
  mjd = in.read<double>(kMjd, h5::extent_of(metadata.n_samples));
  const StampRepair repair = repair_time_stamps(mjd);
  if (const auto bad = repair.beyond_repair) {
    if (!std::isfinite(mjd[*bad])) in.fail(kMjd, fmt::format("sample {} is not finite", *bad));
    if (*bad > 0 && !std::isfinite(mjd[*bad - 1])) in.fail(kMjd, fmt::format("sample {} is not finite", *bad - 1));
    in.fail(kMjd, fmt::format("time does not increase, or by more than a day, at sample {} ({:.9f} after {:.9f})", *bad,
                              mjd[*bad], mjd[*bad - 1]));
  }
  if (!repair.mended.empty()) {
    metadata.troubles.push_back({TroubleKind::time_step, kLevel1Stage, std::string(kMjd),
                                 fmt::format("{} times are not finite or do not increase, the first at sample {}",
                                             repair.mended.size(), repair.mended.front()),
                                 "they are interpolated between their neighbours"});
  }
  metadata.sample_time_s = sample_time_s(mjd);
}

void read_feeds(const CheckedFile& in, Level1Metadata& metadata) {
  const auto numbers = in.read<std::int64_t>(kFeeds, h5::extent_of(metadata.n_feeds), true);
  std::set<std::int64_t> seen;
  for (const std::int64_t number : numbers) {
    if (number < 1 || number > kGroundFeed) {
      in.fail(kFeeds, fmt::format("feed number {} is outside 1..{}", number, kGroundFeed));
    }
    if (!seen.insert(number).second) in.fail(kFeeds, fmt::format("feed number {} occurs twice", number));
    metadata.feeds.push_back(static_cast<int>(number));
  }
}

void read_stored_frequency(const CheckedFile& in, Level1Metadata& metadata) {
  metadata.frequency_GHz = in.read<double>(kFrequency, h5::extent_of(kBands, metadata.n_channels));
}

/// In GHz and in our order.
void read_frequency(const CheckedFile& in, Level1Metadata& metadata) {
  read_stored_frequency(in, metadata);
  std::vector<double>& frequency = metadata.frequency_GHz;
  const auto found = [&](TroubleKind kind, const std::string& what, const std::string& done) {
    metadata.troubles.push_back({kind, kLevel1Stage, std::string(kFrequency), what, done});
  };
  const double divisor = frequency_unit_divisor(frequency);
  if (divisor != 1.0) {
    found(TroubleKind::frequency_unit, fmt::format("the first is {:g}: not in GHz", frequency.front()),
          fmt::format("all are divided by {:g}", divisor));
    for (double& value : frequency) value /= divisor;
  }
  const BandOrder order = band_order_of(frequency);
  if (order.is_ours()) return;
  frequency = in_our_order<double>(order, frequency);
  metadata.order = order;
  found(TroubleKind::channel_order, describe_order(order), "put in order of frequency, all data with it");
}

/// Names, optional, that say another order than the frequencies.
void check_band_names(const CheckedFile& in, Level1Metadata& metadata) {
  const std::vector<std::string> expected = {"A:LSB", "A:USB", "B:LSB", "B:USB"};
  if (!in.has(kBandNames) || in.file().info(kBandNames).kind != h5::Kind::text) return;
  const std::vector<std::string> stored = in.file().read_strings(kBandNames);
  if (!std::ranges::is_permutation(stored, expected)) return;
  if (in_our_order<std::string>(metadata.order, stored) == expected) return;
  metadata.troubles.push_back({TroubleKind::channel_order, kLevel1Stage, std::string(kBandNames),
                               fmt::format("{} contradict the order of the frequencies", fmt::join(stored, ", ")),
                               "the frequencies are believed"});
}

void read_features(const CheckedFile& in, Level1Metadata& metadata) {
  metadata.features = in.read<std::int64_t>(kFeatures, h5::extent_of(metadata.n_samples), true);
}

void read_pointing(const CheckedFile& in, Level1Metadata& metadata) {
  const h5::Extent extent = h5::extent_of(metadata.n_feeds, metadata.n_samples);
  metadata.azimuth_deg = in.read<double>(std::string(kPointing) + "pixel_az", extent);
  metadata.elevation_deg = in.read<double>(std::string(kPointing) + "pixel_el", extent);
}

void check_other_pointing(const CheckedFile& in, Level1Metadata& metadata) {
  const h5::Extent extent = h5::extent_of(metadata.n_feeds, metadata.n_samples);
  for (const char* name : {"pixel_ra", "pixel_dec"}) {
    const std::string dataset = std::string(kPointing) + name;
    in.expect_extent(dataset, in.info(dataset).extent, extent);
  }
  for (const char* name : {"pixel_xoffset", "pixel_yoffset"}) {
    const std::string dataset = std::string(kPointing) + name;
    if (!in.has(dataset)) continue;
    const h5::Extent found = in.info(dataset).extent;
    if (found != h5::Extent{extent[0]}) in.expect_extent(dataset, found, extent);
  }
}

/// The obsid on which the file, its name and the caller agree.
void read_obsid(const CheckedFile& in, std::int64_t expected_obsid, Level1Metadata& metadata) {
  if (!in.file().exists(kAttributes)) in.fail(kAttributes, "the group is missing; a Level-1 file must have it");
  metadata.attributes = in.file().attributes(kAttributes);
  const std::string where = std::string(kAttributes) + ", attribute obsid";
  const StatedObsid stated = stated_obsid(metadata.path, metadata.attributes);
  if (!stated.problem.empty()) in.fail(where, stated.problem);
  metadata.obsid = stated.obsid;
  if (expected_obsid > 0 && expected_obsid != metadata.obsid) {
    in.fail(where, fmt::format("is {}, expected {}", metadata.obsid, expected_obsid));
  }
  if (!stated.trouble) return;
  metadata.attributes["obsid"] = stated.obsid;
  metadata.troubles.push_back(*stated.trouble);
}

void read_start(const CheckedFile& /*in*/, Level1Metadata& metadata) {
  const StatedStart stated = stated_start(metadata.attributes, metadata.mjd.empty() ? kNan : metadata.mjd.front());
  if (!stated.trouble) return;
  metadata.attributes["utc_start"] = stated.utc_start;
  metadata.troubles.push_back(*stated.trouble);
}

/// Called once the shape is known, in this order.
using Reader = void (*)(const CheckedFile&, Level1Metadata&);
constexpr std::array<Reader, 13> kReaders = {read_time,        read_start,    read_feeds,    read_frequency,
                                             check_band_names, read_features, read_pointing, check_other_pointing,
                                             read_vane,        read_frame,    read_weather,  read_tracker,
                                             sort_housekeeping};

}  // namespace

Level1Metadata read_level1_metadata(const std::string& path, std::int64_t expected_obsid) {
  const CheckedFile in(path);
  Level1Metadata metadata;
  metadata.path = path;
  read_obsid(in, expected_obsid, metadata);
  read_shape(in, metadata);
  for (const Reader& read : kReaders) read(in, metadata);
  return metadata;
}

Level1Metadata inspect_level1(const std::string& path, std::vector<Level1Problem>& problems) {
  const CheckedFile in(path);
  Level1Metadata metadata;
  metadata.path = path;
  const auto attempt = [&](const auto& work) {
    try {
      work();
      return true;
    } catch (const DatasetError& error) {
      problems.push_back(error.problem());
    } catch (const IoError& error) {
      problems.push_back({"", error.what()});
    }
    return false;
  };
  attempt([&] { read_obsid(in, 0, metadata); });
  if (!attempt([&] { read_shape(in, metadata); })) return metadata;
  const std::size_t n_before = problems.size();
  for (const Reader& read : kReaders) {
    // Rows can only be sorted when all columns are there.
    if (read == sort_housekeeping && problems.size() > n_before) break;
    attempt([&] { read(in, metadata); });
  }
  return metadata;
}

bool has_level1_copies(const h5::File& level2) {
  const std::string pointing(kPointing);
  const auto is_there = [&](std::string_view dataset) { return level2.is_dataset(dataset); };
  return level2.exists(kAttributes) && is_there(kMjd) && is_there(kFeeds) && is_there(kFrequency) &&
         is_there(kFeatures) && is_there(pointing + "pixel_az") && is_there(pointing + "pixel_el");
}

Level1Metadata read_level1_copies(const std::string& level2_path) {
  const CheckedFile in(level2_path);
  Level1Metadata metadata;
  metadata.path = level2_path;
  read_obsid(in, 0, metadata);
  metadata.n_feeds = static_cast<int>(in.read_column<std::int64_t>(kFeeds, true).size());
  const h5::Extent frequencies = in.info(kFrequency).extent;
  if (frequencies.size() != 2) in.fail(kFrequency, fmt::format("has {} axes, expected two", frequencies.size()));
  metadata.n_channels = static_cast<int>(frequencies[1]);
  metadata.n_samples = static_cast<std::int64_t>(in.read_column<double>(kMjd).size());
  for (const Reader read : {read_time, read_feeds, read_stored_frequency, read_features, read_pointing}) {
    read(in, metadata);
  }
  return metadata;
}

Level1Metadata read_level1_axes(const std::string& path) {
  const CheckedFile in(path);
  Level1Metadata metadata;
  metadata.path = path;
  read_shape(in, metadata);
  for (const Reader read : {read_time, read_feeds, read_frequency}) read(in, metadata);
  return metadata;
}

}  // namespace comap
