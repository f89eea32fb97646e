#include "data/row_json.hpp"

#include <nlohmann/json.hpp>
#include <type_traits>

namespace comap {

nlohmann::json json_of(const SqlValue& value) {
  return std::visit(
      [](const auto& held) -> nlohmann::json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
          return nullptr;
        } else {
          return held;
        }
      },
      value);
}

nlohmann::json json_of(const Row& row) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [column, value] : row) json[column] = json_of(value);
  return json;
}

}  // namespace comap
