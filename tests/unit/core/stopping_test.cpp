#include "core/stopping.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "core/error.hpp"
#include "core/retry.hpp"

namespace comap {
namespace {

std::atomic<bool> asked = false;

class Stopping : public testing::Test {
 protected:
  Stopping() {
    asked = false;
    set_stop_question([] { return asked.load(); });
  }
  ~Stopping() override { set_stop_question(nullptr); }
  Stopping(const Stopping&) = delete;
  Stopping& operator=(const Stopping&) = delete;
};

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST_F(Stopping, APauseEndsSoonAfterTheQuestionIsAnswered) {
  std::thread other([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    asked = true;
  });
  bool is_over = true;
  EXPECT_LT(seconds_of([&] { is_over = pause_for(60.0); }), 30.0);
  other.join();
  EXPECT_FALSE(is_over);
}

TEST_F(Stopping, APauseLastsAsLongAsItShould) {
  bool is_over = false;
  EXPECT_GE(seconds_of([&] { is_over = pause_for(0.15); }), 0.15);
  EXPECT_TRUE(is_over);
  EXPECT_TRUE(pause_for(0.0));
}

TEST_F(Stopping, NoFileIsTriedAgainAfterThat) {
  RetryPolicy io;
  io.open_retries = 100;
  io.retry_delay_s = 60.0;
  int tries = 0;
  const auto work = [&] {
    ++tries;
    asked = true;
    throw IoError("locked", true);
  };
  EXPECT_THROW(with_retries(io, "a file", work), Stopped);
  EXPECT_EQ(tries, 1);
}

TEST_F(Stopping, EveryRankThrows) {
  EXPECT_NO_THROW(throw_when_stopped(SerialCommunicator()));
  asked = true;
  EXPECT_THROW(throw_when_stopped(SerialCommunicator()), Stopped);
  EXPECT_THROW(throw_when_stopped(), Stopped);
}

}  // namespace
}  // namespace comap
