#include "core/run_cost.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.hpp"
#include "support/text_file.hpp"

namespace comap {
namespace {

std::string empty_directory(const std::string& name) {
  const auto path = std::filesystem::path(::testing::TempDir()) / (name + std::to_string(::getpid()));
  std::filesystem::remove_all(path);
  return path.string();
}

RunCost example() {
  RunCost cost;
  cost.work = {"level2", 2, 6000, 500};
  cost.n_ranks = 4;
  cost.n_nodes = 2;
  cost.elapsed_s = 10.0;
  cost.busy_rank_s = 30.0;
  return cost;
}

// 6000 samples on 2 nodes in 10 s; 4 ranks busy for 30 of 40 rank-seconds.
TEST(RunCost, RatesFollowFromTheirDefinitions) {
  const RunCost cost = example();
  EXPECT_DOUBLE_EQ(cost.samples_per_node_s(), 300.0);
  EXPECT_DOUBLE_EQ(cost.load_balance_loss(), 0.25);
  EXPECT_EQ(to_json(cost)["samples_per_node_s"], 300.0);
  EXPECT_EQ(to_json(cost)["load_balance_loss"], 0.25);
  EXPECT_EQ(RunCost{}.load_balance_loss(), 0.0) << "a run of no time";
}

TEST(RunCost, ProcessKnowsWhatItReadWroteAndHolds) {
  constexpr std::int64_t kBytes = 40'000'000;
  const ProcessUse before = use_of_this_process();
  std::vector<char> bytes(kBytes, 'x');
  FILE* file = std::tmpfile();
  ASSERT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
  std::rewind(file);
  ASSERT_EQ(std::fread(bytes.data(), 1, bytes.size(), file), bytes.size());
  std::fclose(file);
  const ProcessUse after = use_of_this_process();
  constexpr std::int64_t kOther = 1'000'000;  // reading /proc itself
  EXPECT_GE(after.bytes_read - before.bytes_read, kBytes);
  EXPECT_LT(after.bytes_read - before.bytes_read, kBytes + kOther);
  EXPECT_GE(after.bytes_written - before.bytes_written, kBytes);
  EXPECT_LT(after.bytes_written - before.bytes_written, kBytes + kOther);
  EXPECT_GE(after.peak_memory_bytes, kBytes);
  EXPECT_GT(after.cpu_s, before.cpu_s);
}

TEST(RunCost, HistorySurvivesALineThatAKilledRunLeft) {
  const std::string directory = empty_directory("run_costs");
  append_run_cost(directory, example());
  std::ofstream(directory + "/run_costs.jsonl", std::ios::app) << R"({"command": "lev)";
  append_run_cost(directory, example());
  append_run_cost(directory, example());
  std::ifstream file(directory + "/run_costs.jsonl");
  std::vector<bool> good;
  for (std::string line; std::getline(file, line);) good.push_back(nlohmann::json::accept(line));
  EXPECT_EQ(good, (std::vector<bool>{true, false, true, true}));
  std::filesystem::remove_all(directory);
}

TEST(RunCost, HistoryThatCannotBeWrittenIsAnIoError) {
  EXPECT_THROW(append_run_cost("/proc/nowhere", example()), IoError);
}

}  // namespace
}  // namespace comap
