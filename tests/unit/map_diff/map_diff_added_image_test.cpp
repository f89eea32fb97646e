// The table of map images with one more line, as docs/adding-a-map-image.md adds it: nothing else has to know of it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "io/map/map_reader.hpp"
#include "io/map/map_writer.hpp"
#include "io/plot/map_picture.hpp"
#include "map_diff/map_diff.hpp"
#include "support/test_map.hpp"
#include "support/text_file.hpp"

namespace comap {
namespace {

constexpr MapImage kAdded = {"JACK", "K", true, "Half difference", "T_{RJ} [mK]"};

std::vector<MapImage> longer_table() {
  std::vector<MapImage> kinds(kMapImages.begin(), kMapImages.end());
  kinds.push_back(kAdded);
  return kinds;
}

ContinuumMap flat_map() {
  ContinuumMap map =
      test::make_test_map({{40, 30}, {20.0, 15.0}, {-0.02, 0.02}, {30.0, 0.0}, {"GLON-CAR", "GLAT-CAR"}});
  map.images.push_back({kAdded, map.image("NAIVE")});
  return map;
}

ContinuumMap sphere() {
  ContinuumMap map;
  map.healpix = HealpixDefinition{64, SkyFrame::galactic};
  map.pixel = {3, 5, 8, 20};
  map.images.push_back({kAdded});
  for (ImageValues& image : map.images) image.values = {1.0F, 2.0F, 3.0F, 4.0F};
  map.image("JACK") = {5.0F, 6.0F, 7.0F, 8.0F};
  map.mask = {0, 0, kFewHits, 0};
  return map;
}

/// Written and read again, a map has its added image; without the line in the table it is passed over.
void expect_added(const std::string& path, const ContinuumMap& map) {
  const ContinuumMap read = read_map(path, longer_table());
  ASSERT_EQ(read.images.size(), 5U);
  EXPECT_EQ(read.images.back().title, kAdded.title);
  EXPECT_EQ(read.pixel, map.pixel);
  for (std::size_t i = 0; i < map.mask.size(); ++i) {
    if (map.mask[i] == 0) {
      EXPECT_EQ(read.image("JACK")[i], map.image("JACK")[i]);
    } else {
      EXPECT_TRUE(std::isnan(read.image("JACK")[i]));
    }
  }

  ContinuumMap other = read;
  other.image("JACK").front() = 9.0F;
  const MapDiff diff = compare_maps(read, other);
  ASSERT_EQ(diff.images.size(), 6U);
  EXPECT_EQ(diff.images[4].image, "JACK");
  EXPECT_EQ(diff.images[5].image, "MASK");
  EXPECT_FALSE(diff.images[4].identical);
  EXPECT_TRUE(diff.images[0].identical);
  EXPECT_TRUE(compare_maps(read, read).same_pixels());
  EXPECT_TRUE(compare_maps(read, read).images[4].rms_noise.has_value());

  const ContinuumMap old = read_map(path);
  EXPECT_EQ(old.find_image("JACK"), nullptr);
  const MapDiff of_versions = compare_maps(old, read);
  EXPECT_EQ(of_versions.images.at(4).n_only_b, std::ranges::count(map.mask, 0));
}

TEST(AddedImage, GoesThroughWritersReadersAndComparison) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "added_image";
  std::filesystem::create_directories(folder);
  const std::string fits = (folder / "map.fits").string(), hdf5 = (folder / "map.hd5").string();
  for (const ContinuumMap& map : {flat_map(), sphere()}) {
    for (const HealpixRows rows : {HealpixRows::partial, HealpixRows::full_sky}) {
      write_map_fits(fits, map, rows);
      expect_added(fits, map);
    }
    write_map_hdf5(hdf5, map, SerialFiles(), SerialCommunicator());
    expect_added(hdf5, map);
  }
}

TEST(AddedImage, IsInPicturesOfTheSphere) {
  const ContinuumMap shown = projected_for_picture(sphere());
  EXPECT_EQ(shown.image("JACK").size(), shown.mask.size());
  EXPECT_EQ(std::ranges::count(shown.image("JACK"), 8.0F), std::ranges::count(shown.destriped_K(), 4.0F));
}

TEST(AddedImage, MapsOfOlderVersionsLackIt) {
  const std::string path = (std::filesystem::path(testing::TempDir()) / "older.fits").string();
  ContinuumMap map = flat_map();
  map.images.pop_back();
  write_map_fits(path, map);
  EXPECT_EQ(read_map(path, longer_table()).images.size(), kFirstImages);
}

// The places of the guide in sources, counted on an image of the program; the third is its description.
TEST(AddedImage, TouchesThreePlaces) {
  EXPECT_EQ(sources_with("\"NAIVE\""),
            (std::vector<std::string>{"lib/io/map/continuum_map.hpp", "lib/map/products/map_images.cpp"}));
  EXPECT_NE(read_text(COMAP_SOURCE_DIR "/docs/mapmaking.md").find("`NAIVE`"), std::string::npos);
}

}  // namespace
}  // namespace comap
