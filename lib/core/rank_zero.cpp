#include "core/rank_zero.hpp"

#include <optional>

#include "core/failure.hpp"

namespace comap {

void run_on_rank_zero(const Communicator& world, const std::function<void()>& work) {
  std::optional<Failure> failure;
  if (world.rank() == 0) failure = failure_of(work);
  failure = share(world, failure);
  if (failure) throw_again(*failure);
}

}  // namespace comap
