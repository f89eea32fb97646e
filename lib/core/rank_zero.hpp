#pragma once
/// \file
/// Work that only rank 0 may do, with an outcome that every rank learns.

#include <functional>

#include "core/communicator.hpp"

namespace comap {

/// Runs `work` on rank 0 and throws on every rank what it threw there: ConfigError, CatalogueError, IoError,
/// ObservationError and Stopped keep their type, anything else becomes an Error with the same text. `work` must contain
/// no collective call. Collective.
void run_on_rank_zero(const Communicator& world, const std::function<void()>& work);

}  // namespace comap
