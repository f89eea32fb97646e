// Reading the metadata of a Level-1 file: what is read, and that every fault is named with file and dataset.

#include "io/level1/level1_metadata.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/error.hpp"
#include "io/level1/level1_identity.hpp"
#include "support/small_level1.hpp"

namespace comap {
namespace {

using test::SmallLevel1;
using test::TemporaryFile;

constexpr const char* kName = "comap-0012345-2022-09-20-001122.hd5";

Level1Metadata read_back(const SmallLevel1& content, std::int64_t expected_obsid = 12345) {
  const TemporaryFile file(kName);
  content.write(file.path());
  return read_level1_metadata(file.path(), expected_obsid);
}

/// The message names the file, `dataset` and `what`.
void expect_fault(const SmallLevel1& content, const std::string& dataset, const std::string& what,
                  std::int64_t expected_obsid = 12345) {
  try {
    read_back(content, expected_obsid);
    FAIL() << "no error for " << dataset << ": " << what;
  } catch (const ObservationError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find(kName), std::string::npos) << message;
    EXPECT_NE(message.find(dataset), std::string::npos) << message;
    EXPECT_NE(message.find(what), std::string::npos) << message;
  }
}

TEST(Level1Metadata, ReadsWhatIsThere) {
  const Level1Metadata metadata = read_back(SmallLevel1());
  EXPECT_EQ(metadata.obsid, 12345);
  EXPECT_EQ(metadata.n_feeds, 2);
  EXPECT_EQ(metadata.n_channels, 2);
  EXPECT_EQ(metadata.n_samples, 1000);
  EXPECT_EQ(metadata.feeds, (std::vector<int>{1, 20}));
  EXPECT_NEAR(metadata.sample_time_s, 0.02, 1e-8);
  EXPECT_DOUBLE_EQ(metadata.vane.angle_deg.front(), 196.0);
  EXPECT_DOUBLE_EQ(metadata.vane.shroud_temperature_C.front(), 18.0);
  EXPECT_EQ(metadata.elevation_deg.size(), 2000U);
  EXPECT_TRUE(metadata.tracker.utc_mjd.empty());
  EXPECT_EQ(h5::to_text(metadata.attributes.at("source")), "Field12");
}

TEST(Level1Metadata, EveryRequiredDatasetIsMissedByName) {
  for (const char* dataset :
       {"spectrometer/tod", "spectrometer/MJD", "spectrometer/feeds", "spectrometer/frequency", "spectrometer/features",
        "spectrometer/pixel_pointing/pixel_az", "spectrometer/pixel_pointing/pixel_el",
        "spectrometer/pixel_pointing/pixel_ra", "spectrometer/pixel_pointing/pixel_dec", "hk/antenna0/vane/utc",
        "hk/antenna0/vane/angle", "hk/antenna0/vane/Tvane", "hk/antenna0/vane/Tambient", "hk/antenna0/vane/Tshroud",
        "hk/array/frame/features"}) {
    SmallLevel1 content;
    content.without = {dataset};
    expect_fault(content, dataset, "missing");
  }
}

TEST(Level1Metadata, FrameSharesTheTimesOfTheVaneOnlyWhenTheLengthsAgree) {
  SmallLevel1 content;
  content.without = {"hk/array/frame/utc"};
  const Level1Metadata metadata = read_back(content);
  EXPECT_EQ(metadata.frame.utc_mjd, metadata.vane.utc_mjd);

  content.without = {"hk/array/frame/utc", "hk/array/frame/features"};
  content.spoil = [](h5::File& file) {
    file.write<std::int64_t>("hk/array/frame/features", {3}, std::vector<std::int64_t>{0, 0, 0});
  };
  expect_fault(content, "hk/array/frame/utc", "3 rows");
}

TEST(Level1Metadata, WrongShapes) {
  SmallLevel1 content;
  content.without = {"spectrometer/features"};
  content.spoil = [](h5::File& file) {
    file.write<std::int64_t>("spectrometer/features", {999}, std::vector<std::int64_t>(999, 0));
  };
  expect_fault(content, "spectrometer/features", "[999], expected [1000]");

  content.without = {"spectrometer/frequency"};
  content.spoil = [](h5::File& file) {
    file.write<double>("spectrometer/frequency", {4, 3}, std::vector<double>(12, 30.0));
  };
  expect_fault(content, "spectrometer/frequency", "[4, 3], expected [4, 2]");

  content.without = {"spectrometer/tod"};
  content.spoil = [](h5::File& file) {
    file.write<float>("spectrometer/tod", {2, 3, 2, 1000}, std::vector<float>(12000, 1.0F));
  };
  expect_fault(content, "spectrometer/tod", "3 bands");

  content.without = {"hk/antenna0/vane/angle"};
  content.spoil = [](h5::File& file) {
    file.write<double>("hk/antenna0/vane/angle", {2}, std::vector<double>(2, 0.0));
  };
  expect_fault(content, "hk/antenna0/vane/angle", "expected [200]");
}

TEST(Level1Metadata, WrongTypes) {
  SmallLevel1 content;
  content.without = {"spectrometer/tod"};
  content.spoil = [](h5::File& file) {
    file.write<double>("spectrometer/tod", {2, 4, 2, 1000}, std::vector<double>(16000, 1.0));
  };
  expect_fault(content, "spectrometer/tod", "float32");

  content.without = {"spectrometer/feeds"};
  content.spoil = [](h5::File& file) { file.write<double>("spectrometer/feeds", {2}, std::vector<double>{1.0, 2.0}); };
  expect_fault(content, "spectrometer/feeds", "integers");

  content.without = {"spectrometer/MJD"};
  content.spoil = [](h5::File& file) { file.write_strings("spectrometer/MJD", {"a", "b"}); };
  expect_fault(content, "spectrometer/MJD", "numbers");
}

TEST(Level1Metadata, TimeMustBeFiniteAndIncrease) {
  SmallLevel1 backwards;
  for (std::size_t i = 500; i < 1000; ++i) backwards.mjd[i] -= 1.0 / kSecondsPerDay;
  expect_fault(backwards, "spectrometer/MJD", "sample 500");

  SmallLevel1 repeated;
  for (std::size_t i = 1; i < 1000; i += 2) repeated.mjd[i] = repeated.mjd[i - 1];
  expect_fault(repeated, "spectrometer/MJD", "sample 1 ");

  SmallLevel1 infinite;
  for (std::size_t i = 300; i < 400; ++i) infinite.mjd[i] = std::numeric_limits<double>::quiet_NaN();
  expect_fault(infinite, "spectrometer/MJD", "sample 300 is not finite");
}

/// Troubles but that of the start, which these files do not state.
std::vector<Trouble> troubles_of(const Level1Metadata& metadata) {
  std::vector<Trouble> troubles = metadata.troubles;
  std::erase_if(troubles, [](const Trouble& trouble) { return trouble.kind == TroubleKind::start_time; });
  return troubles;
}

TEST(Level1Metadata, SingleStampsAreMendedAndSaid) {
  SmallLevel1 content;
  const std::vector<double> truth = content.mjd;
  std::swap(content.mjd[500], content.mjd[501]);
  content.mjd[7] = content.mjd[6];
  content.mjd[30] = std::numeric_limits<double>::quiet_NaN();
  const Level1Metadata metadata = read_back(content);
  for (std::size_t i = 0; i < truth.size(); ++i) ASSERT_NEAR(metadata.mjd[i], truth[i], 1e-9) << i;
  ASSERT_EQ(troubles_of(metadata).size(), 1U);
  EXPECT_EQ(describe(troubles_of(metadata)[0]),
            "spectrometer/MJD: 4 times are not finite or do not increase, the first at sample 7: they are interpolated "
            "between their neighbours");
}

TEST(Level1Metadata, FrequenciesComeInGigahertzAndOurOrder) {
  const std::vector<double> ours = {27.0, 26.0, 28.0, 29.0, 31.0, 30.0, 32.0, 33.0};
  const auto read_with = [](const std::vector<double>& stored) {
    SmallLevel1 content;
    content.without = {"spectrometer/frequency"};
    content.spoil = [&](h5::File& file) { file.write<double>("spectrometer/frequency", {4, 2}, stored); };
    return read_back(content);
  };
  const Level1Metadata good = read_with(ours);
  EXPECT_TRUE(troubles_of(good).empty());
  EXPECT_EQ(good.frequency_GHz, ours);

  std::vector<double> megahertz = {28e3, 29e3, 26e3, 27e3, 31e3, 30e3, 32e3, 33e3};
  const Level1Metadata mended = read_with(megahertz);
  EXPECT_EQ(mended.frequency_GHz, ours);
  EXPECT_EQ(mended.order.stored_band, (std::array<int, kBands>{1, 0, 2, 3}));
  EXPECT_EQ(mended.order.is_reversed, (std::array<bool, kBands>{true, false, false, false}));
  ASSERT_EQ(troubles_of(mended).size(), 2U);
  EXPECT_EQ(troubles_of(mended)[0].kind, TroubleKind::frequency_unit);
  EXPECT_EQ(troubles_of(mended)[1].kind, TroubleKind::channel_order);
}

TEST(Level1Metadata, NamesOfBandsMayContradictTheFrequencies) {
  SmallLevel1 content;
  content.without = {"spectrometer/frequency"};
  const auto troubles_with = [&](const std::vector<double>& frequencies, const std::vector<std::string>& names) {
    content.spoil = [&](h5::File& file) {
      file.write<double>("spectrometer/frequency", {4, 2}, frequencies);
      file.write_strings("spectrometer/bands", names);
    };
    return troubles_of(read_back(content)).size();
  };
  const std::vector<double> ours = {27.0, 26.0, 28.0, 29.0, 31.0, 30.0, 32.0, 33.0};
  const std::vector<double> exchanged = {28.0, 29.0, 27.0, 26.0, 31.0, 30.0, 32.0, 33.0};
  EXPECT_EQ(troubles_with(ours, {"A:LSB", "A:USB", "B:LSB", "B:USB"}), 0U);
  EXPECT_EQ(troubles_with(ours, {"a", "b", "c", "d"}), 0U) << "other names say nothing";
  EXPECT_EQ(troubles_with(exchanged, {"A:USB", "A:LSB", "B:LSB", "B:USB"}), 1U) << "the order alone";
  EXPECT_EQ(troubles_with(ours, {"A:USB", "A:LSB", "B:LSB", "B:USB"}), 1U);
  EXPECT_EQ(troubles_with(exchanged, {"A:LSB", "A:USB", "B:LSB", "B:USB"}), 2U);
}

TEST(Level1Metadata, StartIsADateInTheEnd) {
  const auto start_of = [](const std::string& stated) {
    SmallLevel1 content;
    content.spoil = [&](h5::File& file) { file.write_attribute("comap", "utc_start", stated); };
    const Level1Metadata metadata = read_back(content);
    return std::pair(h5::to_text(metadata.attributes.at("utc_start")), metadata.troubles.size());
  };
  EXPECT_EQ(start_of("2022-09-20-06:00:00"), std::pair(std::string("2022-09-20-06:00:00"), std::size_t{0}));
  EXPECT_EQ(start_of("2022-09-20T06:00:00Z").second, 0U);
  EXPECT_EQ(start_of("/etc/passwd"), std::pair(std::string("2022-09-20-06:00:00"), std::size_t{1}));
  EXPECT_EQ(start_of("2022-09-20-07:00:00").second, 1U) << "an hour after the first sample";
  EXPECT_EQ(h5::to_text(read_back(SmallLevel1()).attributes.at("utc_start")), "2022-09-20-06:00:00") << "none stated";
}

TEST(Level1Metadata, FeedsMustBeKnownAndDifferent) {
  SmallLevel1 content;
  content.feeds = {4, 4};
  expect_fault(content, "spectrometer/feeds", "feed number 4 occurs twice");
  content.feeds = {1, 21};
  expect_fault(content, "spectrometer/feeds", "feed number 21");
  content.feeds = {0, 1};
  expect_fault(content, "spectrometer/feeds", "feed number 0");
}

TEST(Level1Metadata, ObsidsMustAgree) {
  expect_fault(SmallLevel1(), "obsid", "is 12345, expected 777", 777);
  SmallLevel1 content;
  content.obsid = std::int64_t{999};
  expect_fault(content, "obsid", "file name says 12345");
  content.obsid = 1e300;
  expect_fault(content, "obsid", "is no obsid");
  content.obsid = std::string("none");
  expect_fault(content, "obsid", "'none' is no obsid; the file name says 12345");
  EXPECT_EQ(read_back(SmallLevel1(), 0).obsid, 12345);
}

TEST(Level1Metadata, ObsidMayBeTextANumberOrAFloat) {
  SmallLevel1 content;
  content.obsid = std::string("12345");
  EXPECT_EQ(read_back(content).obsid, 12345);
  content.obsid = 12345.0;
  EXPECT_EQ(read_back(content).obsid, 12345);
  content.obsid = std::string(" 12345 \n");
  EXPECT_EQ(read_back(content).obsid, 12345);
  EXPECT_TRUE(troubles_of(read_back(content)).empty());
}

TEST(Level1Metadata, AnEmptyObsidIsThatOfTheName) {
  for (const char* empty : {"", "  "}) {
    SmallLevel1 content;
    content.obsid = std::string(empty);
    const Level1Metadata metadata = read_back(content);
    EXPECT_EQ(metadata.obsid, 12345);
    EXPECT_EQ(h5::to_integer(metadata.attributes.at("obsid")), 12345) << "what copies get";
    ASSERT_EQ(troubles_of(metadata).size(), 1U);
    EXPECT_EQ(troubles_of(metadata)[0].kind, TroubleKind::obsid);
  }
}

TEST(Level1Metadata, AttributesOfEveryKindMadeByH5py) {
  const Level1Metadata metadata =
      read_level1_metadata(std::string(COMAP_TEST_DATA) + "/comap-0000077-attributes.hd5", 77);
  EXPECT_EQ(metadata.obsid, 77);
  EXPECT_EQ(h5::to_text(metadata.attributes.at("source")), "TauA");     // bytes, fixed length
  EXPECT_EQ(h5::to_text(metadata.attributes.at("comment")), "a test");  // array of one variable-length string
  EXPECT_EQ(h5::to_number(metadata.attributes.at("nchan")), 2.0);       // number written as text
  EXPECT_EQ(h5::to_number(metadata.attributes.at("tsamp")), 0.02);      // array of one number
}

TEST(Level1Metadata, HousekeepingIsPutInOrderOfTime) {
  SmallLevel1 content;
  content.without = {"hk/antenna0/vane/utc", "hk/antenna0/vane/angle"};
  content.spoil = [](h5::File& file) {
    std::vector<double> utc(200), angle(200);
    for (std::size_t i = 0; i < 200; ++i) {
      utc[i] = test::kStartMjd + 1e-6 * static_cast<double>(199 - i);
      angle[i] = 100.0 * static_cast<double>(i);
    }
    utc[0] = std::numeric_limits<double>::quiet_NaN();
    file.write<double>("hk/antenna0/vane/utc", {200}, utc);
    file.write<double>("hk/antenna0/vane/angle", {200}, angle);
  };
  const Level1Metadata metadata = read_back(content);
  ASSERT_EQ(metadata.vane.utc_mjd.size(), 199U);
  EXPECT_DOUBLE_EQ(metadata.vane.utc_mjd.front(), test::kStartMjd);
  EXPECT_DOUBLE_EQ(metadata.vane.angle_deg.front(), 199.0);
  EXPECT_DOUBLE_EQ(metadata.vane.angle_deg.back(), 1.0);
}

TEST(Level1Metadata, TrackerWithoutTimesIsAFault) {
  SmallLevel1 content;
  content.lissajous_status.assign(1000, 1);
  EXPECT_EQ(read_back(content).tracker.lissajous_status.size(), 200U);
  content.without = {"hk/antenna0/deTracker/utc"};
  expect_fault(content, "hk/antenna0/deTracker/utc", "missing");
}

TEST(Level1Metadata, FilesThatAreNoneAreIoErrors) {
  EXPECT_THROW(read_level1_metadata("/nonexistent/comap-1.hd5", 1), IoError);
}

TEST(ObsidOfFileName, SecondFieldOfTheBaseName) {
  EXPECT_EQ(obsid_of_file_name("/data/2022-09/comap-0030011-2022-09-20-003020.hd5"), 30011);
  EXPECT_EQ(obsid_of_file_name("comap-7206-2019-01-01-000000.hd5"), 7206);
  EXPECT_EQ(obsid_of_file_name("Level2_comap-0030011-2022-09-20-003020.hd5"), 30011);
  EXPECT_EQ(obsid_of_file_name("comap-x30-2022.hd5"), -1);
  EXPECT_EQ(obsid_of_file_name("/a-12-b/notes.txt"), -1);
  EXPECT_EQ(obsid_of_file_name("comap--2022.hd5"), -1);
}

}  // namespace
}  // namespace comap
