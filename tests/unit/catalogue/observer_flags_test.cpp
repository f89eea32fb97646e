#include "catalogue/observer_flags.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <numeric>

#include "core/error.hpp"
#include "support/private_postgres.hpp"

namespace comap {
namespace {

using Numbers = std::vector<int>;

Numbers numbers(int first, int last) {
  Numbers all(static_cast<std::size_t>(last - first + 1));
  std::iota(all.begin(), all.end(), first);
  return all;
}

class ObserverFlags : public testing::Test {
 protected:
  std::vector<FlagRule> read(const std::string& text) {
    std::ofstream(directory_ / "flags.csv") << text;
    return read_observer_flags(directory_ / "flags.csv");
  }
  /// The message without the directory.
  std::string error_of(const std::string& text) {
    try {
      read(text);
    } catch (const ConfigError& error) {
      const std::string message = error.what();
      return message.substr(message.find("flags.csv"));
    }
    return "no error";
  }

  test::TemporaryDirectory directory_;
  static constexpr auto kHeader = "ObsID start,ObsID end,Pixels,Sidebands\n";
};

TEST_F(ObserverFlags, RulesOfTheTable) {
  const auto rules = read(
      "\xEF\xBB\xBFObserver,obsid START ,ObsID end,Pixels,Sidebands,Comment\r\n"
      "Ann,7206,7210,all,all,\"rain, all night\"\r\n"
      ",,,,,nothing to say\r\n"
      "Bob,8000,,\"3, 5,17\",bandA,\r\n"
      "Bob,9000.0,Ongoing,4,BandB,\r\n");
  ASSERT_EQ(rules.size(), 3U);
  EXPECT_EQ(rules[0].line, 2);
  EXPECT_EQ(rules[0].first_obsid, 7206);
  EXPECT_EQ(rules[0].last_obsid, 7210);
  EXPECT_EQ(rules[0].feeds, numbers(1, 19));
  EXPECT_EQ(rules[0].frequency_bands, numbers(0, 7));
  EXPECT_EQ(rules[1].first_obsid, 8000);
  EXPECT_EQ(rules[1].last_obsid, 8000);
  EXPECT_EQ(rules[1].feeds, (Numbers{3, 5, 17}));
  EXPECT_EQ(rules[1].frequency_bands, numbers(0, 3));  // bands 0 and 1, two sub-bands each
  EXPECT_EQ(rules[2].line, 5);
  EXPECT_EQ(rules[2].first_obsid, 9000);
  EXPECT_EQ(rules[2].last_obsid, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(rules[2].frequency_bands, numbers(4, 7));
}

TEST_F(ObserverFlags, ErrorsNameFileLineAndColumn) {
  const std::string header = kHeader;
  EXPECT_EQ(error_of(header + "1,2,all,all\nx,2,all,all\n"),
            "flags.csv, line 3, column ObsID start: 'x' is not a whole number");
  EXPECT_EQ(error_of(header + ",2,all,all\n"), "flags.csv, line 2, column ObsID start: '' is not a whole number");
  EXPECT_EQ(error_of(header + "0,2,all,all\n"), "flags.csv, line 2, column ObsID start: '0' is not an obsid");
  EXPECT_EQ(error_of(header + "5,2,all,all\n"), "flags.csv, line 2, column ObsID end: 2 is before ObsID start 5");
  EXPECT_EQ(error_of(header + "1,later,all,all\n"),
            "flags.csv, line 2, column ObsID end: 'later' is not a whole number");
  EXPECT_EQ(error_of(header + "1,2,0,all\n"), "flags.csv, line 2, column Pixels: '0' is not all or feeds 1-19");
  EXPECT_EQ(error_of(header + "1,2,20,all\n"), "flags.csv, line 2, column Pixels: '20' is not all or feeds 1-19");
  EXPECT_EQ(error_of(header + "1,2,,all\n"), "flags.csv, line 2, column Pixels: is empty; expected all or feeds 1-19");
  EXPECT_EQ(error_of(header + "1,2,all,\n"),
            "flags.csv, line 2, column Sidebands: is empty; expected all, bandA or bandB");
  EXPECT_EQ(error_of(header + "1,2,all,1\n"), "flags.csv, line 2, column Sidebands: '1' is not all, bandA or bandB");
  EXPECT_EQ(error_of(header + "1,2,3,5,all\n"),
            "flags.csv, line 2: 5 fields where the header has 4; lists belong in quotes");
  EXPECT_EQ(error_of("ObsID start,ObsID end,Pixels\n1,2,all\n"),
            "flags.csv, line 1: there is no column 'Sidebands'; needed: ObsID start, ObsID end, Pixels, Sidebands");
  EXPECT_NE(error_of(""), "no error");
  EXPECT_THROW(read_observer_flags(directory_ / "none.csv"), ConfigError);
}

TEST(FlagLists, NumbersRangesAndNames) {
  EXPECT_EQ(parse_feeds("19; 1-3,2"), (Numbers{1, 2, 3, 19}));
  EXPECT_EQ(parse_feeds("ALL"), numbers(1, 19));
  EXPECT_EQ(parse_frequency_bands("bandA, 7"), (Numbers{0, 1, 2, 3, 7}));
  EXPECT_EQ(parse_frequency_bands("all"), numbers(0, 7));
  for (const char* text : {"", "3-1", "0", "1-20", "a", "bandA", "-1", "1-", "1.5"}) {
    EXPECT_THROW(parse_feeds(text), ConfigError) << text;
  }
  for (const char* text : {"8", "bandC", "-1"}) EXPECT_THROW(parse_frequency_bands(text), ConfigError) << text;
}

}  // namespace
}  // namespace comap
