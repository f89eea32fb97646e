#pragma once
/// \file
/// An error on its way to other ranks, where it is thrown again with its type.

#include <functional>
#include <optional>
#include <string>
#include <tuple>

#include "core/error.hpp"

namespace comap {

struct Failure {
  int kind = 0;  ///< index of its type in a list of failure.cpp
  std::string text;

  static auto members(auto& x) { return std::tie(x.kind, x.text); }
};

/// The failure that `work` throws; nothing when it throws nothing.
std::optional<Failure> failure_of(const std::function<void()>& work);

/// Throws it with `before` in front of its text: Stopped, ConfigError, CatalogueError, IoError, ReplacedFile and
/// ObservationError keep their type, anything else becomes an Error.
[[noreturn]] void throw_again(const Failure& failure, const std::string& before = "");

}  // namespace comap
