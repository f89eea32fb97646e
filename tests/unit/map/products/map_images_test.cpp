#include "map/products/map_images.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "map/products/map_border.hpp"
#include "map/products/map_pieces.hpp"
#include "map/products/map_record.hpp"

namespace comap {
namespace {

MapGrid grid(std::int64_t n_x, std::int64_t n_y) {
  WcsDefinition definition;
  definition.naxis = {n_x, n_y};
  definition.crpix = {1.0, 1.0};
  definition.cdelt_deg = {-0.1, 0.1};
  definition.crval_deg = {30.0, 0.0};
  return MapGrid(definition);
}

/// A full rectangle of hits with value 0.
MapPiece rectangle(std::int64_t n_x, std::int64_t x0, std::int64_t x1, std::int64_t y0, std::int64_t y1) {
  MapPiece piece;
  for (std::int64_t y = y0; y < y1; ++y) {
    for (std::int64_t x = x0; x < x1; ++x) {
      piece.pixel.push_back(y * n_x + x);
      piece.destriped_K.push_back(0.001 * static_cast<double>((x * 7 + y * 5) % 11));
      piece.naive_K.push_back(1.0);
      piece.weight_per_K2.push_back(400.0);
      piece.hits.push_back(20.0);
    }
  }
  return piece;
}

std::size_t position(const MapPiece& piece, std::int64_t pixel) {
  return static_cast<std::size_t>(std::ranges::find(piece.pixel, pixel) - piece.pixel.begin());
}

TEST(Percentile, IsNumpys) {
  // numpy.percentile([4, 1, 3, 2, 10], [0, 5, 50, 90, 100]) = 1, 1.2, 3, 7.6, 10
  const std::vector<double> values = {4, 1, 3, 2, 10};
  EXPECT_DOUBLE_EQ(percentile(values, 0.0), 1.0);
  EXPECT_DOUBLE_EQ(percentile(values, 5.0), 1.2);
  EXPECT_DOUBLE_EQ(percentile(values, 50.0), 3.0);
  EXPECT_DOUBLE_EQ(percentile(values, 90.0), 7.6);
  EXPECT_DOUBLE_EQ(percentile(values, 100.0), 10.0);
  EXPECT_TRUE(std::isnan(percentile({}, 5.0)));
}

TEST(Images, HoldHitPixelsAndNanElsewhere) {
  const MapGrid wcs = grid(20, 16);
  MaskSummary summary;
  const ContinuumMap map = make_images(rectangle(20, 3, 17, 2, 14), wcs, MapmakeConfig(), summary);
  EXPECT_EQ(map.mask[0], kNeverHit);
  EXPECT_TRUE(std::isnan(map.destriped_K()[0]));
  EXPECT_TRUE(std::isnan(map.image("HITS")[0]));
  const std::size_t inside = 7 * 20 + 9;
  EXPECT_EQ(map.mask[inside], 0);
  EXPECT_FLOAT_EQ(map.image("RMS")[inside], 0.05F);
  EXPECT_FLOAT_EQ(map.image("HITS")[inside], 20.0F);
  EXPECT_FLOAT_EQ(map.image("NAIVE")[inside], 1.0F);
}

TEST(Images, PixelsBelowTheHitPercentileAreMasked) {
  const MapGrid wcs = grid(20, 16);
  MapPiece piece = rectangle(20, 3, 17, 2, 14);
  piece.hits[position(piece, 7 * 20 + 9)] = 1.0;
  MapmakeConfig config;
  config.edge_width = 0;
  MaskSummary summary;
  const ContinuumMap map = make_images(piece, wcs, config, summary);
  EXPECT_EQ(map.mask[7 * 20 + 9], kFewHits);
  EXPECT_TRUE(std::isnan(map.destriped_K()[7 * 20 + 9]));
  EXPECT_EQ(summary.n_few_hits, 1);
  EXPECT_EQ(summary.min_hits, 20.0);
}

// The same outlier is clipped two pixels from the border and kept three pixels from it.
TEST(Images, OutliersAreClippedAtTheBorderOnly) {
  const MapGrid wcs = grid(20, 16);
  MapPiece piece = rectangle(20, 3, 17, 2, 14);
  piece.destriped_K[position(piece, 7 * 20 + 4)] = 1.0;   // second column
  piece.destriped_K[position(piece, 3 * 20 + 9)] = -1.0;  // second row
  piece.destriped_K[position(piece, 7 * 20 + 14)] = 1.0;  // third from the right
  MaskSummary summary;
  const ContinuumMap map = make_images(piece, wcs, MapmakeConfig(), summary);
  EXPECT_EQ(map.mask[7 * 20 + 4], kClippedBorder);
  EXPECT_EQ(map.mask[3 * 20 + 9], kClippedBorder);
  EXPECT_EQ(map.mask[7 * 20 + 14], 0);
  EXPECT_EQ(summary.n_clipped, std::count_if(map.mask.begin(), map.mask.end(),
                                             [](std::uint8_t mask) { return (mask & kClippedBorder) != 0; }));
}

// Thinly covered fields are full of pixels without a hit; they do not make their neighbours a border.
TEST(Images, AHoleIsNoBorder) {
  const MapGrid wcs = grid(20, 16);
  MapPiece piece = rectangle(20, 3, 17, 2, 14);
  piece.destriped_K[position(piece, 7 * 20 + 9)] = 1.0;
  const auto hole = static_cast<std::ptrdiff_t>(position(piece, 7 * 20 + 10));
  piece.pixel.erase(piece.pixel.begin() + hole);
  for (auto* values : {&piece.destriped_K, &piece.naive_K, &piece.weight_per_K2, &piece.hits}) {
    values->erase(values->begin() + hole);
  }
  MaskSummary summary;
  const ContinuumMap map = make_images(piece, wcs, MapmakeConfig(), summary);
  EXPECT_EQ(map.mask[7 * 20 + 10], kNeverHit);
  EXPECT_EQ(map.mask[7 * 20 + 9], 0);
}

// The hit area ends where the grid ends.
TEST(Images, TheEdgeOfTheGridIsABorder) {
  const MapGrid wcs = grid(20, 16);
  MapPiece piece = rectangle(20, 0, 20, 0, 16);
  piece.destriped_K[position(piece, 7 * 20 + 0)] = 1.0;
  piece.destriped_K[position(piece, 7 * 20 + 9)] = 1.0;
  MaskSummary summary;
  const ContinuumMap map = make_images(piece, wcs, MapmakeConfig(), summary);
  EXPECT_EQ(map.mask[7 * 20 + 0], kClippedBorder);
  EXPECT_EQ(map.mask[7 * 20 + 9], 0);
}

TEST(Images, AMapThatIsAllBorderIsNotClipped) {
  const MapGrid wcs = grid(5, 4);
  MaskSummary summary;
  const ContinuumMap map = make_images(rectangle(5, 0, 5, 0, 4), wcs, MapmakeConfig(), summary);
  EXPECT_EQ(std::ranges::count(map.mask, 0), 20);
}

/// Pixels of nside 256 within 5 deg of a point, value 0 with a little structure.
MapPiece disc_on_sphere(const MapGrid& grid, double radius_deg) {
  std::vector<double> longitude_deg, latitude_deg;
  for (int x = -400; x <= 400; ++x) {
    for (int y = -400; y <= 400; ++y) {
      if (std::hypot(x, y) > radius_deg * 50.0) continue;
      longitude_deg.push_back(std::fmod(360.0 + x / 50.0, 360.0));
      latitude_deg.push_back(y / 50.0);
    }
  }
  MapPiece piece;
  piece.pixel.resize(longitude_deg.size());
  grid.pixel_index(longitude_deg, latitude_deg, piece.pixel, {}, {});
  std::ranges::sort(piece.pixel);
  piece.pixel.erase(std::unique(piece.pixel.begin(), piece.pixel.end()), piece.pixel.end());
  for (const std::int64_t pixel : piece.pixel) {
    piece.destriped_K.push_back(0.001 * static_cast<double>(pixel * 7 % 11));
    piece.naive_K.push_back(1.0);
    piece.weight_per_K2.push_back(400.0);
    piece.hits.push_back(20.0);
  }
  return piece;
}

std::int64_t pixel_at(const MapGrid& grid, double longitude_deg, double latitude_deg) {
  std::vector<std::int64_t> pixel(1);
  grid.pixel_index(std::vector<double>{longitude_deg}, std::vector<double>{latitude_deg}, pixel, {}, {});
  return pixel[0];
}

// A band around the sky: what is at the seam is as far inside as elsewhere.
TEST(Border, SeamOfAClosedGridIsNone) {
  constexpr std::size_t kColumns = 36, kRows = 20, kWidth = 2;
  std::vector<std::uint8_t> mask(kColumns * kRows, 1);
  for (std::size_t y = 5; y < 15; ++y)
    std::fill_n(mask.begin() + static_cast<std::ptrdiff_t>(y * kColumns), kColumns, 0);
  const std::vector<bool> closed = border_of_image(mask, kColumns, kRows, kWidth, true);
  const std::vector<bool> open = border_of_image(mask, kColumns, kRows, kWidth);
  for (std::size_t x = 0; x < kColumns; ++x) {
    EXPECT_TRUE(closed[5 * kColumns + x] && closed[6 * kColumns + x] && !closed[7 * kColumns + x]);
    EXPECT_FALSE(closed[10 * kColumns + x]) << x;
    EXPECT_EQ(open[10 * kColumns + x], x < kWidth || x + kWidth >= kColumns) << x;
  }
}

// Pixels of 0.23 deg: the border of two pixels is 0.5 to 0.65 deg wide.
TEST(Images, OnTheSphereOutliersAreClippedAtTheBorderOnly) {
  const MapGrid grid(HealpixDefinition{256, SkyFrame::galactic});
  MapPiece piece = disc_on_sphere(grid, 5.0);
  const std::size_t border = position(piece, pixel_at(grid, 4.8, 0.0));
  const std::size_t inside = position(piece, pixel_at(grid, 3.9, 0.0));
  const std::size_t beside_hole = position(piece, pixel_at(grid, 359.0, 0.1));
  const std::size_t few_hits = position(piece, pixel_at(grid, 358.0, 1.0));
  for (const std::size_t outlier : {border, inside, beside_hole}) piece.destriped_K[outlier] = 1.0;
  piece.hits[few_hits] = 1.0;
  const std::int64_t hole = grid.neighbours(piece.pixel[beside_hole])[4];
  const std::int64_t border_pixel = piece.pixel[border];
  const auto at = static_cast<std::ptrdiff_t>(position(piece, hole));
  piece.pixel.erase(piece.pixel.begin() + at);
  for (auto* values : {&piece.destriped_K, &piece.naive_K, &piece.weight_per_K2, &piece.hits}) {
    values->erase(values->begin() + at);
  }
  MaskSummary summary;
  const ContinuumMap map = make_images(piece, grid, MapmakeConfig(), summary);
  ASSERT_TRUE(map.healpix);
  ASSERT_EQ(map.pixel, piece.pixel);
  const auto mask_at = [&](std::int64_t pixel) { return map.mask[position(piece, pixel)]; };
  EXPECT_EQ(mask_at(border_pixel), kClippedBorder);
  EXPECT_EQ(mask_at(pixel_at(grid, 3.9, 0.0)), 0);
  EXPECT_EQ(mask_at(pixel_at(grid, 359.0, 0.1)), 0);
  EXPECT_EQ(mask_at(pixel_at(grid, 358.0, 1.0)), kFewHits);
  EXPECT_FLOAT_EQ(map.image("RMS")[position(piece, pixel_at(grid, 0.0, 0.0))], 0.05F);
  EXPECT_TRUE(std::isnan(map.destriped_K()[position(piece, border_pixel)]));
}

TEST(GatherMap, SortsByPixel) {
  MapPiece piece;
  piece.pixel = {7, 2};
  piece.destriped_K = {0.7, 0.2};
  piece.naive_K = {7.0, 2.0};
  piece.weight_per_K2 = {70.0, 20.0};
  piece.hits = {700.0, 200.0};
  const MapPiece whole = gather_map(piece, SerialCommunicator());
  EXPECT_EQ(whole.pixel, (std::vector<std::int64_t>{2, 7}));
  EXPECT_EQ(whole.destriped_K, (std::vector<double>{0.2, 0.7}));
  EXPECT_EQ(whole.hits, (std::vector<double>{200.0, 700.0}));
}

TEST(Header, NamesFitCardsAndLinesFitHistory) {
  MapRecord record;
  record.frequency_band = 3;
  record.observations = {{30001, 5000}};
  record.selection = {"used: 1 of 1 observation"};
  record.config_text = "[mapmake]\n" + std::string(100, 'x') + "\nfeeds = [1, 2]  " + std::string(80, 'y');
  MapmakeConfig config;
  config.write_mean_azel = true;
  ContinuumMap map;
  describe_map(config, record, map);
  std::vector<std::string> names;
  for (const HeaderCard& card : map.cards) {
    EXPECT_LE(card.name.size(), 8U) << card.name;
    names.push_back(card.name);
  }
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end()) << "a card appears twice";
  for (const char* name : {"OFFLEN", "NITER", "RESID", "FREQBAND", "MEAN_AZ", "MEAN_EL", "MEAN_MJD", "GITCOMM"}) {
    EXPECT_TRUE(std::ranges::binary_search(names, name)) << name;
  }
  for (const std::string& line : map.history) EXPECT_LE(line.size(), 72U) << line;
  EXPECT_EQ(map.history.back(), kWhereConfigIs);
  EXPECT_EQ(map.config_text, record.config_text);
  EXPECT_EQ(map.observations.size(), 1U);
}

TEST(Wrapped, BreaksAtSpacesAndKeepsLines) {
  const std::vector<std::string> lines = wrapped("short\n" + std::string(40, 'a') + " " + std::string(40, 'b'));
  EXPECT_EQ(lines, (std::vector<std::string>{"short", std::string(40, 'a'), std::string(40, 'b')}));
}

TEST(CompactList, JoinsRuns) { EXPECT_EQ(compact_list({3, 1, 2, 5, 7, 8, 9}), "1-3,5,7-9"); }

}  // namespace
}  // namespace comap
