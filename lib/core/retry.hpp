#pragma once
/// \file
/// Trying again what can pass: files locked or briefly unavailable on NFS.

#include <functional>
#include <string_view>

namespace comap {

/// How often and after which pauses something is tried again.
struct RetryPolicy {
  int open_retries = 8;  ///< more tries after the first
  double retry_delay_s = 2.0;
  double retry_backoff = 2.0;
  double retry_jitter = 0.3;
};

/// Calls `work`; an IoError that can pass is logged and tried again `open_retries` times with growing, jittered
/// pauses. The last error, and every other, goes through. Throws Stopped when asked to stop meanwhile.
void with_retries(const RetryPolicy& policy, std::string_view what, const std::function<void()>& work);

}  // namespace comap
