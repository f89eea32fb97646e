#pragma once
/// \file
/// What a fuzz target checks besides surviving.

#include <cstdio>
#include <cstdlib>
#include <string>

namespace comap::fuzz {

/// Ends the process with `what` unless `good`, so that the input is kept.
inline void expect(bool good, const std::string& what) {
  if (good) return;
  std::fprintf(stderr, "fuzz: %s\n", what.c_str());
  std::abort();
}

}  // namespace comap::fuzz
