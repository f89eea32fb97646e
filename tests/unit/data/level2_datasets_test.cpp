// Every line of the table of Level-2 datasets says what a reader needs, stages and docs/files.md know the same lines.

#include "data/level2_datasets.hpp"

#include <gtest/gtest.h>

#include <set>

#include "stages/stage_list.hpp"
#include "support/text_file.hpp"

namespace comap {
namespace {

constexpr std::size_t kMaxDescription = 100;

StageList every_stage() {
  Level2Config config;
  for (const StageEntry& entry : all_stages()) config.pipeline.emplace_back(entry.name);
  return make_stages(config);
}

TEST(Level2Datasets, LinesSayWhatAReaderNeeds) {
  std::set<std::string_view> paths, stages;
  for (const StageEntry& entry : all_stages()) stages.insert(entry.name);
  for (const level2::Dataset* line : level2::all_datasets()) {
    SCOPED_TRACE(line->path);
    EXPECT_TRUE(paths.insert(line->path).second);
    EXPECT_EQ(level2::find_dataset(line->path), line);
    EXPECT_TRUE(stages.contains(line->stage)) << line->stage;
    EXPECT_FALSE(line->description.empty());
    EXPECT_LE(line->description.size(), kMaxDescription);
    EXPECT_EQ(line->description.find_first_of("|\n"), std::string_view::npos);
  }
  EXPECT_EQ(level2::find_dataset("level2/nothing"), nullptr);
}

TEST(Level2Datasets, AxesAndTypesAreSane) {
  for (const level2::Dataset* line : level2::all_datasets()) {
    SCOPED_TRACE(line->path);
    const std::set<level2::Axis> different(line->axes().begin(), line->axes().end());
    EXPECT_GE(different.size(), 1U);
    EXPECT_EQ(different.size(), line->axes().size());
    EXPECT_LE(std::ranges::count_if(line->axes(), level2::is_feed_axis), 1);
    // A channel belongs to a band, which belongs to a feed.
    EXPECT_TRUE(line->has_axis(level2::Axis::band) || !line->has_axis(level2::Axis::channel));
    EXPECT_TRUE(line->feed_axis() != level2::FeedAxis::none || !line->has_axis(level2::Axis::band));
    const bool is_stream = line->has_axis(level2::Axis::sub_band) && line->has_axis(level2::Axis::sample);
    const bool is_of_events = line->has_axis(level2::Axis::event) && line->has_axis(level2::Axis::channel);
    EXPECT_EQ(line->type == ElementType::float32, is_stream || is_of_events)
        << "what there is much of is float32, the rest double";
  }
}

// A file holds what its stages declare, so this is every dataset that can be in one, but for copies.
TEST(Level2Datasets, StagesReadAndWriteLinesOfTheTable) {
  std::set<const level2::Dataset*> written;
  for (const auto& stage : every_stage()) {
    for (const level2::Dataset* line : stage->writes()) {
      EXPECT_EQ(level2::find_dataset(line->path), line) << line->path;
      written.insert(line);
    }
    for (const level2::Dataset* line : stage->reads()) {
      EXPECT_EQ(level2::find_dataset(line->path), line) << stage->name() << " reads " << line->path;
    }
  }
  // Optional ones come with a setting; what create_level2 makes are copies.
  for (const level2::Dataset* line : level2::all_datasets()) {
    const bool is_optional = line == &level2::kGainInformationMatrix;
    EXPECT_EQ(written.contains(line), line->stage != "create_level2" && !is_optional) << line->path;
  }
}

TEST(Level2Datasets, PageOfFilesIsTheTable) {
  const std::string page = read_text(COMAP_SOURCE_DIR "/docs/files.md");
  EXPECT_TRUE(page.ends_with("\n\n" + level2::datasets_page() + "\n"))
      << "write it again with: sed -i '/^| path /,$d' docs/files.md; comap_mpi check --datasets >> docs/files.md";
}

}  // namespace
}  // namespace comap
