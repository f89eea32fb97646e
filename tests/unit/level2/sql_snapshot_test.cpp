#include "level2/sql_snapshot.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "core/error.hpp"
#include "data/level2_datasets.hpp"

namespace comap {
namespace {

constexpr std::size_t kRows = 2;
using Change = std::function<void(h5::File& file, const std::string& path)>;

/// A file with the copy of two elements, of which `change` writes one column instead of us.
class SnapshotFile {
 public:
  explicit SnapshotFile(const std::string& changed = "", const Change& change = {}) {
    h5::File file = h5::File::create(path_);
    file.create_group(level2::kSqlSnapshot);
    const auto column = [&](const std::string& name, const auto& values) {
      const std::string path = std::string(level2::kSqlSnapshot) + "/" + name;
      if (name == changed) return change(file, path);
      using Value = typename std::decay_t<decltype(values)>::value_type;
      if constexpr (std::is_same_v<Value, std::string>) {
        file.write_strings(path, values);
      } else {
        file.write(path, {values.size()}, std::span<const Value>(values));
      }
    };
    column("pixel", std::vector<std::int64_t>{3, 4});
    column("frequency_band", std::vector<std::int64_t>{0, 7});
    column("is_good", std::vector<std::uint8_t>{1, 0});
    column("comment", std::vector<std::string>{"", "birdie"});
    column("flag_source", std::vector<std::string>{"", "by hand"});
    for (const char* name : {"filtered_red_noise", "filtered_white_noise", "filtered_auto_rms", "filtered_noise_index",
                             "unfiltered_red_noise", "unfiltered_white_noise", "unfiltered_auto_rms",
                             "unfiltered_noise_index", "mean_atm_temp"}) {
      column(name, std::vector<double>{0.5, std::numeric_limits<double>::quiet_NaN()});
    }
    for (const char* name : {"n_spikes", "n_nan_values"}) column(name, std::vector<std::int64_t>{-1, 5});
    if (changed == "calibration_flux") change(file, std::string(level2::kSqlSnapshot) + "/calibration_flux");
  }

  ObservationResult result() const { return read_sql_snapshot(h5::File::open_read(path_)); }
  std::vector<SnapshotFlag> flags() const { return read_snapshot_flags(h5::File::open_read(path_)); }

 private:
  std::string path_ = testing::TempDir() + "comap_sql_snapshot.hd5";
};

template <typename T>
Change values(std::vector<T> all) {
  return [all](h5::File& file, const std::string& path) { file.write(path, {all.size()}, std::span<const T>(all)); };
}

TEST(SqlSnapshot, IsReadAsItWasWritten) {
  const SnapshotFile file;
  const ObservationResult result = file.result();
  ASSERT_EQ(result.quality.size(), kRows);
  EXPECT_EQ(result.quality[1].feed, 4);
  EXPECT_EQ(result.quality[1].frequency_band, 7);
  EXPECT_EQ(result.quality[0].statistics.at("filtered_red_noise"), 0.5);
  EXPECT_EQ(result.quality[0].statistics.count("n_spikes"), 0U);
  EXPECT_EQ(result.quality[1].statistics.at("n_spikes"), 5.0);
  ASSERT_EQ(file.flags().size(), kRows);
  EXPECT_FALSE(file.flags()[1].is_good);
  EXPECT_EQ(file.flags()[1].comment, "birdie");
  EXPECT_EQ(file.flags()[1].source, "by hand");
}

TEST(SqlSnapshot, FilesOfVersion02HaveNoSources) {
  const SnapshotFile file("flag_source", [](h5::File&, const std::string&) {});
  EXPECT_EQ(file.flags()[1].comment, "birdie");
  EXPECT_EQ(file.flags()[1].source, "");
}

TEST(SqlSnapshot, ColumnsOfOtherLengthsAreRefused) {
  for (const std::size_t n : {std::size_t{0}, kRows - 1, kRows + 1, std::size_t{5000}}) {
    for (const char* name : {"frequency_band", "n_spikes"}) {
      EXPECT_THROW(SnapshotFile(name, values(std::vector<std::int64_t>(n, 1))).result(), IoError) << name << " " << n;
    }
    EXPECT_THROW(SnapshotFile("mean_atm_temp", values(std::vector<double>(n, 1.0))).result(), IoError) << n;
    EXPECT_THROW(SnapshotFile("is_good", values(std::vector<std::uint8_t>(n, 1))).flags(), IoError) << n;
  }
  EXPECT_THROW(SnapshotFile("pixel", values(std::vector<std::int64_t>(5000, 1))).result(), IoError);
  EXPECT_THROW(
      SnapshotFile("comment", [](h5::File& file, const std::string& path) { file.write_strings(path, {"one"}); })
          .flags(),
      IoError);
  const Change nothing = [](h5::File&, const std::string&) {};
  EXPECT_THROW(SnapshotFile("filtered_red_noise", nothing).result(), IoError);
  EXPECT_THROW(SnapshotFile("frequency_band", nothing).result(), IoError);
  const Change square = [](h5::File& file, const std::string& path) {
    file.write(path, {1, 2}, std::span<const double>(std::vector<double>{1.0, 2.0}));
  };
  EXPECT_THROW(SnapshotFile("filtered_red_noise", square).result(), IoError);
}

TEST(SqlSnapshot, ValuesThatNoCatalogueHoldsAreRefused) {
  using Integers = std::vector<std::int64_t>;
  EXPECT_THROW(SnapshotFile("pixel", values(Integers{3, 20})).result(), IoError);
  EXPECT_THROW(SnapshotFile("pixel", values(Integers{0, 3})).result(), IoError);
  EXPECT_THROW(SnapshotFile("frequency_band", values(Integers{0, 8})).result(), IoError);
  EXPECT_THROW(SnapshotFile("frequency_band", values(Integers{-1, 7})).result(), IoError);
  EXPECT_THROW(SnapshotFile("n_spikes", values(Integers{1, std::int64_t{1} << 40})).result(), IoError);
  const auto text = [](const std::string& line) {
    return [line](h5::File& file, const std::string& path) { file.write_strings(path, {line}); };
  };
  EXPECT_THROW(SnapshotFile("calibration_flux", text("no JSON")).result(), IoError);
  EXPECT_THROW(SnapshotFile("calibration_flux", text("{\"feed\": \"one\"}")).result(), IoError);
  EXPECT_THROW(SnapshotFile("calibration_flux", text("[1]")).result(), IoError);
  EXPECT_THROW(SnapshotFile("filtered_red_noise", text("text")).result(), IoError);
}

}  // namespace
}  // namespace comap
