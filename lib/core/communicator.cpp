#include "core/communicator.hpp"

#include <fmt/core.h>

#include <exception>

#include "core/failure.hpp"

namespace comap {

void SerialCommunicator::run_agreed(std::string_view what, const std::function<void()>& work) const {
  if (const auto failure = failure_of(work)) throw_again(*failure, fmt::format("{}: ", what));
}

void run_collective(const Communicator& ranks, std::string_view what, const std::function<void()>& work) {
  std::exception_ptr error;
  try {
    work();
  } catch (...) {
    error = std::current_exception();
  }
  ranks.run_agreed(what, [&] {
    if (error) std::rethrow_exception(error);
  });
}

}  // namespace comap
