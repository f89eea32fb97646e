#pragma once
/// \file
/// Where the time of an observation goes.

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace comap {

/// Seconds by name of stage (or "read", "write", "channel_median").
using StageSeconds = std::map<std::string, double, std::less<>>;

/// Adds the time of its scope to one entry.
class StageClock {
 public:
  StageClock(StageSeconds& seconds, std::string_view name)
      : entry_(seconds.try_emplace(std::string(name), 0.0).first->second) {}
  ~StageClock() { entry_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  StageClock(const StageClock&) = delete;
  StageClock& operator=(const StageClock&) = delete;

 private:
  double& entry_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace comap
