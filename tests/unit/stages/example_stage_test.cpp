// The example of docs/adding-a-stage.md, compiled and run.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "config/binder.hpp"
#include "config/config_parser.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "stages/stage_list.hpp"

namespace comap {

namespace level2 {
/// A line of data/level2_datasets.hpp, were the stage one of the program's.
inline constexpr ArrayDataset<std::int64_t, 2> kMissing{
    "level2/example/n_missing", {feed, band, channel}, "samples", "count_missing", "missing samples of a channel"};
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
  DatasetList reads() const override { return {&level2::kScanEdges}; }
  DatasetList writes() const override { return {&level2::kMissing}; }
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

class Worker final : public FeedWorker {
 public:
  Worker(int n_channels, CountMissingConfig config, ProductTable& products)
      : counts_(shape_of(kBands, n_channels)), config_(config), products_(products) {}

  void consume(const FeedBlock& block) override {
    if (block.scan < 0) return;  // another stage asked for the samples between scans
    for (int channel = 0; channel < block.n_channels; ++channel) {
      counts_(block.band, channel) += std::ranges::count_if(
          block.channel(channel), [&](float d) { return std::isnan(d) || (config_.count_zeros && d == 0.0F); });
    }
  }
  void finish() override { products_.set(level2::kMissing, std::move(counts_)); }

 private:
  Array<std::int64_t, 2> counts_;  // [band][channel]
  CountMissingConfig config_;
  ProductTable& products_;
};

std::unique_ptr<FeedWorker> CountMissing::start_feed(const ObservationContext& observation, int /*feed*/,
                                                     ProductTable& products) const {
  return std::make_unique<Worker>(observation.level1.n_channels, config_, products);
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
  const auto counts = products.flat(level2::kMissing);
  EXPECT_EQ(std::vector<std::int64_t>(counts.begin(), counts.end()),
            (std::vector<std::int64_t>{0, 0, 0, 0, 0, 0, 4, 4}));
  EXPECT_EQ(stage.writes().at(0)->shape(axis_lengths(observation)), (std::vector<Index>{19, 4, 2}));
}

std::string guide() {
  std::ifstream file(std::string(COMAP_SOURCE_DIR) + "/docs/adding-a-stage.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The block of the page that begins so.
std::string block_of(const std::string& page, const std::string& begin) {
  const auto start = page.find(begin) + begin.size();
  return page.substr(start, page.find("```", start) - start);
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
  return parse_config(block_of(guide(), "```toml\n"), "guide.toml", sets, entries);
}

/// The settings that the stage is made with.
StageSettings settings_in(const Config& config, const std::vector<StageEntry>& entries) {
  const StageList stages = make_stages(config.level2, entries);
  check_order(stages);
  const auto stage = std::ranges::find(stages, "count_missing", [](const auto& one) { return one->name(); });
  return stages.at(static_cast<std::size_t>(stage - stages.begin()))->settings;
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

TEST(ExampleStage, ItsRecordHoldsItsSettings) {
  const std::vector<StageEntry> entries = with_example();
  const StageSettings settings = settings_in(parse_guide(entries), entries);
  EXPECT_EQ(settings.parameters, nlohmann::json({{"count_zeros", true}}));
  EXPECT_FALSE(settings.overwrite);
  const Config again = parse_guide(entries, {"level2.count_missing.overwrite=true"});
  EXPECT_TRUE(settings_in(again, entries).overwrite);
  EXPECT_EQ(settings_in(again, entries).parameters, settings.parameters);
}

}  // namespace
}  // namespace comap
