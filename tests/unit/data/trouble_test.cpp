#include "data/trouble.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace comap {
namespace {

const Trouble kFrozen = {TroubleKind::samples_repeated,
                         "check_level1",
                         "spectrometer/tod",
                         "spectra equal those before",
                         "missing",
                         {3},
                         700};

TEST(Trouble, SaysWhereWhatAndWhatWasDone) {
  EXPECT_EQ(describe(kFrozen), "spectrometer/tod: feed 3: spectra equal those before (700 samples): missing");
  EXPECT_EQ(describe({TroubleKind::obsid, "", "", "no number", "taken from the name"}),
            "no number: taken from the name");
}

TEST(Trouble, OfSeveralFeedsIsSaidOnce) {
  Trouble other = kFrozen;
  other.feeds = {1};
  other.n_samples = 50;
  const std::vector<Trouble> all = merged({kFrozen, other, kFrozen});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(describe(all[0]), "spectrometer/tod: feeds 1, 3: spectra equal those before (750 samples): missing");
}

TEST(Trouble, TravelsAsJson) {
  nlohmann::json json = to_json(std::vector<Trouble>{kFrozen});
  json.push_back({{"kind", "of a later version"}});
  const std::vector<Trouble> back = troubles_from_json(json);
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(back[0].kind, TroubleKind::samples_repeated);
  EXPECT_EQ(describe(back[0]), describe(kFrozen));
}

TEST(Trouble, EveryKindHasAName) {
  for (std::size_t kind = 0; kind < kTroubleKinds; ++kind) {
    EXPECT_FALSE(trouble_text(static_cast<TroubleKind>(kind)).empty());
  }
  EXPECT_EQ(trouble_text(TroubleKind::file_changed), "file changed");
}

}  // namespace
}  // namespace comap
