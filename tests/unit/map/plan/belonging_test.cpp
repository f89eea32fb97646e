// What does not belong together does not go into one map.

#include "map/plan/belonging.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "map/plan/map_plan.hpp"
#include "support/synthetic_level2.hpp"

namespace comap {
namespace {

class Belonging : public ::testing::Test {
 protected:
  Belonging() : directory_(test::fresh_directory("belonging")) {
    config_.dataset = "binned_data";
    config_.feeds = {1, 3};
    config_.bands = {0, 5};
  }

  MapObservation observation(std::int64_t obsid, const std::string& name = "") {
    test::SyntheticLevel2 made;
    made.obsid = obsid;
    made.start_mjd += static_cast<double>(obsid % 100);
    MapObservation offered;
    offered.observation.obsid = obsid;
    offered.observation.level2_path = directory_ + "/" + (name.empty() ? std::to_string(obsid) : name) + ".hd5";
    test::write_level2(offered.observation.level2_path, made);
    return offered;
  }

  /// Centres of the half bands as the first and last feed have them; the others are NaN.
  static void write_centres(const MapObservation& offered, const std::function<double(int)>& of_band_GHz) {
    std::vector<double> centres_GHz(std::size_t{19} * 8, std::nan(""));
    for (const int feed : {1, 3}) {
      for (int band = 0; band < 8; ++band)
        centres_GHz[static_cast<std::size_t>((feed - 1) * 8 + band)] = of_band_GHz(band);
    }
    h5::File file = h5::File::open_write(offered.observation.level2_path);
    file.write<double>(level2::kCentralFrequencies, {19, 4, 2}, centres_GHz, "GHz");
  }

  static void write_record(const MapObservation& offered, const std::string& stage, const std::string& parameters,
                           const std::string& version = "1.0") {
    h5::File file = h5::File::open_write(offered.observation.level2_path);
    const std::string group = "comap_mpi/stages/" + stage;
    file.create_group(group);
    file.write_attribute(group, "parameters", parameters);
    file.write_attribute(group, "software_version", version);
    for (const char* name : {"inputs", "outputs"}) file.write_attribute(group, name, std::string("[]"));
  }

  std::vector<SurveyedObservation> survey(const std::vector<MapObservation>& offered,
                                          SampleSource source = SampleSource::level2) {
    return survey_observations(config_, IoConfig(), offered, SerialCommunicator(), source);
  }

  SelectionReport report(const std::vector<MapObservation>& offered, SampleSource source = SampleSource::level2) {
    return selection_report(survey(offered, source));
  }

  static std::int64_t count(const SelectionReport& report, Exclusion reason) {
    return report.counts[static_cast<std::size_t>(reason)];
  }

  std::string directory_;
  MapmakeConfig config_;
};

TEST_F(Belonging, AnObservationIsUsedOnce) {
  const MapObservation first = observation(30001);
  MapObservation link = first;
  link.observation.level2_path = directory_ + "/link.hd5";
  std::filesystem::create_symlink(first.observation.level2_path, link.observation.level2_path);
  const MapObservation version = observation(30001, "version");
  MapObservation renumbered = observation(30001, "renumbered");
  renumbered.observation.obsid = 30007;
  h5::File::open_write(renumbered.observation.level2_path).write_attribute("comap", "obsid", std::int64_t{30007});

  const SelectionReport result = report({first, link, first, version, renumbered, observation(30002)});
  EXPECT_EQ(result.n_used(), 2);
  EXPECT_TRUE(result.observations.front().used);
  EXPECT_EQ(count(result, Exclusion::same_observation), 4);
  EXPECT_EQ(result.n_bad_files(), 0);
  for (const std::size_t i : {1U, 2U, 3U, 4U}) {
    EXPECT_NE(result.observations[i].reason.find(first.observation.level2_path), std::string::npos)
        << result.observations[i].reason;
  }
}

TEST_F(Belonging, FilesWithExchangedNamesAreNotUsed) {
  MapObservation first = observation(30001), second = observation(30002);
  std::swap(first.observation.level2_path, second.observation.level2_path);
  const SelectionReport result = report({first, second, observation(30003)});
  EXPECT_EQ(count(result, Exclusion::other_observation), 2);
  EXPECT_EQ(result.n_used(), 1);
  EXPECT_EQ(result.n_bad_files(), 2);
  EXPECT_NE(result.observations[0].reason.find("obsid 30002"), std::string::npos) << result.observations[0].reason;
}

TEST_F(Belonging, ANameThatTellsAnotherObservationIsOdd) {
  const auto survey_of_one = survey({observation(30001, "Level2_comap-0030009-2022-09-20-003020")});
  EXPECT_TRUE(survey_of_one.front().outcome.used);
  EXPECT_NE(survey_of_one.front().outcome.oddity.find("obsid 30001"), std::string::npos);
}

TEST_F(Belonging, OtherFrequenciesThanMostFilesAreLeftOut) {
  const auto as_built = [](int band) { return 26.5 + band; };
  const auto reversed = [](int band) { return 33.5 - band; };
  const auto masked = [](int band) { return 26.6 + band; };
  const std::vector<MapObservation> offered = {observation(30001), observation(30002), observation(30003),
                                               observation(30004)};
  write_centres(offered[0], reversed);
  write_centres(offered[1], as_built);
  write_centres(offered[2], masked);
  SelectionReport result = report(offered);  // the last one does not say
  EXPECT_EQ(count(result, Exclusion::other_frequencies), 1);
  EXPECT_FALSE(result.observations[0].used);
  EXPECT_NE(result.observations[0].reason.find("33.500 GHz"), std::string::npos) << result.observations[0].reason;

  result = report({offered[0], offered[1]});
  EXPECT_EQ(result.n_used(), 0) << "there is no majority";
  EXPECT_EQ(count(result, Exclusion::other_frequencies), 2);
}

TEST_F(Belonging, OtherGainFiltersThanMostFilesAreLeftOutOfMapsOfFilteredData) {
  const std::vector<MapObservation> offered = {observation(30001), observation(30002), observation(30003)};
  write_record(offered[0], "gain_filter", R"({"method": "maximum_posterior", "sky": "power_law"})");
  write_record(offered[1], "gain_filter", R"({"method": "common_mode", "sky": "power_law"})");
  write_record(offered[2], "gain_filter", R"({"method": "maximum_posterior", "of_a_later_version": 1})");
  const SelectionReport result = report(offered);
  EXPECT_EQ(count(result, Exclusion::other_gain_filter), 1);
  EXPECT_NE(result.observations[1].reason.find("gain_filter.method \"common_mode\""), std::string::npos);
  EXPECT_EQ(report(offered, SampleSource::level1).n_used(), 3);

  const SelectionReport tie = report({offered[0], offered[1]});
  EXPECT_EQ(tie.n_used(), 0);
  EXPECT_NE(tie.observations[0].reason.find("\"maximum_posterior\", not \"common_mode\" as in 1 other file"),
            std::string::npos)
      << tie.observations[0].reason;
  EXPECT_NE(tie.observations[1].reason.find("\"common_mode\", not \"maximum_posterior\" as in 1 other file, and there "
                                            "is no majority"),
            std::string::npos)
      << tie.observations[1].reason;
}

TEST_F(Belonging, OtherUnitsAndNumbersOfHalfBandsAreLeftOut) {
  std::vector<MapObservation> offered;
  for (int i = 1; i <= 4; ++i) offered.push_back(observation(30000 + i));
  h5::File::open_write(offered[1].observation.level2_path)
      .write_attribute("level2/binned_data", "unit", std::string("mK"));
  h5::File file = h5::File::open_write(offered[3].observation.level2_path);
  const auto samples = file.read<float>("level2/binned_data");
  file.remove("level2/binned_data");
  file.remove("level2_noise_stats");
  file.write<float>("level2/binned_data", {38, 4, 1, 2400}, samples, "K");
  file.close();
  config_.bands = {0, 3};
  const SelectionReport result = report(offered);
  EXPECT_EQ(count(result, Exclusion::other_unit), 1);
  EXPECT_EQ(count(result, Exclusion::other_half_bands), 1);
  EXPECT_EQ(result.n_used(), 2);
}

TEST_F(Belonging, TroublesOfLevel2AreCountedAndSettingsTold) {
  const std::vector<MapObservation> offered = {observation(30001), observation(30002), observation(30003)};
  const Trouble trouble{TroubleKind::vane_temperature, "system_temperature", "hk", "0 K", "Tambient instead"};
  Trouble other = trouble;
  other.what = "-999 K";
  for (const int i : {0, 1}) {
    write_record(offered[static_cast<std::size_t>(i)], "atmosphere", "{\"fit\": " + std::to_string(i) + "}",
                 i == 0 ? "1.0" : "1.1");
    h5::File file = h5::File::open_write(offered[static_cast<std::size_t>(i)].observation.level2_path);
    file.write_attribute(level2::kTroublesGroup, level2::kTroublesAttribute, to_json({trouble, other}).dump());
  }
  const auto surveyed = survey(offered);
  const SelectionReport result = selection_report(surveyed);
  EXPECT_EQ(result.n_with_trouble(), (std::map<TroubleKind, std::int64_t>{{TroubleKind::vane_temperature, 2}}));
  EXPECT_EQ(result.lines().back(), "trouble: 2 observations: vane temperature");
  EXPECT_EQ(settings_lines(surveyed),
            (std::vector<std::string>{
                "Level-2 files, by their own records:", "made by version 1.0 (1 file), 1.1 (1 file), not told (1 file)",
                "atmosphere: fit 0 (1 file), 1 (1 file)"}));
}

}  // namespace
}  // namespace comap
