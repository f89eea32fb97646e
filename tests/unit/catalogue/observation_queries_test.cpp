#include "catalogue/observation_queries.hpp"

#include "catalogue/catalogue_statistics.hpp"
#include "core/error.hpp"
#include "unit/catalogue/database_fixture.hpp"

namespace comap {
namespace {

using Rows = std::vector<sql::Values>;
const SqlValue kNull;

SqlValue number(std::int64_t value) { return value; }

class ObservationQueries : public test::OnBothDatabases {
 protected:
  ObservationQueries() {
    catalogue_->initialize();
    add(1, "Field11", "Galactic", "/data/a_1.hd5", "/l2/a_1.hd5");
    add(2, "Field11", "Galactic", "/data/b1.hd5", "");
    add(3, "Field11", "SkyDip", "/data/c.hd5", "");
    add(4, "field2", "Galactic", "", "/l2/100%.hd5");
    add(5, "TauA", "Calibrator", "/DATA/Tau.hd5", "/l2/tau.hd5");
    catalogue_->upsert_observations({{{"obsid", std::int64_t{6}}}}, false);
    ask("INSERT INTO old_path_data (obsid, old_level1_path) VALUES (2, '/old/disk!/b1.hd5'), (99, '/old/gone_1.hd5')");
  }

  void add(std::int64_t obsid, const std::string& source, const std::string& group, const std::string& level1,
           const std::string& level2) {
    catalogue_->upsert_observations({{{"obsid", obsid},
                                      {"source", source},
                                      {"source_group", group},
                                      {"utc_start", "2022-09-20-00:05:41"},
                                      {"level1_path", level1},
                                      {"level2_path", level2}}},
                                    false);
  }
  Rows rows(const std::function<sql::Result(sql::Connection&)>& query) {
    sql::Result result;
    catalogue_->read([&](sql::Connection& connection) { result = query(connection); });
    return result.rows;
  }
  std::vector<std::int64_t> found_in_paths(const std::string& text) {
    return obsids(rows([&](sql::Connection& connection) { return sql::path_search(connection, text); }));
  }
  static std::vector<std::int64_t> obsids(const Rows& all) {
    std::vector<std::int64_t> found;
    for (const sql::Values& row : all) found.push_back(sql::integer_of(row.at(0)));
    return found;
  }
  void add_summaries() {
    ask("INSERT INTO observation_summary (obsid, processing_status, processing_error, median_tsys, mean_tau, n_scans) "
        "VALUES (1, 'complete', NULL, 40.0, 0.04, 10), (4, 'complete', NULL, 60.0, NULL, 8), "
        "(5, 'failed', 'no vane event', NULL, NULL, NULL), (2, 'complete', NULL, 44.0, 0.05, 7)");
  }
};

using Obsids = std::vector<std::int64_t>;

INSTANTIATE_TEST_SUITE_P(Databases, ObservationQueries, testing::Values("sqlite", "postgresql"),
                         [](const auto& one) { return one.param; });

TEST_P(ObservationQueries, WithoutLevel2) {
  const auto missing = [&](std::int64_t limit) {
    return rows([&](sql::Connection& connection) { return sql::without_level2(connection, limit); });
  };
  EXPECT_EQ(obsids(missing(sql::kAllRows)), (Obsids{2, 3, 6}));  // "" counts as none
  EXPECT_EQ(missing(1), (Rows{{number(2), "Field11", "Galactic", "2022-09-20-00:05:41", "/data/b1.hd5"}}));
}

TEST_P(ObservationQueries, Level2OfGroups) {
  EXPECT_EQ(rows([](sql::Connection& one) { return sql::level2_of_groups(one, sql::Grouping::source); }),
            (Rows{{"", number(1), number(0), number(1)},
                  {"Field11", number(3), number(1), number(2)},
                  {"TauA", number(1), number(1), number(0)},
                  {"field2", number(1), number(1), number(0)}}));  // in order of bytes on both
  EXPECT_EQ(rows([](sql::Connection& one) { return sql::level2_of_groups(one, sql::Grouping::source_group); })[2],
            (sql::Values{"Galactic", number(3), number(2), number(1)}));
}

TEST_P(ObservationQueries, FieldStatus) {
  const auto status = [&](const std::string& name, bool sky_dips) {
    return rows([&](sql::Connection& connection) { return sql::field_status(connection, name, sky_dips); });
  };
  EXPECT_EQ(status("FIELD*", false),
            (Rows{{"Field11", number(2), number(1), number(1)}, {"field2", number(1), number(1), number(0)}}));
  EXPECT_EQ(status("field1?", true), (Rows{{"Field11", number(3), number(1), number(2)}}));
  EXPECT_TRUE(status("Field", true).empty());
}

TEST_P(ObservationQueries, PathsContainTextAsItIsWritten) {
  EXPECT_EQ(found_in_paths("_1"), (Obsids{1, 99}));
  EXPECT_EQ(found_in_paths("%"), (Obsids{4}));
  EXPECT_EQ(found_in_paths("*"), (Obsids{}));
  EXPECT_EQ(found_in_paths("disk!/"), (Obsids{2}));
  EXPECT_EQ(found_in_paths("/data/tau"), (Obsids{5}));
  EXPECT_EQ(
      rows([](sql::Connection& one) { return sql::path_search(one, "/old/"); }),
      (Rows{{number(2), "/data/b1.hd5", "", "/old/disk!/b1.hd5"}, {number(99), kNull, kNull, "/old/gone_1.hd5"}}));
  ask("DROP TABLE old_path_data");
  EXPECT_EQ(found_in_paths("_1"), (Obsids{1}));
}

TEST_P(ObservationQueries, StatesOfATarget) {
  add_summaries();
  ask("INSERT INTO quality_flags (obsid, pixel, frequency_band, is_good, filtered_auto_rms) VALUES "
      "(1, 0, 0, FALSE, 1.0), (1, 1, 0, FALSE, NULL), (1, 1, 1, TRUE, NULL), (5, 1, 0, TRUE, 0.1), (2, 1, 0, TRUE, "
      "1.0)");
  SelectConfig selection;
  selection.source = {"field*", "TauA"};
  selection.min_obsid = 1;
  selection.max_obsid = 5;
  const auto states = [&] {
    return rows([&](sql::Connection& connection) { return sql::observation_states(connection, selection); });
  };
  const Rows found = states();
  ASSERT_EQ(obsids(found), (Obsids{1, 2, 3, 4, 5}));
  EXPECT_EQ(found[0], (sql::Values{number(1), "Field11", "Galactic", "2022-09-20-00:05:41", "yes", "complete", "yes",
                                   40.0, 0.04, number(10), number(1), "/data/a_1.hd5", "/l2/a_1.hd5"}));
  EXPECT_EQ(found[2], (sql::Values{number(3), "Field11", "SkyDip", "2022-09-20-00:05:41", "no", "pending", "no", kNull,
                                   kNull, kNull, number(0), "/data/c.hd5", ""}));
  EXPECT_EQ(found[4][6], SqlValue("yes"));  // of one element, none in the summary
  ask("DROP TABLE quality_flags");
  ask("DROP TABLE observation_summary");
  EXPECT_EQ(states()[0][5], SqlValue("pending"));
}

TEST_P(ObservationQueries, RegisteredPaths) {
  SelectConfig selection;
  selection.source = {"field*"};
  EXPECT_EQ(rows([&](sql::Connection& one) { return sql::registered_paths(one, selection, true); }),
            (Rows{{number(1), "Field11", "/l2/a_1.hd5"}, {number(4), "field2", "/l2/100%.hd5"}}));
  EXPECT_EQ(obsids(rows([](sql::Connection& one) { return sql::registered_paths(one, {}, false); })),
            (Obsids{1, 2, 3, 5}));
}

TEST_P(ObservationQueries, SpreadOfTheNumbers) {
  add_summaries();
  std::vector<sql::Distribution> all, field;
  catalogue_->read([&](sql::Connection& connection) {
    all = sql::summary_distributions(connection, {});
    field = sql::summary_distributions(connection, {.source = {"Field11"}});
  });
  ASSERT_EQ(all[0].quantity, "median_tsys");
  EXPECT_EQ(all[0].n_observations, 3);
  EXPECT_EQ(all[0].min, 40.0);
  EXPECT_EQ(all[0].median, 44.0);
  EXPECT_EQ(all[0].mean, 48.0);
  EXPECT_EQ(all[0].max, 60.0);
  EXPECT_EQ(field[0].median, 42.0);
  EXPECT_EQ(all[3].quantity, "calibrator_flux");
  EXPECT_EQ(all[3].n_observations, 0);
}

TEST_P(ObservationQueries, MeasuredObservations) {
  add_summaries();
  const auto measured = [&](const sql::StatisticsFilter& filter) {
    return rows([&](sql::Connection& connection) {
      return sql::measured_observations(connection, {"median_tsys", "n_scans"}, filter);
    });
  };
  EXPECT_EQ(obsids(measured({})), (Obsids{1, 2, 4}));
  EXPECT_EQ(obsids(measured({.min = 44.0})), (Obsids{2, 4}));
  EXPECT_EQ(obsids(measured({.source = {"field*"}, .max = 44.0})), (Obsids{1, 2}));
  EXPECT_EQ(measured({.limit = 1}),
            (Rows{{number(1), "Field11", "Galactic", "2022-09-20-00:05:41", 40.0, number(10)}}));
  EXPECT_THROW(rows([](sql::Connection& one) { return sql::measured_observations(one, {"obsid; --"}, {}); }),
               CatalogueError);
}

TEST_P(ObservationQueries, FailuresAndStatus) {
  add_summaries();
  EXPECT_EQ(rows([](sql::Connection& one) { return sql::failed_observations(one, {}); }),
            (Rows{{number(5), "TauA", "2022-09-20-00:05:41", "no vane event", "/DATA/Tau.hd5"}}));
  EXPECT_EQ(rows([](sql::Connection& one) { return sql::status_of_sources(one, {}); })[1],
            (sql::Values{"Field11", number(3), number(1), number(2), number(0)}));
}

}  // namespace
}  // namespace comap
