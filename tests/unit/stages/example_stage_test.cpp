// The example of docs/adding-a-stage.md: every piece of it is compiled here, and it goes through configuration, list of
// stages, a Level-2 file, reruns and check.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "check/check_file.hpp"
#include "config/binder.hpp"
#include "config/config_parser.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "level2/observation_run.hpp"
#include "simulate/simulate_observations.hpp"
#include "sky/earth_orientation.hpp"
#include "stages/stage_list.hpp"
#include "support/small_level1.hpp"
#include "support/text_file.hpp"

namespace comap {
namespace level2 {

inline constexpr ArrayDataset<std::int64_t, 2> kMissingSamples("level2/example/n_missing", axes::kChannels, "samples",
                                                               "count_missing", "samples inside scans that are NaN");

}  // namespace level2

namespace {

/// [level2.count_missing]
struct CountMissingConfig {
  bool count_zeros = false;
  bool overwrite = false;
};

/// Number of missing samples of every channel inside scans.
///
/// In     tod of scans, counts
/// Out    level2/example/n_missing [feed][band][channel]
class CountMissing final : public Stage {
 public:
  explicit CountMissing(CountMissingConfig config) : config_(config) {}

  std::string_view name() const override { return "count_missing"; }
  DatasetList reads() const override { return {&level2::kSampleFlags, &level2::kScanEdges}; }
  DatasetList writes() const override { return {&level2::kMissingSamples}; }
  Deliveries deliveries() const override { return {.scan_samples = true}; }
  std::unique_ptr<FeedWorker> start_feed(const ObservationContext& observation, int feed,
                                         ProductTable& products) const override;

 private:
  CountMissingConfig config_;
};

/// Keys of [level2.count_missing].
void bind(Binder& binder, CountMissingConfig& config);

void bind(Binder& binder, CountMissingConfig& config) {
  binder.flag("count_zeros", config.count_zeros, "counts of 0 are missing, too");
}

class CountMissingWorker final : public FeedWorker {
 public:
  CountMissingWorker(int n_channels, CountMissingConfig config, ProductTable& products)
      : counts_(shape_of(kBands, n_channels)), config_(config), products_(products) {}

  void consume(const FeedBlock& block) override {
    if (block.scan < 0) return;  // another stage asked for the samples between scans
    for (int channel = 0; channel < block.n_channels; ++channel) {
      counts_(block.band, channel) += std::ranges::count_if(
          block.channel(channel), [&](float d) { return std::isnan(d) || (config_.count_zeros && d == 0.0F); });
    }
  }
  void finish() override { products_.set(level2::kMissingSamples, std::move(counts_)); }

 private:
  Array<std::int64_t, 2> counts_;  ///< [band][channel]
  CountMissingConfig config_;
  ProductTable& products_;
};

std::unique_ptr<FeedWorker> CountMissing::start_feed(const ObservationContext& observation, int /*feed*/,
                                                     ProductTable& products) const {
  return std::make_unique<CountMissingWorker>(observation.level1.n_channels, config_, products);
}

TEST(ExampleStage, CountsWhatIsMissingInScansOnly) {
  ObservationContext observation;
  observation.level1.n_channels = 2;
  const std::vector<float> tod = {1.0F, NAN, NAN, 0.0F, 5.0F, NAN};  // [channel][sample]
  FeedBlock block;
  block.band = 3;
  block.n_samples = 3;
  block.n_channels = 2;
  block.stride = 3;
  block.tod = tod.data();

  ProductTable products;
  const CountMissing stage({.count_zeros = true});
  const auto worker = stage.start_feed(observation, 1, products);
  for (const int scan : {-1, 0, 1}) {
    block.scan = scan;
    worker->consume(block);
  }
  worker->finish();
  const auto counts = products.flat(level2::kMissingSamples);
  EXPECT_EQ(std::vector<std::int64_t>(counts.begin(), counts.end()),
            (std::vector<std::int64_t>{0, 0, 0, 0, 0, 0, 4, 4}));
}

std::string guide() { return read_text(COMAP_SOURCE_DIR "/docs/adding-a-stage.md"); }

/// The blocks of the page in this language.
std::vector<std::string> blocks_of(const std::string& page, const std::string& language) {
  const std::string begin = "```" + language + "\n";
  std::vector<std::string> blocks;
  for (auto at = page.find(begin); at != std::string::npos; at = page.find(begin, at)) {
    at += begin.size();
    blocks.push_back(page.substr(at, page.find("```", at) - at));
  }
  return blocks;
}

TEST(ExampleStage, EveryPieceOfTheGuideIsCompiledHere) {
  const std::string here = read_text(std::string(COMAP_SOURCE_DIR) + "/tests/unit/stages/example_stage_test.cpp");
  const std::vector<std::string> pieces = blocks_of(guide(), "cpp");
  EXPECT_EQ(pieces.size(), 6U);
  for (const std::string& piece : pieces) EXPECT_NE(here.find(piece), std::string::npos) << piece;
}

/// A member of Level2Config, were the stage one of the program's.
CountMissingConfig example_settings;

/// The stages of the program and the example.
std::vector<StageEntry> with_example() {
  std::vector<StageEntry> entries(all_stages().begin(), all_stages().end());
  const auto bind_table = [](Binder& binder, Level2Config&) {
    bind(binder, example_settings);
    bind_overwrite(binder, example_settings.overwrite);
  };
  const auto make = [](const Level2Config&) -> std::unique_ptr<Stage> {
    return std::make_unique<CountMissing>(example_settings);
  };
  entries.push_back({"count_missing", "count_missing", false, bind_table, make});
  return entries;
}

Config parse_guide(const std::vector<StageEntry>& entries, const std::vector<std::string>& sets = {}) {
  example_settings = {};
  return parse_config(blocks_of(guide(), "toml").at(0), "guide.toml", sets, entries);
}

TEST(ExampleStage, IsNoStageBeforeItStandsInTheList) {
  const std::vector<StageEntry> entries(all_stages().begin(), all_stages().end());
  EXPECT_THROW(parse_guide(entries), ConfigError);
}

// Once it is in the list its table is read, checked and printed like any other.
TEST(ExampleStage, ItsTableIsPartOfTheConfiguration) {
  const std::vector<StageEntry> entries = with_example();
  const Config config = parse_guide(entries);
  EXPECT_TRUE(example_settings.count_zeros);
  const std::string shown = show_config(config, entries);
  EXPECT_NE(shown.find("[level2.count_missing]\ncount_zeros = true "), std::string::npos) << shown;
  EXPECT_EQ(show_config(parse_config(shown, "shown", {}, entries), entries), shown);
  try {
    parse_guide(entries, {"level2.count_missing.count_zeroes=true"});
    ADD_FAILURE() << "took a key that does not exist";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean level2.count_missing.count_zeros?"), std::string::npos)
        << error.what();
  }
}

TEST(ExampleStage, NeedsTheStagesWhoseDatasetsItReads) {
  const std::vector<StageEntry> entries = with_example();
  const Config config = parse_guide(entries, {R"(level2.pipeline=["check_level1", "count_missing"])"});
  try {
    check_order(make_stages(config.level2, entries));
    ADD_FAILURE() << "took a pipeline without scans";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(
        error.what(),
        "level2.pipeline: stage 'count_missing' needs level2/scan_edges, which find_scans must make before it");
  }
}

constexpr int kChannels = 8;

/// A simulated observation, and the pipeline of the guide on it.
class ExamplePipeline : public testing::Test {
 protected:
  ExamplePipeline() {
    const Config config = configured({});
    const Observer observer = map_observer(config.mapmake);
    simulate::simulate_observations(config.simulate, observer, SerialCommunicator());
    const simulate::ObservationPlan plan = simulate::plan_observations(config.simulate, observer).at(0);
    job_.observation.obsid = plan.obsid;
    job_.observation.source = plan.source;
    job_.observation.utc_start = simulate::start_text(plan);
    job_.observation.level1_path = simulate::observation_files(config.simulate, plan).level1;
    job_.snapshot = nlohmann::json::object();
  }

  /// Runs what has to be run; `sets` as on a command line.
  ObservationOutcome run(const std::vector<std::string>& sets) const {
    const Config config = configured(sets);
    const StageList stages = make_stages(config.level2, entries_);
    check_order(stages);
    const SerialCommunicator alone;
    const SerialFiles files;
    return process_observation(job_, {config, show_config(config, entries_), stages, alone, files});
  }
  bool is_up_to_date(const std::vector<std::string>& sets) const {
    const ObservationOutcome outcome = run(sets);
    EXPECT_EQ(outcome.result.error, "");
    return outcome.status == ObservationOutcome::Status::up_to_date;
  }

 private:
  Config configured(std::vector<std::string> sets) const {
    for (const char* set : {"n_observations=1", "n_feeds=2", "n_channels=8", "n_scans=2", "scan_duration_s=10.0"}) {
      sets.push_back(std::string("simulate.") + set);
    }
    const std::filesystem::path directory = std::filesystem::path(scratch_.path()).parent_path();
    sets.push_back("simulate.output_dir=" + (directory / "level1").string());
    sets.push_back("level2.output_dir=" + (directory / "level2").string());
    return parse_guide(entries_, sets);
  }

  const test::TemporaryFile scratch_{"scratch"};
  const std::vector<StageEntry> entries_ = with_example();

 protected:
  ObservationJob job_;
};

/// NaN inside scans of one channel of the Level-1 file, by reading it.
std::int64_t n_missing(const h5::File& level1, const std::vector<std::int64_t>& edges, int feed_row, int channel) {
  const std::vector<std::uint64_t>& extent = level1.info("spectrometer/tod").extent;
  std::vector<float> tod(extent.back());
  std::int64_t n = 0;
  for (int band = 0; band < kBands; ++band) {
    const auto row = static_cast<std::uint64_t>(feed_row);
    level1.open("spectrometer/tod")
        .read({{row, static_cast<std::uint64_t>(band), static_cast<std::uint64_t>(channel), 0}, {1, 1, 1, tod.size()}},
              std::span(tod));
    for (std::size_t i = 0; i < edges.size(); i += 2) {
      n += std::count_if(tod.begin() + edges[i], tod.begin() + edges[i + 1], [](float d) { return std::isnan(d); });
    }
  }
  return n;
}

TEST_F(ExamplePipeline, ItsDatasetIsInTheFile) {
  const ObservationOutcome outcome = run({});
  ASSERT_EQ(outcome.status, ObservationOutcome::Status::done) << outcome.result.error;
  const h5::File file = h5::File::open_read(outcome.result.level2_path);
  ASSERT_EQ(file.info(level2::kMissingSamples).extent, (h5::Extent{kScienceFeeds, kBands, kChannels}));
  EXPECT_EQ(h5::to_text(*file.attribute(level2::kMissingSamples, "axes")), "feed band channel");
  EXPECT_EQ(h5::to_text(*file.attribute(level2::kMissingSamples, "unit")), "samples");
  const Array<std::int64_t, 3> counts(shape_of(kScienceFeeds, kBands, kChannels),
                                      file.read<std::int64_t>(level2::kMissingSamples));
  const auto edges = file.read<std::int64_t>(level2::kScanEdges);
  const h5::File level1 = h5::File::open_read(job_.observation.level1_path);
  std::int64_t n_all = 0;
  for (int channel = 0; channel < kChannels; ++channel) {
    std::int64_t n = 0;
    for (int band = 0; band < kBands; ++band) n += counts(0, band, channel);
    EXPECT_EQ(n, n_missing(level1, edges, 0, channel)) << channel;
    n_all += n;
  }
  EXPECT_GT(n_all, 0);
}

TEST_F(ExamplePipeline, RunsAgainWhenItsSettingChanges) {
  ASSERT_FALSE(is_up_to_date({}));
  EXPECT_TRUE(is_up_to_date({}));
  const std::vector<std::string> changed = {"level2.count_missing.count_zeros=false"};
  EXPECT_FALSE(is_up_to_date(changed));
  EXPECT_TRUE(is_up_to_date(changed));
  EXPECT_FALSE(is_up_to_date({changed[0], "level2.count_missing.overwrite=true"}));
  EXPECT_FALSE(is_up_to_date({changed[0], "level2.find_scans.trim_start=10"}));  // it reads the scans
}

TEST_F(ExamplePipeline, CheckMissesItsDataset) {
  const std::string path = run({}).result.level2_path;
  EXPECT_TRUE(check_level2_file(path).empty());
  h5::File file = h5::File::open_write(path);
  file.remove(level2::kMissingSamples);
  file.close();
  const std::vector<Finding> findings = check_level2_file(path);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].dataset, level2::kMissingSamples.path);
  EXPECT_EQ(findings[0].what, "is missing");
}

// The three places of the guide, counted on a stage of the program that has a setting and a dataset; other files name
// its dataset to use the numbers.
TEST(ExampleStage, AStageTouchesThreePlaces) {
  EXPECT_EQ(sources_with(R"(\b(noise_stats_level1|NoiseStatsLevel1(Config)?|kLevel1AutoRms)\b)"),
            (std::vector<std::string>{
                "lib/config/level2_config.hpp",
                "lib/data/level2_datasets.cpp",
                "lib/data/level2_datasets.hpp",
                "lib/stages/gain_filter/common_gain_worker.cpp",  // uses the noise
                "lib/stages/gain_filter/gain_filter.cpp",         // reads it
                "lib/stages/noise_stats_level1.cpp",
                "lib/stages/noise_stats_level1.hpp",
                "lib/stages/noise_stats_level2.cpp",  // has the same key `estimator`
                "lib/stages/stage_list.cpp",
            }));
}

}  // namespace
}  // namespace comap
