#include "fuzz/odd_level1.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/constants.hpp"

namespace comap::fuzz {
namespace {

constexpr std::uint64_t kFeeds = 2;
constexpr std::uint64_t kChannels = 2;
constexpr std::uint64_t kSamples = 40;
constexpr std::uint64_t kHousekeepingRows = 20;
constexpr std::size_t kMostValues = 20000;  // of a dataset, so that an input takes milliseconds
constexpr double kStartMjd = 59842.25;
constexpr int kFloat32 = 6;  // places in the list of types
constexpr int kFloat64 = 7;
constexpr int kInt64 = 4;

std::vector<double> times(std::uint64_t n, double step_s) {
  std::vector<double> values;
  for (std::uint64_t i = 0; i < n; ++i) values.push_back(kStartMjd + static_cast<double>(i) * step_s / kSecondsPerDay);
  return values;
}

/// Feature 13 (the vane) first, then feature 9 (a scan).
std::vector<double> feature_bits(std::uint64_t n) {
  std::vector<double> values;
  for (std::uint64_t i = 0; i < n; ++i) values.push_back(i < n / 4 ? 8192.0 : 512.0);
  return values;
}

constexpr std::array<double, 10> kOddValues = {0.0,
                                               1.0,
                                               -1.0,
                                               1e38,
                                               -1e300,
                                               9.3e18,
                                               1e-320,
                                               std::numeric_limits<double>::quiet_NaN(),
                                               std::numeric_limits<double>::infinity(),
                                               -std::numeric_limits<double>::infinity()};

std::size_t size_of(const std::vector<std::uint64_t>& extent) {
  std::size_t n = 1;
  for (const std::uint64_t length : extent) n *= length;
  return n;
}

void edit_shape(OddDataset& one, std::uint8_t action, std::uint8_t a, std::uint8_t b) {
  auto& extent = one.extent;
  const std::vector<std::uint64_t> before = extent;
  const std::size_t axis = extent.empty() ? 0 : a % extent.size();
  if (action == 0 && !extent.empty()) extent[axis] = b;
  if (action == 1 && !extent.empty()) extent.erase(extent.begin() + static_cast<std::ptrdiff_t>(axis));
  if (action == 2 && extent.size() < 8) extent.insert(extent.begin() + static_cast<std::ptrdiff_t>(axis), b % 3);
  if (action == 3) extent.clear();
  if (size_of(extent) > kMostValues) extent = before;
}

void edit_storage(OddDataset& one, std::uint8_t action, std::uint8_t a, std::uint8_t b) {
  if (action == 0) one.chunk = a, one.last_chunk = b;
  if (action == 1) one.filters = a, one.chunk = std::max(one.chunk, 1), one.last_chunk = std::max(one.last_chunk, 1);
  if (action == 2) one.written = (a & 1) != 0;
  if (action == 3) one.raw_bytes = 256 * a + b;
}

void edit_values(OddDataset& one, std::uint8_t a, std::uint8_t b) {
  if (one.values.empty()) return;
  const double odd = kOddValues[b % kOddValues.size()];
  if (b < 64) {
    one.values[a % one.values.size()] = odd;
  } else if (b < 128) {
    std::ranges::fill(one.values, odd);
  } else if (b < 192) {
    std::ranges::reverse(one.values);
  } else {
    one.values[a % one.values.size()] = static_cast<double>(b) - 192.0;
  }
}

void edit_dataset(OddDataset& one, const std::vector<OddDataset>& all, const std::uint8_t* bytes) {
  const std::uint8_t a = bytes[2];
  const std::uint8_t b = bytes[3];
  switch (bytes[1] % 13) {
    case 0:
      one.link = "/nowhere";
      break;
    case 1:
      one.link = "/" + all[a % all.size()].name;
      break;
    case 2:
      one.is_group = true;
      break;
    case 3:
      one.type = a;
      break;
    case 4:
    case 5:
    case 6:
    case 7:
      edit_shape(one, static_cast<std::uint8_t>(bytes[1] % 13 - 4), a, b);
      break;
    case 8:
    case 9:
    case 10:
    case 11:
      edit_storage(one, static_cast<std::uint8_t>(bytes[1] % 13 - 8), a, b);
      break;
    default:
      edit_values(one, a, b);
  }
}

void edit_attribute(OddAttribute& one, const std::uint8_t* bytes) {
  const std::uint8_t a = bytes[2];
  switch (bytes[1] % 5) {
    case 0:
      one.name += static_cast<char>('a' + a % 26);
      break;
    case 1:
      one.type = a;
      break;
    case 2:
      one.value = kOddValues[a % kOddValues.size()];
      break;
    case 3:
      one.n = a;
      break;
    default:
      one.text.assign(a, static_cast<char>(bytes[3]));
  }
}

}  // namespace

OddLevel1::OddLevel1() {
  const auto add = [this](const std::string& name, int type, const std::vector<std::uint64_t>& extent,
                          std::vector<double> values) {
    OddDataset& one = datasets.emplace_back();
    one.name = name;
    one.type = type;
    one.extent = extent;
    one.values = std::move(values);
  };
  add("spectrometer/tod", kFloat32, {kFeeds, kBands, kChannels, kSamples}, {1.0, 2.0, 3.0});
  add("spectrometer/MJD", kFloat64, {kSamples}, times(kSamples, 0.02));
  add("spectrometer/feeds", kInt64, {kFeeds}, {1.0, 20.0});
  add("spectrometer/frequency", kFloat64, {kBands, kChannels}, {26.0, 27.0, 28.0, 29.0, 30.0, 31.0, 32.0, 33.0});
  add("spectrometer/features", kInt64, {kSamples}, feature_bits(kSamples));
  for (const char* name : {"az", "el", "ra", "dec"}) {
    add(std::string("spectrometer/pixel_pointing/pixel_") + name, kFloat64, {kFeeds, kSamples}, {50.0, 50.1});
  }
  for (const char* name : {"xoffset", "yoffset"}) {
    add(std::string("spectrometer/pixel_pointing/pixel_") + name, kFloat64, {kFeeds}, {0.1});
  }
  add("hk/antenna0/vane/utc", kFloat64, {kHousekeepingRows}, times(kHousekeepingRows, 0.04));
  std::vector<double> angles(kHousekeepingRows, 19600.0);
  std::fill_n(angles.begin(), kHousekeepingRows / 4, 1600.0);
  add("hk/antenna0/vane/angle", kFloat64, {kHousekeepingRows}, angles);
  for (const char* name : {"Tvane", "Tambient", "Tshroud"}) {
    add(std::string("hk/antenna0/vane/") + name, kFloat64, {kHousekeepingRows}, {1800.0});
  }
  add("hk/array/frame/features", kInt64, {kHousekeepingRows}, feature_bits(kHousekeepingRows));
  add("hk/array/frame/utc", kFloat64, {kHousekeepingRows}, times(kHousekeepingRows, 0.04));
  add("hk/antenna0/deTracker/lissajous_status", kInt64, {kHousekeepingRows}, {1.0, 2.0});
  add("hk/antenna0/deTracker/utc", kFloat64, {kHousekeepingRows}, times(kHousekeepingRows, 0.04));
  attributes = {{"obsid", kInt64, 12345.0, "12345", 0},
                {"source", 12, 0.0, "Field12", 0},
                {"comment", 12, 0.0, "sky nods", 0},
                {"utc_start", 12, 0.0, "2022-09-15-01:01:01", 0},
                {"features", kInt64, 512.0, "", 0}};
}

void OddLevel1::edit(const std::uint8_t* data, std::size_t size) {
  for (std::size_t i = 0; i + 4 <= size; i += 4) {
    const std::size_t which = data[i] % (datasets.size() + attributes.size() + 1);
    if (which < datasets.size()) {
      edit_dataset(datasets[which], datasets, data + i);
    } else if (which < datasets.size() + attributes.size()) {
      edit_attribute(attributes[which - datasets.size()], data + i);
    } else {
      has_group = (data[i + 1] & 1) != 0;
    }
  }
}

}  // namespace comap::fuzz
