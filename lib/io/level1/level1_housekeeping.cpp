#include <algorithm>
#include <cmath>

#include "io/level1/level1_file.hpp"
#include "io/level1/level1_metadata.hpp"

namespace comap {
namespace {

constexpr std::string_view kVane = "hk/antenna0/vane/";
constexpr std::string_view kFrameFeatures = "hk/array/frame/features";
constexpr std::string_view kFrameUtc = "hk/array/frame/utc";
constexpr std::string_view kLissajousStatus = "hk/antenna0/deTracker/lissajous_status";
constexpr std::string_view kTrackerUtc = "hk/antenna0/deTracker/utc";
constexpr std::string_view kAirTemperature = "hk/array/weather/airTemperature";
constexpr double kVaneUnit = 0.01;  ///< degrees and degrees Celsius per stored number

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

}  // namespace

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

}  // namespace comap
