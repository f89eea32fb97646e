#include "map/products/map_record.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace comap {
namespace {

/// Nothing is wrong with it.
MapRecord good_record() {
  MapRecord record;
  record.solver.residual_ratio = 1.0;
  record.solver.n_components = 3;
  record.solver.n_pixels_of_component = 900;
  record.n_hit_pixels = 1000;
  record.pixel_size_deg = 1.0 / 60.0;
  record.track = {2.0, 0.0, 0.0, 100.0, 30.0};  // crossing under 90 degrees, strips of 0.3 degrees
  record.cuts = {{30001, 1, 0, 0, 1000, 960, 0, 0, 40, 0, {}, ""}};
  record.orientation_source = "built-in";
  return record;
}

bool has_card(const MapRecord& record, const std::string& name) {
  const auto cards = quality_cards(record);
  const auto found = std::ranges::find(cards, name, &HeaderCard::name);
  const auto* number = found == cards.end() ? nullptr : std::get_if<double>(&found->value);
  return found != cards.end() && (number == nullptr || std::isfinite(*number));
}

std::string only_warning(const MapRecord& record) {
  const std::vector<std::string> warnings = map_warnings(MapmakeConfig(), record);
  EXPECT_EQ(warnings.size(), 1U);
  return warnings.empty() ? "" : warnings.front();
}

TEST(MapWarnings, AGoodMapHasNone) {
  EXPECT_TRUE(map_warnings(MapmakeConfig(), good_record()).empty());
  EXPECT_FALSE(has_card(good_record(), "MAXSCALE"));
  EXPECT_TRUE(has_card(good_record(), "RESRATIO"));
}

TEST(MapWarnings, NoiseAboveItsModelIsSaidWithTheRemedy) {
  MapRecord record = good_record();
  record.solver.residual_ratio = 2.5;
  EXPECT_NE(only_warning(record).find("2.5 times"), std::string::npos);
  EXPECT_NE(only_warning(record).find("noise_prior = \"residual\""), std::string::npos);
  MapmakeConfig tolerant;
  tolerant.max_residual_ratio = 3.0;
  EXPECT_TRUE(map_warnings(tolerant, record).empty());
  record.solver.residual_ratio = std::nan("");
  EXPECT_TRUE(map_warnings(MapmakeConfig(), record).empty());
}

TEST(MapWarnings, OneDirectionHoldsNoMoreThanAStrip) {
  MapRecord record = good_record();
  record.track = {2.0, 2.0, 0.0, 100.0, 30.0};
  EXPECT_NEAR(largest_scale_deg(record), 0.15, 1e-12) << "two periods in a strip of 0.3 are free";
  EXPECT_NE(only_warning(record).find("beyond 9 arcmin"), std::string::npos);
}

TEST(MapWarnings, PartsHoldNoMoreThanTheirSize) {
  MapRecord record = good_record();
  record.solver.n_pixels_of_component = 100;  // 10 x 10 pixels of an arc minute
  EXPECT_NE(only_warning(record).find("beyond 10 arcmin"), std::string::npos);
  EXPECT_NE(only_warning(record).find("3 parts"), std::string::npos);
}

TEST(MapWarnings, SamplesOffTheGridAreCountedInScansThatAreUsed) {
  MapRecord record = good_record();
  EXPECT_DOUBLE_EQ(off_grid_fraction(record), 0.04);
  record.cuts.push_back({30002, 1, 0, 0, 1000, 0, 0, 0, 900, 0, {}, "flagged bad"});
  EXPECT_DOUBLE_EQ(off_grid_fraction(record), 0.04);
  record.cuts.push_back({30002, 1, 0, 1, 1000, 100, 0, 0, 860, 0, {}, ""});
  EXPECT_NE(only_warning(record).find("45 % of the samples are off the grid"), std::string::npos);
}

TEST(MapWarnings, DatesBeyondTheEarthOrientation) {
  MapRecord record = good_record();
  record.orientation_kind = OrientationKind::predicted;
  EXPECT_TRUE(map_warnings(MapmakeConfig(), record).empty()) << "a card says so";
  record.orientation_kind = OrientationKind::beyond;
  EXPECT_NE(only_warning(record).find("mapmake.eop_file"), std::string::npos);
  record.warnings = map_warnings(MapmakeConfig(), record);
  EXPECT_TRUE(has_card(record, "WARN1") && has_card(record, "NWARN") && has_card(record, "EOPKIND"));
}

}  // namespace
}  // namespace comap
