#include "core/rank_zero.hpp"

#include <cstddef>
#include <exception>
#include <string>

#include "core/error.hpp"
#include "core/stopping.hpp"

namespace comap {

namespace {

enum class Outcome : unsigned char { done, config, catalogue, io, observation, stopped, other };

Outcome outcome_of(const std::exception& error) {
  if (dynamic_cast<const ConfigError*>(&error) != nullptr) return Outcome::config;
  if (dynamic_cast<const CatalogueError*>(&error) != nullptr) return Outcome::catalogue;
  if (dynamic_cast<const IoError*>(&error) != nullptr) return Outcome::io;
  if (dynamic_cast<const ObservationError*>(&error) != nullptr) return Outcome::observation;
  if (dynamic_cast<const Stopped*>(&error) != nullptr) return Outcome::stopped;
  return Outcome::other;
}

Bytes message_of(Outcome outcome, const std::string& text) {
  Bytes message = {static_cast<std::byte>(outcome)};
  for (const char letter : text) message.push_back(static_cast<std::byte>(letter));
  return message;
}

[[noreturn]] void rethrow(Outcome outcome, const std::string& text) {
  switch (outcome) {
    case Outcome::config:
      throw ConfigError(text);
    case Outcome::catalogue:
      throw CatalogueError(text);
    case Outcome::io:
      throw IoError(text);
    case Outcome::observation:
      throw ObservationError(text);
    case Outcome::stopped:
      throw Stopped();
    default:
      throw Error(text);
  }
}

}  // namespace

void run_on_rank_zero(const Communicator& world, const std::function<void()>& work) {
  Bytes message = message_of(Outcome::done, "");
  if (world.rank() == 0) {
    try {
      work();
    } catch (const std::exception& error) {
      message = message_of(outcome_of(error), error.what());
    }
  }
  world.broadcast(message, 0);
  const auto outcome = static_cast<Outcome>(message.at(0));
  if (outcome == Outcome::done) return;
  std::string text;
  for (std::size_t i = 1; i < message.size(); ++i) text += static_cast<char>(message[i]);
  rethrow(outcome, text);
}

}  // namespace comap
