#include "core/communicator.hpp"

#include <fmt/core.h>

#include <cstring>
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

std::string broadcast_text(const Communicator& ranks, const std::string& text, int root) {
  Bytes bytes(ranks.rank() == root ? text.size() : 0);
  if (!bytes.empty()) std::memcpy(bytes.data(), text.data(), bytes.size());
  ranks.broadcast(bytes, root);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace comap
