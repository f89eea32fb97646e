#include "core/final_name.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/error.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

class FinalName : public testing::Test {
 protected:
  FinalName() : folder_(fs::temp_directory_path() / "comap_final_name") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~FinalName() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
  static std::string text_of(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  std::size_t n_files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

TEST_F(FinalName, ReplacesAnEarlierProductAndLeavesNothingElse) {
  write(path("map"), "old");
  PartialFile file(path("map"));
  write(file.name(), "new");
  EXPECT_EQ(text_of(path("map")), "old");
  EXPECT_TRUE(file.publish());
  EXPECT_EQ(text_of(path("map")), "new");
  EXPECT_EQ(n_files(), 1);
}

TEST_F(FinalName, WhatIsNotPublishedIsGone) {
  { const PartialFile file(path("map")); }
  EXPECT_EQ(n_files(), 0);
  EXPECT_THROW(PartialFile(path("not_there/map")), IoError);
}

TEST_F(FinalName, NeverWritesThroughALink) {
  const std::string name = PartialFile(path("map")).name();
  write(path("precious"), "of somebody");
  fs::create_symlink(path("precious"), name);
  PartialFile file(path("map"));
  EXPECT_FALSE(fs::is_symlink(name));
  write(file.name(), "new");
  EXPECT_TRUE(file.publish());
  EXPECT_EQ(text_of(path("precious")), "of somebody");
  EXPECT_EQ(text_of(path("map")), "new");
}

TEST_F(FinalName, ALinkPutThereMeanwhileIsNoProduct) {
  PartialFile file(path("map"));
  fs::remove(file.name());
  write(path("other"), "of somebody");
  fs::create_symlink(path("other"), file.name());
  EXPECT_THROW(file.publish(), IoError);
  EXPECT_FALSE(fs::exists(path("map")));
}

TEST_F(FinalName, ALinkOfTheFinalNameIsReplacedNotWhatItLeadsTo) {
  write(path("archive"), "old");
  fs::create_symlink(path("archive"), path("map"));
  PartialFile file(path("map"));
  write(file.name(), "new");
  EXPECT_TRUE(file.publish());
  EXPECT_FALSE(fs::is_symlink(path("map")));
  EXPECT_EQ(text_of(path("archive")), "old");
}

TEST_F(FinalName, WhatADeadProcessHasLeftDoesNotBlock) {
  const std::string name = PartialFile(path("map")).name();
  write(name, "half");
  write(path("map.elsewhere-17.partial"), "half");
  fs::last_write_time(path("map.elsewhere-17.partial"), fs::file_time_type::clock::now() - std::chrono::hours(1));
  PartialFile file(path("map"));
  EXPECT_EQ(text_of(file.name()), "");
  EXPECT_TRUE(file.publish());
  EXPECT_EQ(n_files(), 1);
}

TEST_F(FinalName, WhatALivingProcessWritesIsRemovedOnlyWhenItHasLost) {
  for (const bool has_lost : {false, true}) {
    const std::string name = PartialFile(path("map")).name();
    const std::string living = name.substr(0, name.rfind('-') + 1) + "1.partial";
    write(living, "half");
    fs::last_write_time(living, fs::file_time_type::clock::now() - std::chrono::hours(1));
    EXPECT_TRUE(PartialFile(path("map")).publish(has_lost ? Rival::has_lost : Rival::is_replaced));
    EXPECT_EQ(fs::exists(living), !has_lost);
  }
}

TEST_F(FinalName, TheFileOfAnotherRunStays) {
  PartialFile file(path("map"));
  write(file.name(), "mine");
  write(path("map.elsewhere-17.partial"), "still written");
  write(path("map"), "of the other");
  EXPECT_FALSE(file.publish());
  EXPECT_EQ(text_of(path("map")), "of the other");
  EXPECT_EQ(text_of(path("map.elsewhere-17.partial")), "still written");
  EXPECT_TRUE(file.publish(Rival::is_replaced));
  EXPECT_EQ(text_of(path("map")), "mine");
}

TEST_F(FinalName, ARunThatWasTakenForDeadHasLost) {
  PartialFile file(path("map"));
  fs::remove(file.name());
  write(path("map"), "of the other");
  EXPECT_FALSE(file.publish(Rival::is_replaced));
  EXPECT_EQ(text_of(path("map")), "of the other");
}

TEST_F(FinalName, PairsAreOfOneRun) {
  for (const bool is_late : {false, true}) {
    write(path("truth"), "old truth");
    PartialFile level1(path("level1")), truth(path("truth"));
    write(level1.name(), "mine");
    write(truth.name(), "my truth");
    if (is_late) write(path("truth"), "another truth");
    EXPECT_EQ(publish_together(std::array{&level1, &truth}), !is_late);
    EXPECT_EQ(text_of(path("truth")), is_late ? "another truth" : "my truth");
    EXPECT_EQ(fs::exists(path("level1")), !is_late);
    fs::remove(path("level1"));
  }
}

}  // namespace
}  // namespace comap
