#pragma once
/// \file
/// JSON documents as bytes, for the collectives of Communicator.

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "core/communicator.hpp"

namespace comap {

/// Attributes of damaged files hold bytes that are no UTF-8: they become replacement characters instead of an
/// exception.
inline std::string json_text(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

inline Bytes to_bytes(const nlohmann::json& document) {
  const std::string text = json_text(document);
  Bytes bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

/// Throws nlohmann::json::exception when the bytes are no document.
inline nlohmann::json from_bytes(const Bytes& bytes) {
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  return nlohmann::json::parse(text, text + bytes.size());
}

}  // namespace comap
