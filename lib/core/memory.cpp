#include "core/memory.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace comap {
namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

double machine_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string word;
  while (file >> word) {
    double kibibytes = 0.0;
    if (word == "MemAvailable:" && file >> kibibytes) return kibibytes * kKibibyte;
  }
  return kUnlimited;
}

/// Only the limit of a group counts: the page cache, part of what it takes already, would be given back.
double control_group_bytes() {
  std::ifstream file("/sys/fs/cgroup/memory.max");
  double limit = 0.0;
  return file >> limit ? limit : kUnlimited;  // "max" is no number
}

double address_space_bytes() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kUnlimited;
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

double available_memory_bytes() { return std::min({machine_bytes(), control_group_bytes(), address_space_bytes()}); }

}  // namespace comap
