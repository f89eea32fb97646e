// A server that restarts under load, and commits whose answer gets lost: nothing is lost, nothing is done twice.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "catalogue/sql_connection.hpp"
#include "core/error.hpp"
#include "support/cutting_proxy.hpp"
#include "unit/catalogue/database_fixture.hpp"

namespace comap {
namespace {

using test::ask_outside;

/// An update that must happen exactly once.
void count_up(Catalogue& catalogue, std::int64_t obsid) {
  catalogue.change([&](sql::Connection& connection) {
    connection.execute("UPDATE observation_summary SET n_scans = n_scans + 1 WHERE obsid = $1", {obsid});
  });
}

void add_observations(Catalogue& catalogue, std::int64_t n) {
  catalogue.initialize();
  std::vector<Row> rows;
  for (std::int64_t obsid = 1; obsid <= n; ++obsid) rows.push_back({{"obsid", obsid}});
  catalogue.upsert_observations(rows, false);
  for (std::int64_t obsid = 1; obsid <= n; ++obsid) {
    test::record(catalogue,
                 {.obsid = obsid, .complete = true, .level2_path = "/data/x.hd5", .summary = {{"n_scans", 0.0}}});
  }
}

class LostAnswer : public testing::Test {
 protected:
  LostAnswer() : url_(test::PrivatePostgres::shared().new_database()) {
    add_observations(*std::make_unique<Catalogue>(test::config_for(url_)), 1);
    const std::string server = test::PrivatePostgres::shared().directory();
    proxied_ = url_;
    proxied_.replace(proxied_.find(server), server.size(), directory_.path());
  }
  std::string count() const { return ask_outside(url_, "SELECT n_scans FROM observation_summary"); }

  test::TemporaryDirectory directory_;
  std::string url_, proxied_;
  test::CuttingProxy proxy_{directory_.path(), test::PrivatePostgres::shared().directory()};
};

TEST_F(LostAnswer, OfACommitThatWasMadeIsNotDoneAgain) {
  const auto catalogue = std::make_unique<Catalogue>(test::config_for(proxied_));
  count_up(*catalogue, 1);
  proxy_.arm(test::Cut::after_commit);
  count_up(*catalogue, 1);
  EXPECT_TRUE(proxy_.has_cut());
  EXPECT_EQ(count(), "2\n");
  count_up(*catalogue, 1);
  EXPECT_EQ(count(), "3\n");
}

TEST_F(LostAnswer, OfACommitThatWasNotMadeIsDoneAgain) {
  const auto catalogue = std::make_unique<Catalogue>(test::config_for(proxied_));
  count_up(*catalogue, 1);
  proxy_.arm(test::Cut::before_commit);
  count_up(*catalogue, 1);
  EXPECT_TRUE(proxy_.has_cut());
  EXPECT_EQ(count(), "2\n");
}

TEST_F(LostAnswer, OfACopyIsAskedAgain) {
  const auto catalogue = std::make_unique<Catalogue>(test::config_for(proxied_));
  proxy_.arm(test::Cut::before_copy_ends);
  test::record(*catalogue,
               {.obsid = 1, .complete = true, .level2_path = "/data/x.hd5", .quality = {{1, 0, {{"n_spikes", 7.0}}}}});
  EXPECT_TRUE(proxy_.has_cut());
  EXPECT_EQ(ask_outside(url_, "SELECT count(*), sum(n_spikes) FROM quality_flags"), "152|7\n");
}

/// A number from the environment, for a run by hand (tests/faults/server_restarts.sh).
std::int64_t size_of(const char* name, std::int64_t in_the_suite) {
  const char* text = std::getenv(name);
  return text == nullptr ? in_the_suite : std::atoll(text);
}

constexpr std::int64_t kThreads = 4;
constexpr std::int64_t kObservationsOfThread = 25;

/// Half of the updates count up, half write a result; the last result of an observation has its number.
void update_many(const std::string& url, std::int64_t thread, std::int64_t n_updates, std::atomic<std::int64_t>& done) {
  const auto catalogue = std::make_unique<Catalogue>(CatalogueConfig{url, 100, 0.05});
  for (std::int64_t i = 0; i < n_updates; ++i) {
    const std::int64_t obsid = thread * kObservationsOfThread + i / 2 % kObservationsOfThread + 1;
    if (i % 2 == 0) {
      count_up(*catalogue, obsid);
    } else {
      const QualityRow quality = {1, 0, {{"n_spikes", static_cast<double>(i)}}};
      test::record(*catalogue, {.obsid = obsid, .complete = true, .level2_path = "/data/x.hd5", .quality = {quality}});
    }
    ++done;
  }
}

TEST(ServerRestarts, LoseAndDoubleNothing) {
  const std::int64_t n_restarts = size_of("COMAP_TEST_RESTARTS", 5);
  const std::int64_t n_updates = size_of("COMAP_TEST_UPDATES", 3000);
  const std::int64_t per_thread = n_updates / kThreads, n_observations = kThreads * kObservationsOfThread;
  ASSERT_EQ(per_thread % (2 * kObservationsOfThread), 0) << "updates: a multiple of 200";
  test::PrivatePostgres server("-c synchronous_commit=on");
  const std::string url = server.new_database();
  add_observations(*std::make_unique<Catalogue>(test::config_for(url)), n_observations);
  std::atomic<std::int64_t> done = 0;
  std::vector<std::thread> threads;
  for (std::int64_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] { update_many(url, i, per_thread, done); });
  }
  for (std::int64_t restart = 0; restart < n_restarts; ++restart) {
    while (done < (restart + 1) * n_updates / (n_restarts + 1))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    server.restart(restart % 2 == 0 ? "immediate" : "fast");
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ask_outside(url, "SELECT n_scans, count(*) FROM observation_summary GROUP BY 1"),
            std::to_string(n_updates / 2 / n_observations) + "|" + std::to_string(n_observations) + "\n");
  EXPECT_EQ(ask_outside(url, "SELECT count(*), count(DISTINCT (obsid, pixel, frequency_band)) FROM quality_flags"),
            std::to_string(n_observations * 152) + "|" + std::to_string(n_observations * 152) + "\n");
  // Each observation has the last of its results, which are numbered: those of the last round of its thread.
  const std::int64_t first = per_thread - 2 * kObservationsOfThread + 1, last = per_thread - 1;
  EXPECT_EQ(ask_outside(url, "SELECT sum(n_spikes), min(n_spikes), max(n_spikes) FROM quality_flags"),
            std::to_string((first + last) / 2 * n_observations) + "|" + std::to_string(first) + "|" +
                std::to_string(last) + "\n");
}

}  // namespace
}  // namespace comap
