#include "core/child_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "core/error.hpp"

namespace comap {
namespace {

using namespace std::chrono_literals;

constexpr double kTimeout_s = 60.0;
const auto kNeverStop = [] { return false; };

std::string shell(const std::string& script) { return output_of({"sh", "-c", script}, kTimeout_s, false, kNeverStop); }

TEST(ChildProcess, PassesArgumentsAsTheyAre) {
  EXPECT_EQ(output_of({"printf", "[%s]", "a b", "$HOME", "'; id", "*"}, kTimeout_s, false, kNeverStop),
            "[a b][$HOME]['; id][*]");
}

TEST(ChildProcess, CapturesMoreThanAPipeHolds) {
  EXPECT_EQ(shell("head -c 3000000 /dev/zero").size(), 3000000U);
  EXPECT_EQ(shell("head -c 300000 /dev/zero >&2; echo done"), "done\n");
}

TEST(ChildProcess, TellsHowItEnded) {
  ChildProcess failing({"sh", "-c", "echo out; echo reason >&2; exit 7"});
  failing.wait();
  EXPECT_FALSE(failing.succeeded());
  EXPECT_EQ(failing.exit_code(), 7);
  EXPECT_EQ(failing.failure_text(), "exit code 7: reason");
  EXPECT_EQ(failing.output(), "out\n");
  ChildProcess killed({"sh", "-c", "kill -9 $$"});
  killed.wait();
  EXPECT_EQ(killed.exit_code(), -1);
  EXPECT_EQ(killed.failure_text(), "signal 9 (Killed)");
  EXPECT_THROW(ChildProcess({"/no/such/program"}), IoError);
}

TEST(ChildProcess, StopsItsWholeGroupEvenIfItWillNot) {
  const auto start = std::chrono::steady_clock::now();
  pid_t grandchild = 0;
  {
    ChildProcess child({"sh", "-c", "trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000"});
    while (child.output().find('\n') == std::string::npos) {
      ASSERT_FALSE(child.has_ended());
      std::this_thread::sleep_for(1ms);
    }
    grandchild = std::stoi(child.output());
    EXPECT_EQ(kill(grandchild, 0), 0);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 60s);
  for (int i = 0; i < 1000 && kill(grandchild, 0) == 0; ++i) {
    // A process that has ended stays until its parent, which is gone, would have asked for it.
    std::ifstream status("/proc/" + std::to_string(grandchild) + "/stat");
    std::string text;
    std::getline(status, text);
    if (text.find(") Z ") != std::string::npos) return;
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_NE(kill(grandchild, 0), 0);
}

TEST(ChildProcess, InheritsOneFileAndNoOther) {
  const int open_file = open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  EXPECT_EQ(shell("ls /proc/$$/fd | tr '\\n' ' '").substr(0, 6), "0 1 2 ");
  EXPECT_NE(open_file, -1);
  ChildProcess with_one({"sh", "-c", "readlink /proc/$$/fd/3; test ! -e /proc/$$/fd/4"}, open_file);
  with_one.wait();
  EXPECT_EQ(with_one.output(), "/dev/null\n");
  EXPECT_TRUE(with_one.succeeded()) << with_one.failure_text();
  close(open_file);
}

TEST(ChildProcess, SilenceIsGivenUp) {
  EXPECT_THROW(output_of({"sleep", "1000"}, 0.2, true, kNeverStop), IoError);
  EXPECT_EQ(output_of({"sh", "-c", "echo a; sleep 1000"}, kTimeout_s, true, [] { return true; }).size() % 2, 0U);
}

}  // namespace
}  // namespace comap
