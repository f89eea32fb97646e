#include "io/level1_metadata.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>
#include <string_view>

#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap {
namespace {

constexpr std::string_view kTod = "spectrometer/tod";
constexpr std::string_view kMjd = "spectrometer/MJD";
constexpr std::string_view kFeeds = "spectrometer/feeds";
constexpr std::string_view kFrequency = "spectrometer/frequency";
constexpr std::string_view kFeatures = "spectrometer/features";
constexpr std::string_view kPointing = "spectrometer/pixel_pointing/";
constexpr std::string_view kVane = "hk/antenna0/vane/";
constexpr std::string_view kFrameFeatures = "hk/array/frame/features";
constexpr std::string_view kFrameUtc = "hk/array/frame/utc";
constexpr std::string_view kLissajousStatus = "hk/antenna0/deTracker/lissajous_status";
constexpr std::string_view kTrackerUtc = "hk/antenna0/deTracker/utc";
constexpr std::string_view kAirTemperature = "hk/array/weather/airTemperature";
constexpr std::string_view kAttributes = "comap";
constexpr double kVaneUnit = 0.01;  ///< degrees and degrees Celsius per stored number

/// Knows which dataset is wrong, for those who list problems.
class DatasetError final : public ObservationError {
 public:
  DatasetError(const std::string& path, std::string_view dataset, std::string_view what)
      : ObservationError(fmt::format("{}: {}: {}", path, dataset, what)),
        problem_{std::string(dataset), std::string(what)} {}
  const Level1Problem& problem() const { return problem_; }

 private:
  Level1Problem problem_;
};

/// Reads datasets and says which one is not what it must be.
class CheckedFile {
 public:
  explicit CheckedFile(const std::string& path) : file_(h5::File::open_read(path)) {}

  const h5::File& file() const { return file_; }

  [[noreturn]] void fail(std::string_view dataset, std::string_view what) const {
    throw DatasetError(file_.path(), dataset, what);
  }

  bool has(std::string_view dataset) const { return file_.exists(dataset) && file_.is_dataset(dataset); }

  h5::DatasetInfo info(std::string_view dataset, bool integers_only = false) const {
    if (!has(dataset)) fail(dataset, "the dataset is missing; a Level-1 file must have it");
    h5::DatasetInfo info = file_.info(dataset);
    const bool number = info.kind == h5::Kind::integer || (info.kind == h5::Kind::floating && !integers_only);
    if (!number) fail(dataset, integers_only ? "expected integers" : "expected numbers");
    return info;
  }

  void expect_extent(std::string_view dataset, const h5::Extent& found, const h5::Extent& expected) const {
    if (found == expected) return;
    fail(dataset, fmt::format("has the shape [{}], expected [{}]", fmt::join(found, ", "), fmt::join(expected, ", ")));
  }

  template <typename T>
  std::vector<T> read(std::string_view dataset, const h5::Extent& expected, bool integers_only = false) const {
    expect_extent(dataset, info(dataset, integers_only).extent, expected);
    return file_.read<T>(dataset);
  }

  /// A dataset of one axis, of any length but 0.
  template <typename T>
  std::vector<T> read_column(std::string_view dataset, bool integers_only = false) const {
    const h5::DatasetInfo found = info(dataset, integers_only);
    if (found.extent.size() != 1) fail(dataset, fmt::format("has {} axes, expected one", found.extent.size()));
    if (found.extent[0] == 0) fail(dataset, "is empty");
    return file_.read<T>(dataset);
  }

 private:
  h5::File file_;
};

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
  metadata.mjd = in.read<double>(kMjd, {static_cast<std::uint64_t>(metadata.n_samples)});
  for (std::size_t i = 0; i < metadata.mjd.size(); ++i) {
    if (!std::isfinite(metadata.mjd[i])) in.fail(kMjd, fmt::format("sample {} is not finite", i));
    if (i > 0 && metadata.mjd[i] <= metadata.mjd[i - 1]) {
      in.fail(kMjd, fmt::format("time does not increase at sample {} ({:.9f} after {:.9f})", i, metadata.mjd[i],
                                metadata.mjd[i - 1]));
    }
  }
  metadata.sample_time_s =
      (metadata.mjd.back() - metadata.mjd.front()) * kSecondsPerDay / static_cast<double>(metadata.n_samples - 1);
}

void read_feeds(const CheckedFile& in, Level1Metadata& metadata) {
  const auto numbers = in.read<std::int64_t>(kFeeds, {static_cast<std::uint64_t>(metadata.n_feeds)}, true);
  std::set<std::int64_t> seen;
  for (const std::int64_t number : numbers) {
    if (number < 1 || number > kGroundFeed) {
      in.fail(kFeeds, fmt::format("feed number {} is outside 1..{}", number, kGroundFeed));
    }
    if (!seen.insert(number).second) in.fail(kFeeds, fmt::format("feed number {} occurs twice", number));
    metadata.feeds.push_back(static_cast<int>(number));
  }
}

void read_frequency(const CheckedFile& in, Level1Metadata& metadata) {
  metadata.frequency_GHz = in.read<double>(kFrequency, {kBands, static_cast<std::uint64_t>(metadata.n_channels)});
}

void read_features(const CheckedFile& in, Level1Metadata& metadata) {
  metadata.features = in.read<std::int64_t>(kFeatures, {static_cast<std::uint64_t>(metadata.n_samples)}, true);
}

void read_pointing(const CheckedFile& in, Level1Metadata& metadata) {
  const auto n_feeds = static_cast<std::uint64_t>(metadata.n_feeds);
  const auto n_samples = static_cast<std::uint64_t>(metadata.n_samples);
  metadata.azimuth_deg = in.read<double>(std::string(kPointing) + "pixel_az", {n_feeds, n_samples});
  metadata.elevation_deg = in.read<double>(std::string(kPointing) + "pixel_el", {n_feeds, n_samples});
}

void check_other_pointing(const CheckedFile& in, Level1Metadata& metadata) {
  const auto n_feeds = static_cast<std::uint64_t>(metadata.n_feeds);
  const auto n_samples = static_cast<std::uint64_t>(metadata.n_samples);
  for (const char* name : {"pixel_ra", "pixel_dec"}) {
    const std::string dataset = std::string(kPointing) + name;
    in.expect_extent(dataset, in.info(dataset).extent, {n_feeds, n_samples});
  }
  for (const char* name : {"pixel_xoffset", "pixel_yoffset"}) {
    const std::string dataset = std::string(kPointing) + name;
    if (!in.has(dataset)) continue;
    const h5::Extent found = in.info(dataset).extent;
    if (found != h5::Extent{n_feeds}) in.expect_extent(dataset, found, {n_feeds, n_samples});
  }
}

/// Housekeeping comes from other machines over a network: rows without a finite time are dropped, the others are put
/// in order of time.
template <typename... Columns>
void sort_by_time(std::vector<double>& time, Columns&... columns) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < time.size(); ++i) {
    if (std::isfinite(time[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return time[a] < time[b]; });
  const auto reorder = [&](auto& column) {
    auto sorted = column;
    sorted.clear();
    for (const std::size_t i : order) sorted.push_back(column[i]);
    column = std::move(sorted);
  };
  (reorder(columns), ...);
  reorder(time);
}

void expect_times(const CheckedFile& in, std::string_view dataset, const std::vector<double>& time) {
  if (time.empty()) in.fail(dataset, "has no finite time");
}

void read_vane(const CheckedFile& in, Level1Metadata& metadata) {
  const auto name = [](std::string_view last) { return std::string(kVane) + std::string(last); };
  VaneHousekeeping& vane = metadata.vane;
  vane.utc_mjd = in.read_column<double>(name("utc"));
  const h5::Extent extent = {vane.utc_mjd.size()};
  vane.angle_deg = in.read<double>(name("angle"), extent);
  vane.shroud_temperature_C = in.read<double>(name("Tshroud"), extent);
  vane.vane_temperature_C = in.read<double>(name("Tvane"), extent);
  vane.ambient_temperature_C = in.read<double>(name("Tambient"), extent);
  for (auto* column :
       {&vane.angle_deg, &vane.shroud_temperature_C, &vane.vane_temperature_C, &vane.ambient_temperature_C}) {
    for (double& value : *column) value *= kVaneUnit;
  }
}

void read_frame(const CheckedFile& in, Level1Metadata& metadata) {
  FrameHousekeeping& frame = metadata.frame;
  frame.features = in.read_column<std::int64_t>(kFrameFeatures, true);
  if (in.has(kFrameUtc)) {
    frame.utc_mjd = in.read<double>(kFrameUtc, {frame.features.size()});
  } else if (frame.features.size() == metadata.vane.utc_mjd.size()) {
    frame.utc_mjd = metadata.vane.utc_mjd;
  } else {
    in.fail(kFrameUtc, fmt::format("the dataset is missing, and the vane's times cannot stand in: {} has {} rows, "
                                   "{}utc {}",
                                   kFrameFeatures, frame.features.size(), kVane, metadata.vane.utc_mjd.size()));
  }
}

/// Optional: one number for each row, 0.01 degrees Celsius.
void read_weather(const CheckedFile& in, Level1Metadata& metadata) {
  if (!in.has(kAirTemperature)) return;
  metadata.air_temperature_C = in.read_column<double>(kAirTemperature);
  for (double& temperature : metadata.air_temperature_C) temperature *= kVaneUnit;
}

void read_tracker(const CheckedFile& in, Level1Metadata& metadata) {
  if (!in.has(kLissajousStatus)) return;
  TrackerHousekeeping& tracker = metadata.tracker;
  tracker.lissajous_status = in.read_column<std::int64_t>(kLissajousStatus);
  tracker.utc_mjd = in.read<double>(kTrackerUtc, {tracker.lissajous_status.size()});
  sort_by_time(tracker.utc_mjd, tracker.lissajous_status);
}

void sort_housekeeping(const CheckedFile& in, Level1Metadata& metadata) {
  VaneHousekeeping& vane = metadata.vane;
  sort_by_time(vane.utc_mjd, vane.angle_deg, vane.shroud_temperature_C, vane.vane_temperature_C,
               vane.ambient_temperature_C);
  sort_by_time(metadata.frame.utc_mjd, metadata.frame.features);
  expect_times(in, std::string(kVane) + "utc", vane.utc_mjd);
  expect_times(in, kFrameUtc, metadata.frame.utc_mjd);
}

/// The obsid on which the file, its name and the caller agree.
void read_obsid(const CheckedFile& in, std::int64_t expected_obsid, Level1Metadata& metadata) {
  if (!in.file().exists(kAttributes)) in.fail(kAttributes, "the group is missing; a Level-1 file must have it");
  metadata.attributes = in.file().attributes(kAttributes);
  const std::int64_t named = obsid_of_file_name(metadata.path);
  metadata.obsid = named;
  const std::string where = std::string(kAttributes) + ", attribute obsid";
  if (const auto found = metadata.attributes.find("obsid"); found != metadata.attributes.end()) {
    const auto number = h5::to_integer(found->second);
    if (!number || *number < 1) in.fail(where, fmt::format("'{}' is no obsid", h5::to_text(found->second)));
    metadata.obsid = *number;
    if (named > 0 && named != metadata.obsid) {
      in.fail(where, fmt::format("is {}, but the file name says {}", metadata.obsid, named));
    }
  }
  if (metadata.obsid <= 0) in.fail(where, "is missing, and the file name has no obsid either");
  if (expected_obsid > 0 && expected_obsid != metadata.obsid) {
    in.fail(where, fmt::format("is {}, expected {}", metadata.obsid, expected_obsid));
  }
}

/// What is read once the shape is known, in this order.
using Reader = void (*)(const CheckedFile&, Level1Metadata&);
constexpr std::array<Reader, 11> kReaders = {read_time,     read_feeds,           read_frequency,   read_features,
                                             read_pointing, check_other_pointing, read_vane,        read_frame,
                                             read_weather,  read_tracker,         sort_housekeeping};

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
  for (const Reader read : {read_time, read_feeds, read_frequency, read_features, read_pointing}) read(in, metadata);
  return metadata;
}

std::int64_t obsid_of_file_name(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  const std::size_t first = name.find('-');
  if (first == std::string::npos) return -1;
  const std::size_t second = std::min(name.find_first_of("-.", first + 1), name.size());
  std::int64_t obsid = -1;
  const char* begin = name.data() + first + 1;
  const char* end = name.data() + second;
  const auto [stop, error] = std::from_chars(begin, end, obsid);
  return error == std::errc() && stop == end && begin != end ? obsid : -1;
}

}  // namespace comap
