#pragma once
/// \file
/// Rows of the catalogue as JSON.

#include <nlohmann/json.hpp>

#include "catalogue/catalogue.hpp"

namespace comap {

/// Columns of a row; NULL becomes null.
inline nlohmann::json to_json(const Row& row) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [column, value] : row) {
    json[column] = std::visit(
        [](const auto& held) -> nlohmann::json {
          if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
            return nullptr;
          } else {
            return held;
          }
        },
        value);
  }
  return json;
}

}  // namespace comap
