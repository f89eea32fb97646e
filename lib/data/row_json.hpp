#pragma once
/// \file
/// Values and rows of the catalogue as JSON.

#include <nlohmann/json_fwd.hpp>

#include "data/observation.hpp"

namespace comap {

/// NULL becomes null.
nlohmann::json json_of(const SqlValue& value);
/// An object of the columns.
nlohmann::json json_of(const Row& row);

}  // namespace comap
