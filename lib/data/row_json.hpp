#pragma once
/// \file
/// Values and rows of the catalogue as JSON, and back.

#include <nlohmann/json_fwd.hpp>

#include "data/observation.hpp"

namespace comap {

/// NULL becomes null.
nlohmann::json json_of(const SqlValue& value);
/// An object of the columns.
nlohmann::json json_of(const Row& row);

/// NULL for null, and for what no column can hold (arrays, objects).
SqlValue sql_value_of(const nlohmann::json& json);

}  // namespace comap
