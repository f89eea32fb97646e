#pragma once
/// \file
/// How much memory there is, for who asks before taking it.

#include <cstdint>

namespace comap {

inline constexpr std::int64_t kKibibyte = 1024;  ///< in which the kernel tells memory

/// The bytes that this process could still take without driving others to the disk: the least of what the machine and
/// the limits of its control group and of itself (ulimit -v) leave. Infinite where nothing says.
double available_memory_bytes();

}  // namespace comap
