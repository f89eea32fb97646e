#include "catalogue/flags_of_many.hpp"

#include "unit/catalogue/database_fixture.hpp"

namespace comap {
namespace {

using FlagsOfMany = test::OnBothDatabases;

INSTANTIATE_TEST_SUITE_P(Databases, FlagsOfMany, testing::Values("sqlite", "postgresql"),
                         [](const auto& one) { return one.param; });

TEST_P(FlagsOfMany, BadIsWhatTheRowsSay) {
  catalogue_->initialize();
  ask("INSERT INTO comap_data (obsid) VALUES (1), (2), (3)");
  ask("INSERT INTO quality_flags (obsid, pixel, frequency_band, is_good) VALUES (1, 1, 0, FALSE), (1, 0, 3, FALSE), "
      "(2, 19, 7, FALSE), (2, 5, 2, TRUE), (3, 2, 1, FALSE)");
  const auto flags = quality_flags_of(*catalogue_, {1, 2, 9});
  ASSERT_EQ(flags.size(), 3U);
  for (const auto& [obsid, elements] : flags) {
    ASSERT_EQ(elements.size(), 19U * 8U) << obsid;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      EXPECT_EQ(elements[i].feed, static_cast<int>(i / 8) + 1);
      EXPECT_EQ(elements[i].frequency_band, static_cast<int>(i % 8));
      const bool is_bad = (obsid == 1 && i == 0) || (obsid == 2 && i == 151);
      EXPECT_EQ(elements[i].is_good, !is_bad) << obsid << " " << i;
    }
  }
}

}  // namespace
}  // namespace comap
