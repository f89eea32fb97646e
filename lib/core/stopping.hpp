#pragma once
/// \file
/// Being asked to stop. What waits or works for long asks here; how one is asked (a signal) this library does not know.

#include <string_view>

#include "core/communicator.hpp"
#include "core/error.hpp"

namespace comap {

/// What the user reads.
inline constexpr std::string_view kStoppedBySignal = "stopped by a signal";

/// The program was asked to stop: what was in hand is dropped.
class Stopped : public Error {
 public:
  explicit Stopped(const std::string& text = std::string(kStoppedBySignal)) : Error(text) {}
};

/// From now on `asked` tells; null = nobody asks. It must be safe on every thread.
void set_stop_question(bool (*asked)());

bool is_asked_to_stop();
/// Throws Stopped when this process was asked to stop. And, on every rank, when any was. Collective.
void throw_when_stopped();
void throw_when_stopped(const Communicator& ranks);

/// Sleeps, but returns false soon after this process is asked to stop.
[[nodiscard]] bool pause_for(double seconds);

}  // namespace comap
