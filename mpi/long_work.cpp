#include "mpi/long_work.hpp"

#include <exception>

#include "core/rank_zero.hpp"
#include "mpi/observation_queue.hpp"

namespace comap::mpi {

void run_long_on_rank_zero(const Communicator& world, const std::function<void()>& work) {
  std::exception_ptr failure;
  if (world.rank() == 0) {
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  }
  restful_barrier(dynamic_cast<const MpiCommunicator&>(world));
  run_on_rank_zero(world, [&] {
    if (failure) std::rethrow_exception(failure);
  });
}

}  // namespace comap::mpi
