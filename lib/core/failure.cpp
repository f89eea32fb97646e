#include "core/failure.hpp"

#include <array>
#include <exception>

namespace comap {
namespace {

struct Kind {
  bool (*has)(const std::exception& error);
  void (*throw_one)(const std::string& text);
};
template <typename T>
constexpr Kind kKind = {[](const std::exception& error) { return dynamic_cast<const T*>(&error) != nullptr; },
                        [](const std::string& text) { throw T(text); }};

/// A type after those derived from it.
constexpr std::array kKinds = {kKind<Stopped>, kKind<ConfigError>,  kKind<CatalogueError>,
                               kKind<IoError>, kKind<ReplacedFile>, kKind<ObservationError>};

}  // namespace

std::optional<Failure> failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& error) {
    Failure failure{0, *error.what() == '\0' ? "error without text" : error.what()};
    for (const Kind& kind : kKinds) {
      if (kind.has(error)) break;
      ++failure.kind;
    }
    return failure;
  }
  return std::nullopt;
}

void throw_again(const Failure& failure, const std::string& before) {
  const auto kind = static_cast<std::size_t>(failure.kind);
  if (kind < kKinds.size()) kKinds[kind].throw_one(before + failure.text);
  throw Error(before + failure.text);
}

}  // namespace comap
