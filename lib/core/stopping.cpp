#include "core/stopping.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>

namespace comap {

namespace {

std::atomic<bool (*)()> stop_question = nullptr;

}  // namespace

void set_stop_question(bool (*asked)()) { stop_question = asked; }

bool is_asked_to_stop() {
  const auto asked = stop_question.load();
  return asked != nullptr && asked();
}

void throw_when_stopped() {
  if (is_asked_to_stop()) throw Stopped();
}

void throw_when_stopped(const Communicator& ranks) {
  std::array<double, 1> asked = {is_asked_to_stop() ? 1.0 : 0.0};
  ranks.max(asked);
  if (asked[0] > 0.0) throw Stopped();
}

bool pause_for(double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::duration<double> kSlice(0.1);
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (!is_asked_to_stop()) {
    const std::chrono::duration<double> rest = end - Clock::now();
    if (rest.count() <= 0.0) return true;
    std::this_thread::sleep_for(std::min(rest, kSlice));
  }
  return false;
}

}  // namespace comap
