#include "core/communicator.hpp"

#include <fmt/core.h>

#include <exception>

#include "core/error.hpp"

namespace comap {

void SerialCommunicator::run_agreed(std::string_view what, const std::function<void()>& work) const {
  try {
    work();
  } catch (const std::exception& error) {
    throw ObservationError(fmt::format("{}: {}", what, error.what()));
  }
}

}  // namespace comap
