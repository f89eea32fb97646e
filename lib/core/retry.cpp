#include "core/retry.hpp"

#include <random>

#include "core/error.hpp"
#include "core/log.hpp"
#include "core/stopping.hpp"

namespace comap {

void with_retries(const RetryPolicy& policy, std::string_view what, const std::function<void()>& work) {
  std::minstd_rand generator(std::random_device{}());
  std::uniform_real_distribution<double> jitter(1.0 - policy.retry_jitter, 1.0 + policy.retry_jitter);
  double pause_s = policy.retry_delay_s;
  for (int attempt = 1;; ++attempt) {
    try {
      return work();
    } catch (const IoError& error) {
      if (!error.can_pass() || attempt > policy.open_retries) throw;
      log_warning("{}: {}; trying again ({} of {})", what, error.what(), attempt, policy.open_retries);
    }
    if (!pause_for(pause_s * jitter(generator))) throw Stopped();
    pause_s *= policy.retry_backoff;
  }
}

}  // namespace comap
