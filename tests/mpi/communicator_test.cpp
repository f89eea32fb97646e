#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <thread>

#include "core/error.hpp"
#include "core/message.hpp"
#include "core/rank_zero.hpp"
#include "mpi/cost_meter.hpp"
#include "mpi/environment.hpp"
#include "mpi/mpi_communicator.hpp"
#include "support/mpi_main.hpp"

namespace comap {
namespace {

constexpr std::size_t kSmallPieces = 3;  // elements: every longer array goes in pieces

Bytes bytes_of(const std::string& text) {
  Bytes bytes;
  for (const char letter : text) bytes.push_back(static_cast<std::byte>(letter));
  return bytes;
}

// Rank r has r letters, so that lengths differ and rank 0 has none.
std::string word_of(int rank) { return std::string(static_cast<std::size_t>(rank), static_cast<char>('a' + rank)); }

// Once with whole arrays, once with every array cut into pieces.
class CommunicatorTest : public testing::TestWithParam<std::size_t> {
 protected:
  mpi::MpiCommunicator ranks_ = mpi::MpiCommunicator::duplicate(MPI_COMM_WORLD, GetParam());
  int rank_ = ranks_.rank();
  int size_ = ranks_.size();
};

TEST_P(CommunicatorTest, SumsDoublesOfAllRanks) {
  std::vector<double> values(10);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) + 100.0 * rank_;
  ranks_.sum(values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(values[i], static_cast<double>(i) * size_ + 50.0 * size_ * (size_ - 1));
  }
}

TEST_P(CommunicatorTest, SumHasTheSameBitsOnAllRanksAndInEveryRun) {
  std::vector<double> first(7);
  for (std::size_t i = 0; i < first.size(); ++i) first[i] = std::sin(1.7 * static_cast<double>(i) + rank_ * 0.3) / 3.0;
  std::vector<double> second = first;
  ranks_.sum(first);
  ranks_.sum(second);
  EXPECT_EQ(first, second);
  std::vector<double> smallest = first;
  std::vector<double> largest = first;
  ranks_.min(smallest);
  ranks_.max(largest);
  EXPECT_EQ(smallest, largest);
}

TEST_P(CommunicatorTest, SumsIntegersThatDoublesCannotHold) {
  std::vector<std::int64_t> values(5, (std::int64_t{1} << 53) + 1);
  ranks_.sum(values);
  for (const std::int64_t value : values) EXPECT_EQ(value, ((std::int64_t{1} << 53) + 1) * size_);
  EXPECT_EQ(ranks_.sum(std::int64_t{rank_}), std::int64_t{size_} * (size_ - 1) / 2);
  EXPECT_EQ(ranks_.sum(0.5), 0.5 * size_);
}

TEST_P(CommunicatorTest, FindsMinimumAndMaximum) {
  std::vector<double> low(4, static_cast<double>(rank_));
  std::vector<double> high = low;
  ranks_.min(low);
  ranks_.max(high);
  EXPECT_EQ(low, std::vector<double>(4, 0.0));
  EXPECT_EQ(high, std::vector<double>(4, size_ - 1.0));
}

TEST_P(CommunicatorTest, BroadcastsWhateverTheLengthElsewhere) {
  for (int root = 0; root < size_; ++root) {
    Bytes bytes = bytes_of(rank_ == root ? "eleven text" : word_of(rank_));
    ranks_.broadcast(bytes, root);
    EXPECT_EQ(bytes, bytes_of("eleven text"));
  }
  Bytes nothing = rank_ == 0 ? Bytes{} : bytes_of("x");
  ranks_.broadcast(nothing, 0);
  EXPECT_TRUE(nothing.empty());
}

TEST_P(CommunicatorTest, GathersBytesOfDifferentLengths) {
  const std::vector<Bytes> all = ranks_.all_gather(bytes_of(word_of(rank_)));
  ASSERT_EQ(all.size(), static_cast<std::size_t>(size_));
  for (int r = 0; r < size_; ++r) EXPECT_EQ(all[static_cast<std::size_t>(r)], bytes_of(word_of(r)));
}

TEST_P(CommunicatorTest, ValuesTravel) {
  using Value = std::map<std::string, std::vector<double>>;
  const auto value_of = [](int rank) {
    return Value{{"rank", {1.0 * rank}}, {"nothing", {}}, {"more", std::vector<double>(20, 0.1 * rank)}};
  };
  std::vector<Value> all;
  for (int rank = 0; rank < size_; ++rank) all.push_back(value_of(rank));
  EXPECT_EQ(share(ranks_, value_of(rank_), size_ - 1), all.back());
  EXPECT_EQ(all_gather(ranks_, value_of(rank_)), all);
  EXPECT_EQ(gather(ranks_, value_of(rank_)), rank_ == 0 ? all : std::vector<Value>());
  EXPECT_EQ(from_rank_zero(ranks_, [&] { return value_of(rank_); }), all.front());
}

TEST_P(CommunicatorTest, WhatRankZeroThrowsAllThrow) {
  const auto work = [] { throw CatalogueError("not there"); };
  EXPECT_THROW(run_on_rank_zero(ranks_, work), CatalogueError);
  EXPECT_EQ(ranks_.sum(std::int64_t{1}), size_);
}

TEST_P(CommunicatorTest, SendsEachRankItsOwn) {
  const auto message = [](int from, int to) {
    return bytes_of(std::string(static_cast<std::size_t>((from + 2 * to) % 5), static_cast<char>('A' + from)));
  };
  std::vector<Bytes> to;
  for (int r = 0; r < size_; ++r) to.push_back(message(rank_, r));
  const std::vector<Bytes> from = ranks_.all_to_all(to);
  ASSERT_EQ(from.size(), to.size());
  for (int r = 0; r < size_; ++r) EXPECT_EQ(from[static_cast<std::size_t>(r)], message(r, rank_));
}

TEST_P(CommunicatorTest, ExchangesWithNeighboursOnARing) {
  std::vector<int> neighbours;
  if (size_ > 1) neighbours.push_back((rank_ + 1) % size_);
  if (size_ > 2) neighbours.push_back((rank_ + size_ - 1) % size_);
  const auto value = [](int from, int to, std::size_t i) {
    return 1000.0 * from + 100.0 * to + static_cast<double>(i);
  };
  constexpr std::size_t kLength = 8;
  std::vector<std::vector<double>> out(neighbours.size(), std::vector<double>(kLength));
  std::vector<std::vector<double>> in = out;
  for (std::size_t n = 0; n < neighbours.size(); ++n) {
    for (std::size_t i = 0; i < kLength; ++i) out[n][i] = value(rank_, neighbours[n], i);
  }
  ranks_.exchange(neighbours, {out.begin(), out.end()}, {in.begin(), in.end()});
  for (std::size_t n = 0; n < neighbours.size(); ++n) {
    for (std::size_t i = 0; i < kLength; ++i) EXPECT_EQ(in[n][i], value(neighbours[n], rank_, i));
  }
}

TEST_P(CommunicatorTest, FailureOfOneRankReachesAllAndTheGroupSurvives) {
  const std::string long_text = "feed 7: no vane event " + std::string(5000, '.') + " end of text";
  for (int failing = 0; failing < size_; ++failing) {
    const auto work = [&] {
      if (rank_ >= failing) throw IoError(rank_ == failing ? long_text : "a later rank");
    };
    try {
      ranks_.run_agreed("stages", work);
      FAIL() << "no error on rank " << rank_;
    } catch (const IoError& error) {
      EXPECT_EQ(std::string(error.what()), "stages, rank " + std::to_string(failing) + ": " + long_text);
    }
    EXPECT_EQ(ranks_.sum(std::int64_t{1}), size_);
  }
}

TEST_P(CommunicatorTest, AgreesOnSuccess) {
  int calls = 0;
  ranks_.run_agreed("stages", [&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

TEST_P(CommunicatorTest, SplitsIntoGroupsOrderedByKey) {
  const mpi::MpiCommunicator part = ranks_.split(rank_ % 2, -rank_);
  const int expected_size = (size_ + 1 - rank_ % 2) / 2;
  EXPECT_EQ(part.size(), expected_size);
  EXPECT_EQ(part.rank(), expected_size - 1 - rank_ / 2);
  EXPECT_EQ(part.sum(std::int64_t{rank_ % 2}), std::int64_t{expected_size} * (rank_ % 2));
}

TEST_P(CommunicatorTest, MisuseIsABugNotAHang) {
  EXPECT_THROW(ranks_.all_to_all(std::vector<Bytes>(static_cast<std::size_t>(size_) + 1)), Bug);
  EXPECT_THROW(ranks_.exchange(std::vector<int>{0}, {}, {}), Bug);
}

TEST_P(CommunicatorTest, ErrorsOfMpiBecomeExceptions) {
  Bytes bytes(1);
  EXPECT_THROW(ranks_.broadcast(bytes, size_ + 5), Error);
}

// Rank 0 works inside the agreement, the others have nothing to do but wait for it. Whatever else the machine does, the
// work is not waiting, and the rest is, each second once.
TEST_P(CommunicatorTest, TellsWaitingFromWork) {
  constexpr double kWork_s = 0.2;
  const mpi::MpiCommunicator group = ranks_.split(0, rank_);
  const auto clock = [] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()); };
  const double waited_before_s = ranks_.waited_s();
  const auto begin = clock();
  group.run_agreed("test", [&] {
    if (rank_ == 0) std::this_thread::sleep_for(std::chrono::duration<double>(kWork_s));
  });
  group.all_gather(bytes_of(word_of(rank_)));
  const double elapsed_s = (clock() - begin).count();
  const double waited_s = ranks_.waited_s() - waited_before_s;
  EXPECT_LE(waited_s, elapsed_s - (rank_ == 0 ? kWork_s : 0.0));
  if (rank_ != 0) {
    EXPECT_GT(waited_s, 0.5 * kWork_s);
  }
}

// One of n ranks is busy: the others are idle for as long, so the loss is near (n - 1) / n, and the work is rank 0's.
TEST(CostMeter, RanksThatWaitAreALoss) {
  const auto& world = dynamic_cast<const mpi::MpiCommunicator&>(test::world());
  const mpi::CostMeter meter(world);
  world.run_agreed("test", [&] {
    if (world.rank() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(300));
  });
  const RunCost cost = meter.cost(world.rank() == 0 ? RunWork{"test", 1, 600, 10} : RunWork{});
  EXPECT_EQ(cost.n_ranks, world.size());
  EXPECT_EQ(cost.n_nodes, 1);
  EXPECT_GE(cost.elapsed_s, 0.3);
  EXPECT_NEAR(cost.load_balance_loss(), 1.0 - 1.0 / world.size(), 0.1);
  EXPECT_EQ(cost.work.n_samples, world.rank() == 0 ? 600 : 0);
  EXPECT_GT(cost.bytes_read, 0);
  EXPECT_GT(cost.peak_memory_bytes, 1'000'000);
}

INSTANTIATE_TEST_SUITE_P(Pieces, CommunicatorTest, testing::Values(mpi::MpiCommunicator::kMaxCount, kSmallPieces));

TEST(Environment, WorldHoldsAllRanks) {
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  EXPECT_EQ(test::world().size(), size);
  EXPECT_EQ(test::world().sum(std::int64_t{1}), size);
}

}  // namespace
}  // namespace comap
