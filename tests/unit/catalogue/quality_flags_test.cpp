#include "catalogue/quality_flags.hpp"

#include <limits>
#include <random>
#include <set>
#include <tuple>

#include "core/error.hpp"
#include "unit/catalogue/database_fixture.hpp"

namespace comap {
namespace {

constexpr auto kOngoing = std::numeric_limits<std::int64_t>::max();
constexpr auto kTable = "import observers.csv";
using Element = std::tuple<std::int64_t, int, int>;  // obsid, feed, frequency_band

class FlagChanges : public test::OnBothDatabases {
 protected:
  FlagChanges() { catalogue_->initialize(); }

  void add_observations(const std::vector<std::int64_t>& obsids) {
    std::vector<Row> rows;
    for (const std::int64_t obsid : obsids) rows.push_back({{"obsid", obsid}});
    catalogue_->upsert_observations(rows, false);
  }
  void add_flag(std::int64_t obsid, int pixel, int band, bool is_good, const std::string& comment = "",
                const std::string& source = kTable) {
    ask("INSERT INTO quality_flags (obsid, pixel, frequency_band, is_good, comment, filtered_auto_rms, flag_source) "
        "VALUES (" +
        std::to_string(obsid) + ", " + std::to_string(pixel) + ", " + std::to_string(band) + ", " +
        (is_good ? "TRUE" : "FALSE") + ", '" + comment + "', 0.5, NULLIF('" + source + "', ''))");
  }
  sql::FlagImport import(const std::vector<FlagRule>& rules, bool write, const std::string& source = kTable) {
    sql::FlagImport found;
    const auto work = [&](sql::Connection& connection) { found = sql::import_flags(connection, rules, source, write); };
    write ? catalogue_->change(work) : catalogue_->read(work);
    return found;
  }
  void set(std::int64_t obsid, const sql::FlagSetting& setting) {
    catalogue_->change([&](sql::Connection& connection) { sql::set_flags(connection, obsid, setting); });
  }
  std::string bad_rows() const {
    return ask("SELECT obsid, pixel, frequency_band FROM quality_flags WHERE NOT is_good ORDER BY 1, 2, 3");
  }
};

INSTANTIATE_TEST_SUITE_P(Databases, FlagChanges, testing::Values("sqlite", "postgresql"),
                         [](const auto& one) { return one.param; });

TEST_P(FlagChanges, WhatTheRulesNameBecomesBadAndItsOtherFlagsGood) {
  add_observations({10, 11, 12});
  add_flag(10, 1, 0, false, "stays bad");
  add_flag(10, 1, 5, false, "becomes good");
  add_flag(11, 2, 0, true);
  add_flag(12, 0, 3, false);  // of the Python pipeline, no feed
  const std::vector<FlagRule> rules = {{2, 10, 11, {1, 2}, {0}}, {3, 11, kOngoing, {2}, {0, 7}}, {4, 77, 80, {1}, {1}}};

  const sql::FlagImport shown = import(rules, false);
  EXPECT_EQ(bad_rows(), "10|1|0\n10|1|5\n12|0|3\n");
  EXPECT_EQ(shown.n_become_bad, 6);
  EXPECT_EQ(shown.n_become_good, 1);
  EXPECT_EQ(shown.n_bad, 7);
  EXPECT_EQ(shown.n_observations, (std::vector<std::int64_t>{2, 2, 0}));
  EXPECT_EQ(shown.changes.rows, (std::vector<sql::Values>{{std::int64_t{10}, std::int64_t{1}, std::int64_t{1}},
                                                          {std::int64_t{11}, std::int64_t{3}, std::int64_t{0}},
                                                          {std::int64_t{12}, std::int64_t{2}, std::int64_t{0}}}));

  EXPECT_EQ(import(rules, true).changes.rows, shown.changes.rows);
  EXPECT_EQ(bad_rows(), "10|1|0\n10|2|0\n11|1|0\n11|2|0\n11|2|7\n12|0|3\n12|2|0\n12|2|7\n");
  EXPECT_EQ(ask("SELECT comment FROM quality_flags WHERE obsid = 10 AND pixel = 1 ORDER BY frequency_band"),
            "stays bad\nNULL\n");
  EXPECT_EQ(ask("SELECT count(*) FROM quality_flags WHERE filtered_auto_rms = 0.5"), "4\n");
  EXPECT_TRUE(import(rules, true).changes.rows.empty());  // again
}

TEST_P(FlagChanges, ATableWithoutRulesTakesItsFlagsAway) {
  add_observations({10});
  add_flag(10, 1, 0, false);
  EXPECT_EQ(import({}, true).n_become_good, 1);
  EXPECT_EQ(bad_rows(), "");
}

TEST_P(FlagChanges, AnImportChangesItsOwnFlagsOnly) {
  add_observations({10});
  set(10, {{1}, {0}, false, "by eye"});
  set(10, {{2}, {0}, true, "checked"});
  add_flag(10, 3, 0, false, "of long ago", "");
  add_flag(10, 4, 0, false, "of another", "import birdies.csv");
  const sql::FlagImport named = import({{2, 10, 10, {1, 2, 4, 5}, {0}, "rain"}}, true);
  EXPECT_EQ(named.n_become_bad, 1);
  EXPECT_EQ(named.n_good_by_hand, 1);
  EXPECT_EQ(named.n_of_no_source, 1);
  EXPECT_EQ(named.n_bad, 4);
  EXPECT_EQ(ask("SELECT pixel, is_good, comment, flag_source FROM quality_flags ORDER BY pixel"),
            ask("SELECT 1, FALSE, 'by eye', 'by hand; import observers.csv'") +
                ask("SELECT 2, TRUE, 'checked', 'by hand'") + ask("SELECT 3, FALSE, 'of long ago', NULL") +
                ask("SELECT 4, FALSE, 'of another', 'import birdies.csv; import observers.csv'") +
                ask("SELECT 5, FALSE, 'rain', 'import observers.csv'"));
  const sql::FlagImport gone = import({}, true);
  EXPECT_EQ(gone.lifted.rows, (std::vector<sql::Values>{{std::int64_t{10}, std::int64_t{5}, std::int64_t{0}, "rain"}}));
  EXPECT_EQ(ask("SELECT pixel, is_good, comment, flag_source FROM quality_flags ORDER BY pixel"),
            ask("SELECT 1, FALSE, 'by eye', 'by hand'") + ask("SELECT 2, TRUE, 'checked', 'by hand'") +
                ask("SELECT 3, FALSE, 'of long ago', NULL") +
                ask("SELECT 4, FALSE, 'of another', 'import birdies.csv'") + ask("SELECT 5, TRUE, NULL, NULL"));
}

TEST_P(FlagChanges, FlagsOfNoSourceCanBeAdopted) {
  add_observations({10});
  add_flag(10, 0, 3, false, "", "");
  add_flag(10, 1, 0, false, "", "");
  add_flag(10, 2, 0, false, "", "by hand");
  catalogue_->change([](sql::Connection& connection) { sql::adopt_flags(connection, kTable); });
  EXPECT_EQ(import({}, true).n_become_good, 1);
  EXPECT_EQ(bad_rows(), "10|0|3\n10|2|0\n");
}

TEST_P(FlagChanges, TheFirstRuleWithACommentSpeaks) {
  add_observations({10, 11});
  import({{2, 10, 11, {1}, { 0 }}, {3, 11, 11, {1}, {0}, "wind"}, { 4, 10, 11, {1}, {0}, "it's rain" }}, true);
  EXPECT_EQ(ask("SELECT comment FROM quality_flags ORDER BY obsid"), "it's rain\nwind\n");
  import({{ 2, 10, 11, {1}, {0}, "clouds" }}, true);
  EXPECT_EQ(ask("SELECT comment FROM quality_flags ORDER BY obsid"), "clouds\nclouds\n");
}

// Against the definition, applied element by element.
TEST_P(FlagChanges, RandomRulesThatOverlap) {
  std::mt19937 random(5);
  const auto draw = [&](int first, int last) { return std::uniform_int_distribution<int>(first, last)(random); };
  const std::vector<std::int64_t> obsids = {3, 4, 7, 8, 9, 20, 21, 30, 44, 45};
  add_observations(obsids);
  for (int i = 0; i < 40; ++i) {
    if (ask("SELECT count(*) FROM quality_flags WHERE obsid = " + std::to_string(obsids[std::size_t(i % 10)]) +
            " AND pixel = " + std::to_string(i % 19 + 1) + " AND frequency_band = " + std::to_string(i % 8)) == "0\n") {
      add_flag(obsids[std::size_t(i % 10)], i % 19 + 1, i % 8, draw(0, 1) == 1);
    }
  }
  for (int repeat = 0; repeat < 3; ++repeat) {
    std::vector<FlagRule> rules;
    std::set<Element> expected;
    for (int line = 2; line < 12; ++line) {
      const int first = draw(1, 45);
      FlagRule rule = {line, first, first + draw(0, 25), {draw(1, 9), draw(10, 19)}, {draw(0, 3), draw(4, 7)}};
      if (line == 11) rule.last_obsid = kOngoing;
      for (const std::int64_t obsid : obsids) {
        if (obsid < rule.first_obsid || obsid > rule.last_obsid) continue;
        for (const int feed : rule.feeds) {
          for (const int band : rule.frequency_bands) expected.insert({obsid, feed, band});
        }
      }
      rules.push_back(rule);
    }
    std::string text;
    for (const auto& [obsid, feed, band] : expected) {
      text += std::to_string(obsid) + "|" + std::to_string(feed) + "|" + std::to_string(band) + "\n";
    }
    EXPECT_EQ(import(rules, true).n_bad, std::ssize(expected));
    EXPECT_EQ(bad_rows(), text);
  }
}

TEST_P(FlagChanges, SetsElementsOfOneObservation) {
  add_observations({10, 11});
  add_flag(10, 3, 1, true, "old");
  add_flag(11, 3, 1, true);
  set(10, {{3, 4}, {1}, false, std::nullopt});
  EXPECT_EQ(bad_rows(), "10|3|1\n10|4|1\n");
  EXPECT_EQ(ask("SELECT comment FROM quality_flags WHERE obsid = 10 ORDER BY pixel"), "old\nNULL\n");
  set(10, {{3}, {1}, true, "checked; it's fine"});
  set(10, {{4}, {1}, false, ""});
  EXPECT_EQ(bad_rows(), "10|4|1\n");
  EXPECT_EQ(ask("SELECT comment FROM quality_flags WHERE obsid = 10 ORDER BY pixel"), "checked; it's fine\nNULL\n");
  EXPECT_EQ(ask("SELECT count(*) FROM quality_flags WHERE filtered_auto_rms = 0.5"), "2\n");
  EXPECT_THROW(set(12, {{3}, {1}, true, std::nullopt}), CatalogueError);
}

TEST_P(FlagChanges, ListHasEveryElementOrTheBadOnes) {
  add_observations({10});
  add_flag(10, 0, 3, false);
  add_flag(10, 2, 4, false, "birdie");
  sql::Result all, bad;
  catalogue_->read([&](sql::Connection& connection) {
    all = sql::flags_of(connection, 10, false);
    bad = sql::flags_of(connection, 10, true);
  });
  EXPECT_EQ(all.rows.size(), 19U * 8U);
  EXPECT_EQ(bad.rows, (std::vector<sql::Values>{{std::int64_t{2}, std::int64_t{4}, false, "birdie", kTable}}));
  EXPECT_THROW(catalogue_->read([](sql::Connection& connection) { sql::flags_of(connection, 5, true); }),
               CatalogueError);
}

TEST_P(FlagChanges, ADryRunBearsACatalogueWithoutFlags) {
  add_observations({10});
  ask("DROP TABLE quality_flags");
  catalogue_ = std::make_unique<Catalogue>(test::config_for(url_));
  EXPECT_EQ(import({{2, 10, 10, {1}, {0}}}, false).n_become_bad, 1);
  EXPECT_EQ(import({{2, 10, 10, {1}, {0}}}, true).n_become_bad, 1);
  EXPECT_EQ(bad_rows(), "10|1|0\n");
}

using FlagsOfMany = test::OnBothDatabases;

INSTANTIATE_TEST_SUITE_P(Databases, FlagsOfMany, testing::Values("sqlite", "postgresql"),
                         [](const auto& one) { return one.param; });

TEST_P(FlagsOfMany, BadIsWhatTheRowsSay) {
  catalogue_->initialize();
  ask("INSERT INTO comap_data (obsid) VALUES (1), (2), (3)");
  ask("INSERT INTO quality_flags (obsid, pixel, frequency_band, is_good) VALUES (1, 1, 0, FALSE), (1, 0, 3, FALSE), "
      "(2, 19, 7, FALSE), (2, 5, 2, TRUE), (3, 2, 1, FALSE)");
  const auto flags = catalogue_->quality_flags({1, 2, 9});
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
