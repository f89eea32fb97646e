#pragma once
/// \file
/// Being asked to stop. What waits or works for long asks here; how one is asked (a signal) this library does not know.

#include "core/communicator.hpp"

namespace comap {

/// From now on `asked` tells; null = nobody asks. It must be safe on every thread.
void set_stop_question(bool (*asked)());

bool is_asked_to_stop();
/// Throws Stopped when this process was asked to stop. And, on every rank, when any was. Collective.
void throw_when_stopped();
void throw_when_stopped(const Communicator& ranks);

/// Sleeps, but returns false soon after this process is asked to stop.
[[nodiscard]] bool pause_for(double seconds);

}  // namespace comap
