// The example of docs/adding-a-stage.md, compiled and run.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "config/config_parser.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "stages/output_spec.hpp"
#include "stages/stage.hpp"
#include "stages/stage_registry.hpp"

namespace comap {
namespace {

/// Number of missing samples of every channel inside scans.
///
/// In     tod of scans, counts
/// Out    level2/example/n_missing [feed][band][channel]
class CountMissing final : public Stage {
 public:
  std::string_view name() const override { return "count_missing"; }
  FieldList requires_fields() const override { return {Field::scan_edges}; }
  FieldList provides_fields() const override { return {}; }
  nlohmann::json parameters() const override { return nlohmann::json::object(); }
  Deliveries deliveries() const override { return {.scan_samples = true}; }
  std::vector<OutputSpec> outputs(const ObservationContext& observation) const override;
  std::unique_ptr<FeedWorker> start_feed(const ObservationContext& observation, int feed,
                                         ProductTable& products) const override;
};

constexpr std::string_view kMissing = "level2/example/n_missing";

class Worker final : public FeedWorker {
 public:
  Worker(int n_channels, ProductTable& products)
      : n_channels_(static_cast<std::size_t>(n_channels)), counts_(kBands * n_channels_, 0), products_(products) {}

  void consume(const FeedBlock& block) override {
    if (block.scan < 0) return;  // another stage asked for the samples between scans
    for (int channel = 0; channel < block.n_channels; ++channel) {
      const std::size_t element =
          static_cast<std::size_t>(block.band) * n_channels_ + static_cast<std::size_t>(channel);
      counts_[element] += std::ranges::count_if(block.channel(channel), [](float d) { return std::isnan(d); });
    }
  }
  void finish() override { products_.set(kMissing, std::move(counts_)); }

 private:
  std::size_t n_channels_;
  std::vector<std::int64_t> counts_;  // [band][channel]
  ProductTable& products_;
};

std::vector<OutputSpec> CountMissing::outputs(const ObservationContext& observation) const {
  return {feed_output(kMissing, h5::StoredType::int64,
                      {kBands, static_cast<std::uint64_t>(observation.level1.n_channels)}, "samples")};
}

std::unique_ptr<FeedWorker> CountMissing::start_feed(const ObservationContext& observation, int /*feed*/,
                                                     ProductTable& products) const {
  return std::make_unique<Worker>(observation.level1.n_channels, products);
}

TEST(ExampleStage, CountsWhatIsMissingInScansOnly) {
  ObservationContext observation;
  observation.level1.n_channels = 2;
  const std::vector<float> tod = {1.0F, NAN, NAN, 4.0F, 5.0F, NAN};  // [channel][sample]
  FeedBlock block;
  block.band = 3;
  block.n_samples = 3;
  block.n_channels = 2;
  block.stride = 3;
  block.tod = tod.data();

  ProductTable products;
  const CountMissing stage;
  const auto worker = stage.start_feed(observation, 1, products);
  for (const int scan : {-1, 0, 1}) {
    block.scan = scan;
    worker->consume(block);
  }
  worker->finish();
  const auto counts = products.get<std::int64_t>(kMissing);
  EXPECT_EQ(std::vector<std::int64_t>(counts.begin(), counts.end()),
            (std::vector<std::int64_t>{0, 0, 0, 0, 0, 0, 4, 2}));
  EXPECT_EQ(stage.outputs(observation)[0].dataset.extent, (h5::Extent{19, 4, 2}));
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

// Chapter 5: registered, the stage is a name like any other; nobody else keeps a list.
TEST(ExampleStage, ItsNameInTheConfigurationIsKnownOnceItIsRegistered) {
  const std::string toml = block_of(guide(), "```toml\n");
  ASSERT_NE(toml.find("count_missing"), std::string::npos);
  EXPECT_THROW(parse_config(toml, "guide.toml", {}, known_stages()), ConfigError);
  std::vector<std::string> with_example = known_stages();
  with_example.emplace_back(CountMissing().name());
  const Config config = parse_config(toml, "guide.toml", {}, with_example);
  EXPECT_EQ(std::ranges::count(config.level2.pipeline, "count_missing"), 1);
}

}  // namespace
}  // namespace comap
