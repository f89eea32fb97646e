#include "mpi/stop_signal.hpp"

#include <array>
#include <cstddef>

#include "core/stopping.hpp"

namespace comap::mpi {
namespace {

constexpr std::array kSignals = {SIGTERM, SIGUSR1, SIGINT};

// A signal handler can reach nothing but a global.
volatile std::sig_atomic_t stop_flag = 0;

void remember_signal(int /*signal*/) { stop_flag = 1; }

}  // namespace

StopSignals::StopSignals() : before_(kSignals.size()) {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = remember_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART | (kSignals[i] == SIGINT ? static_cast<int>(SA_RESETHAND) : 0);
    // One that this process is told to ignore (nohup, a job in the background) stays ignored.
    sigaction(kSignals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
  }
  set_stop_question(stop_requested);
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

bool stop_requested() { return stop_flag != 0; }

}  // namespace comap::mpi
