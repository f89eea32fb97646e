#pragma once
/// \file
/// For tests that run on several ranks.

#include "core/communicator.hpp"

namespace comap::test {

/// All ranks of the test.
const Communicator& world();

}  // namespace comap::test
