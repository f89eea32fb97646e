// Several runs on one catalogue never work on the same observation.
#include "catalogue/claims.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "core/error.hpp"
#include "unit/catalogue/database_fixture.hpp"

namespace comap {
namespace {

constexpr double kLease_s = 600.0;

class Claims : public test::OnBothDatabases {
 protected:
  Claims() {
    catalogue_->initialize();
    begin(first_);
    begin(second_);
  }

  void begin(const RunIdentity& run) {
    catalogue_->change([&](sql::Connection& connection) { sql::begin_run(connection, run); });
  }
  std::optional<ForeignClaim> claim(std::int64_t obsid, const RunIdentity& run) {
    std::optional<ForeignClaim> holder;
    catalogue_->change(
        [&](sql::Connection& connection) { holder = sql::claim(connection, obsid, run.run_id, kLease_s); });
    return holder;
  }
  void expire() { ask("UPDATE comap_claims SET expires_at = '2001-01-01T00:00:00.000Z'"); }
  std::string holders() { return ask("SELECT obsid, run_id FROM comap_claims ORDER BY obsid"); }

  RunIdentity first_ = this_run("level2", "[level2]"), second_ = this_run("level2", "[level2]");
};

INSTANTIATE_TEST_SUITE_P(Databases, Claims, testing::Values("sqlite", "postgresql"),
                         [](const auto& one) { return one.param; });

TEST_P(Claims, OneRunHasAnObservation) {
  EXPECT_FALSE(claim(7206, first_));
  EXPECT_FALSE(claim(7206, first_)) << "claiming again";
  const auto holder = claim(7206, second_);
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->run_id, first_.run_id);
  EXPECT_EQ(holder->host, first_.host);
  EXPECT_EQ(holder->pid, ::getpid());
  EXPECT_EQ(holder->claimed_at.size(), std::string("2026-01-01T00:00:00.000Z").size()) << holder->claimed_at;
  EXPECT_LT(holder->claimed_at, holder->expires_at);
  EXPECT_FALSE(claim(7207, second_));
  EXPECT_EQ(holders(), "7206|" + first_.run_id + "\n7207|" + second_.run_id + "\n");
}

TEST_P(Claims, TimesAreUtc) {
  claim(1, first_);
  const std::string now = test::output_of("date -u +%Y-%m-%dT%H:%M");
  const std::string later = test::output_of("date -u -d '-1 minute' +%Y-%m-%dT%H:%M");
  const std::string claimed = ask("SELECT substr(claimed_at, 1, 16) FROM comap_claims");
  EXPECT_TRUE(claimed == now || claimed == later) << claimed << now;
}

TEST_P(Claims, WhatIsGivenBackIsFree) {
  claim(1, first_);
  claim(2, first_);
  claim(3, first_);
  catalogue_->change([&](sql::Connection& connection) {
    sql::release_claims(connection, first_.run_id, {1});
    sql::release_claims(connection, second_.run_id, {2});
  });
  EXPECT_FALSE(claim(1, second_));
  EXPECT_TRUE(claim(2, second_)) << "a run gives back only what it has";
  catalogue_->change([&](sql::Connection& connection) { sql::release_all_claims(connection, first_.run_id); });
  EXPECT_EQ(holders(), "1|" + second_.run_id + "\n");
}

TEST_P(Claims, AnExpiredClaimIsFreeUnlessRenewed) {
  claim(1, first_);
  claim(2, first_);
  expire();
  EXPECT_FALSE(claim(1, second_));
  catalogue_->change([&](sql::Connection& connection) { sql::renew_claims(connection, first_.run_id, kLease_s); });
  EXPECT_TRUE(claim(1, first_)) << "renewing takes nothing back";
  EXPECT_TRUE(claim(2, second_));
}

// Whose clock is wrong, nobody knows: on a server the time is the server's, in a file each host writes its own.
TEST_P(Claims, OfAnotherHostDoNotExpireByOurClock) {
  RunIdentity far = first_;
  far.run_id = "far", far.host = "other-host", far.process = "another boot";
  begin(far);
  claim(1, far);
  const std::string an_hour_ago = test::output_of("date -u -d '-1 hour' +%Y-%m-%dT%H:%M:%S.000Z");
  ask("UPDATE comap_claims SET expires_at = '" + an_hour_ago + "'");
  if (GetParam() == "sqlite") {
    EXPECT_TRUE(claim(1, second_));
    ask("UPDATE comap_claims SET expires_at = '2001-01-01T00:00:00.000Z'");
  }
  EXPECT_FALSE(claim(1, second_));
}

TEST_P(Claims, ASilentClaimIsTakenWhateverItsDate) {
  RunIdentity far = first_;
  far.run_id = "far", far.host = "other-host", far.process = "another boot";
  begin(far);
  claim(1, far);
  const auto take = [&](const ForeignClaim& silent) {
    std::optional<ForeignClaim> holder;
    catalogue_->change(
        [&](sql::Connection& connection) { holder = sql::claim(connection, 1, second_.run_id, kLease_s, silent); });
    return holder;
  };
  ask("UPDATE comap_claims SET expires_at = '2099-01-01T00:00:00.000Z'");
  const auto seen = claim(1, second_);
  ASSERT_TRUE(seen);
  ask("UPDATE comap_claims SET expires_at = '2099-01-01T00:01:00.000Z'");
  EXPECT_TRUE(take(*seen)) << "renewed since";
  EXPECT_FALSE(take(*claim(1, second_)));
  EXPECT_EQ(holders(), "1|" + second_.run_id + "\n");
}

TEST_P(Claims, ARunThatHasEndedOnThisMachineHasNone) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  RunIdentity killed = this_run("level2", "");
  killed.pid = child;
  killed.process = process_identity(child);
  begin(killed);
  EXPECT_FALSE(claim(1, killed));
  EXPECT_FALSE(claim(2, killed));
  EXPECT_TRUE(claim(1, first_));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  std::vector<ForeignClaim> seen;
  catalogue_->read([&](sql::Connection& connection) { seen = sql::foreign_claims(connection, {1, 2}, first_.run_id); });
  EXPECT_TRUE(seen.empty());
  EXPECT_FALSE(claim(1, first_));
  ask("UPDATE comap_runs SET process = 'another boot' WHERE pid = " + std::to_string(child));
  EXPECT_TRUE(claim(2, first_)) << "what happens on other machines is not known";
}

TEST_P(Claims, AReusedPidIsAnotherProcess) {
  RunIdentity earlier = first_;
  earlier.run_id = "earlier";
  earlier.process += "1";  // another time of start
  begin(earlier);
  claim(1, earlier);
  EXPECT_FALSE(claim(1, second_));
}

TEST_P(Claims, AnEarlierStartOfTheSameJobIsDead) {
  RunIdentity before = first_, after = first_, other = first_;
  before.run_id = "before", before.job = "cluster 71 1", before.process = "another boot";
  after.run_id = "after", after.job = "cluster 71 2";
  other.run_id = "other", other.job = "cluster 712 0", other.process = "another boot";
  for (const RunIdentity& run : {before, after, other}) begin(run);
  EXPECT_FALSE(claim(1, before));
  EXPECT_FALSE(claim(2, other));
  EXPECT_TRUE(claim(1, other)) << "of another job it is not known";
  EXPECT_FALSE(claim(1, after));
  EXPECT_TRUE(claim(1, before)) << "what starts later lives";
  EXPECT_TRUE(claim(2, after));
}

TEST(SlurmJob, StartsOfOneJobAreInOrder) {
  EXPECT_TRUE(is_earlier_start("cluster 71 0", "cluster 71 1"));
  EXPECT_TRUE(is_earlier_start("cluster 71 9", "cluster 71 10"));
  EXPECT_FALSE(is_earlier_start("cluster 71 10", "cluster 71 9"));
  EXPECT_FALSE(is_earlier_start("cluster 71 1", "cluster 71 1")) << "two steps of one start";
  EXPECT_FALSE(is_earlier_start("cluster 7 1", "cluster 71 2"));
  EXPECT_FALSE(is_earlier_start("other 71 0", "cluster 71 1"));
  EXPECT_FALSE(is_earlier_start("", "cluster 71 1"));
  EXPECT_FALSE(is_earlier_start("cluster 71 0", ""));
  EXPECT_FALSE(is_earlier_start("", ""));
}

TEST_P(Claims, OfOtherRunsInAList) {
  claim(1, first_);
  claim(2, second_);
  claim(3, first_);
  std::vector<ForeignClaim> seen;
  catalogue_->read([&](sql::Connection& connection) {
    seen = sql::foreign_claims(connection, {1, 2, 9}, second_.run_id);
  });
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].obsid, 1);
}

TEST_P(Claims, ResultsSayWhoseTheyAre) {
  claim(1, first_);
  catalogue_->change([&](sql::Connection& connection) {
    EXPECT_FALSE(sql::result_note(connection, 1));
    sql::note_result(connection, 1, first_.run_id);
  });
  EXPECT_EQ(holders(), "");
  catalogue_->change([&](sql::Connection& connection) { sql::note_result(connection, 1, second_.run_id); });
  EXPECT_EQ(ask("SELECT obsid, run_id FROM comap_results"), "1|" + second_.run_id + "\n");
}

TEST_P(Claims, OfManyRunsAtOnceAreGivenOnce) {
  constexpr int kRuns = 4;
  constexpr std::int64_t kObservations = 60;
  std::vector<std::atomic<int>> taken(kObservations);
  std::vector<std::thread> runs;
  for (int i = 0; i < kRuns; ++i) {
    runs.emplace_back([&] {
      const RunIdentity run = this_run("level2", "");
      const auto catalogue = std::make_unique<Catalogue>(test::config_for(url_));
      for (std::int64_t obsid = 0; obsid < kObservations; ++obsid) {
        catalogue->change([&](sql::Connection& connection) {
          if (!sql::claim(connection, obsid, run.run_id, kLease_s)) ++taken[static_cast<std::size_t>(obsid)];
        });
      }
    });
  }
  for (std::thread& run : runs) run.join();
  for (const auto& one : taken) EXPECT_EQ(one, 1);
}

}  // namespace
}  // namespace comap
