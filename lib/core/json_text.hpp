#pragma once
/// \file
/// JSON documents as texts.

#include <nlohmann/json.hpp>
#include <string>

namespace comap {

/// Attributes of damaged files hold bytes that are no UTF-8: they become replacement characters instead of an
/// exception.
inline std::string json_text(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace comap
