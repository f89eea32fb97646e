#pragma once
/// \file
/// Check of counts and obsids on the command line.

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <string>

namespace comap {

inline CLI::Validator whole_number() {
  const auto check = [](const std::string& text) {
    const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    return is_number ? std::string() : fmt::format("'{}' is no whole number from 0 on", text);
  };
  return {check, "", "N"};
}

}  // namespace comap
