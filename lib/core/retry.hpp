#pragma once
/// \file
/// Trying again what can pass: files locked or briefly unavailable on NFS.

#include <functional>
#include <string_view>

#include "config/config.hpp"

namespace comap {

/// Calls `work`; an IoError that can pass is logged and tried again `open_retries` times with growing, jittered
/// pauses. The last error, and every other, goes through. Throws Stopped when asked to stop meanwhile.
void with_retries(const IoConfig& io, std::string_view what, const std::function<void()>& work);

}  // namespace comap
