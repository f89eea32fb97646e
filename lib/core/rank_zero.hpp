#pragma once
/// \file
/// Work that only rank 0 may do, with an outcome that every rank learns.

#include <functional>
#include <type_traits>

#include "core/message.hpp"

namespace comap {

/// Runs `work` on rank 0 and throws on every rank what it threw there, with its type (failure.hpp). `work` must contain
/// no collective call. Collective.
void run_on_rank_zero(const Communicator& world, const std::function<void()>& work);

/// The same with a value, which every rank gets.
template <typename Work>
auto from_rank_zero(const Communicator& world, const Work& work) {
  std::invoke_result_t<const Work&> made{};
  run_on_rank_zero(world, [&] { made = work(); });
  return share(world, made);
}

}  // namespace comap
