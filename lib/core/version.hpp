#pragma once
/// \file
/// Name and version of this program, for `--version` and for every file it writes.

#include <string>

namespace comap {

/// e.g. "0.1.0"
std::string software_version();

/// First 12 digits of the git commit it was built from; "unknown" outside a checkout.
std::string git_commit();

}  // namespace comap
