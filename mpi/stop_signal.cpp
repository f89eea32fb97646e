#include "mpi/stop_signal.hpp"

#include <csignal>

namespace comap::mpi {
namespace {

// A signal handler can reach nothing but a global.
volatile std::sig_atomic_t stop_flag = 0;

void remember_signal(int /*signal*/) { stop_flag = 1; }

}  // namespace

void catch_stop_signals(std::initializer_list<int> more) {
  struct sigaction action {};
  action.sa_handler = remember_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGUSR1, &action, nullptr);
  for (const int signal : more) sigaction(signal, &action, nullptr);
}

bool stop_requested() { return stop_flag != 0; }

}  // namespace comap::mpi
