#pragma once
/// \file
/// A small Level-1 file, written dataset by dataset so that a test can spoil one.

#include <cmath>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/constants.hpp"
#include "io/hdf5/h5.hpp"

namespace comap::test {

/// A file in a directory of its own that goes away with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name) {
    std::string pattern = (std::filesystem::temp_directory_path() / "comap_test_XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    path_ = (directory_ / name).string();
  }
  ~TemporaryFile() { std::filesystem::remove_all(directory_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::filesystem::path directory_;
  std::string path_;
};

inline constexpr double kStartMjd = 59842.25;
inline constexpr double kSampleTime_s = 0.02;
inline constexpr int kHousekeepingStep = 5;  ///< samples to a housekeeping row
inline constexpr std::uint64_t kSmallFeeds = 2;
inline constexpr std::uint64_t kSmallChannels = 2;

/// What the file says; change a member before write().
struct SmallLevel1 {
  std::uint64_t n_samples = 1000;
  std::vector<double> mjd;
  std::vector<std::int64_t> feeds = {1, 20};
  std::vector<int> sample_feature;     ///< feature number of every sample, -1 = none
  std::vector<double> vane_angle_deg;  ///< [sample]
  std::vector<int> lissajous_status;   ///< [sample]; empty = not in the file
  h5::AttributeValue obsid = std::int64_t{12345};
  std::vector<std::string> without;      ///< datasets left out
  std::function<void(h5::File&)> spoil;  ///< called last

  explicit SmallLevel1(std::uint64_t n = 1000) : n_samples(n), sample_feature(n, -1), vane_angle_deg(n, 196.0) {
    for (std::uint64_t i = 0; i < n; ++i) {
      mjd.push_back(kStartMjd + static_cast<double>(i) * kSampleTime_s / kSecondsPerDay);
    }
  }

  void set_feature(std::size_t start, std::size_t end, int feature) {
    for (std::size_t i = start; i < end; ++i) sample_feature[i] = feature;
  }
  /// A run of feature 13 with the vane in the beam in its middle third. On its way in and out it stops where it counts
  /// as neither hot nor cold: kHalfIn while it fills the beam, kHalfOut while it does not.
  void add_vane(std::size_t start, std::size_t end) {
    set_feature(start, end, 13);
    const std::size_t third = (end - start) / 3;
    set_angle(start + third - 2 * kTransit, end - third + 2 * kTransit, kHalfOut_deg);
    set_angle(start + third - kTransit, end - third + kTransit, kHalfIn_deg);
    set_angle(start + third, end - third, 62.0);
  }
  static constexpr double kHalfIn_deg = 120.0;
  static constexpr double kHalfOut_deg = 121.0;
  static constexpr std::size_t kTransit = 10;  ///< samples; more than between two housekeeping rows

  void write(const std::string& path) const {
    h5::File file = h5::File::create(path);
    write_spectrometer(file);
    write_housekeeping(file);
    file.create_group("comap");
    file.write_attribute("comap", "obsid", obsid);
    file.write_attribute("comap", "source", std::string("Field12"));
    if (spoil) spoil(file);
    file.close();
  }

 private:
  void set_angle(std::size_t start, std::size_t end, double angle_deg) {
    for (std::size_t i = start; i < end; ++i) vane_angle_deg[i] = angle_deg;
  }

  template <typename T>
  void put(h5::File& file, const std::string& dataset, const h5::Extent& extent, const std::vector<T>& values) const {
    for (const std::string& name : without) {
      if (name == dataset) return;
    }
    file.write<T>(dataset, extent, values);
  }

  void write_spectrometer(h5::File& file) const {
    const std::uint64_t n_rows = kSmallFeeds * n_samples;
    const std::string pointing = "spectrometer/pixel_pointing/pixel_";
    put(file, "spectrometer/tod", {kSmallFeeds, kBands, kSmallChannels, n_samples},
        std::vector<float>(n_rows * kBands * kSmallChannels, 1.0F));
    put(file, "spectrometer/MJD", {n_samples}, mjd);
    put(file, "spectrometer/feeds", {kSmallFeeds}, feeds);
    put(file, "spectrometer/frequency", {kBands, kSmallChannels}, std::vector<double>(kBands * kSmallChannels, 30.0));
    put(file, "spectrometer/features", {n_samples}, bits(sample_feature));
    for (const char* name : {"az", "el", "ra", "dec"}) {
      put(file, pointing + name, {kSmallFeeds, n_samples}, std::vector<double>(n_rows, 50.0));
    }
  }

  void write_housekeeping(h5::File& file) const {
    std::vector<double> utc, angle;
    std::vector<int> features, status;
    for (std::uint64_t i = 0; i < n_samples; i += kHousekeepingStep) {
      utc.push_back(mjd[i] + 0.6 / kSecondsPerDay);  // stamped late
      angle.push_back(std::round(vane_angle_deg[i] * 100.0));
      features.push_back(sample_feature[i]);
      if (!lissajous_status.empty()) status.push_back(lissajous_status[i]);
    }
    const h5::Extent extent = {utc.size()};
    put(file, "hk/antenna0/vane/utc", extent, utc);
    put(file, "hk/antenna0/vane/angle", extent, angle);
    for (const char* name : {"Tvane", "Tambient", "Tshroud"}) {
      put(file, std::string("hk/antenna0/vane/") + name, extent, std::vector<double>(utc.size(), 1800.0));
    }
    put(file, "hk/array/frame/features", extent, bits(features));
    put(file, "hk/array/frame/utc", extent, utc);
    if (status.empty()) return;
    std::vector<double> tracker_utc = utc;
    for (double& time : tracker_utc) time -= 0.6 / kSecondsPerDay;
    put(file, "hk/antenna0/deTracker/utc", extent, tracker_utc);
    put(file, "hk/antenna0/deTracker/lissajous_status", extent,
        std::vector<std::int64_t>(status.begin(), status.end()));
  }

  static std::vector<std::int64_t> bits(const std::vector<int>& numbers) {
    std::vector<std::int64_t> result;
    for (const int number : numbers) result.push_back(number < 0 ? 0 : std::int64_t{1} << number);
    return result;
  }
};

}  // namespace comap::test
