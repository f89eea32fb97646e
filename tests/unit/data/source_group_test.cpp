#include <gtest/gtest.h>

#include "data/observation.hpp"

namespace comap {
namespace {

TEST(SourceName, IsTheTrimmedTextBeforeTheFirstComma) {
  EXPECT_EQ(source_name_of("TauA"), "TauA");
  EXPECT_EQ(source_name_of("  fg4 , sky dip"), "fg4");
  EXPECT_EQ(source_name_of("Field 12,a,b"), "Field 12");
  EXPECT_EQ(source_name_of(",TauA"), "");
  EXPECT_EQ(source_name_of(""), "");
}

TEST(SourceGroup, FollowsTheRulesInOrder) {
  EXPECT_EQ(source_group_of("TauA", "Sky Nod at 60 deg"), "SkyDip");
  EXPECT_EQ(source_group_of("co2", "sky nod"), "SkyDip");
  EXPECT_EQ(source_group_of("CO7", ""), "CO");
  EXPECT_EQ(source_group_of("coField", ""), "CO");
  EXPECT_EQ(source_group_of("FIELD12", "raster"), "Galactic");
  EXPECT_EQ(source_group_of("fg4,field", ""), "Foreground");
  EXPECT_EQ(source_group_of("fg4", "TauA in the beam"), "Foreground");
  EXPECT_EQ(source_group_of("Moon", ""), "Other");
  EXPECT_EQ(source_group_of("", ""), "Other");
}

TEST(SourceGroup, KnowsTheCalibratorsInAnyCase) {
  for (const char* name : {"TauA", "CasA", "CygA", "Jupiter", "Saturn", "Venus", "Mars", "taua", "JUPITER"}) {
    EXPECT_EQ(source_group_of(name, ""), "Calibrator") << name;
  }
}

}  // namespace
}  // namespace comap
