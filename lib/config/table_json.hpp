#pragma once
/// \file
/// The keys of a table as JSON, for the records of what was made with them.

#include <nlohmann/json.hpp>

#include "config/binder.hpp"

namespace comap {

/// Objects of key and value. Numbers are numbers, choices their words.
struct TableJson {
  nlohmann::json all = nlohmann::json::object();
  nlohmann::json effective = nlohmann::json::object();  ///< without those of Binder::without_effect()
};

/// The keys that `bind` names, with their values. Throws Bug for credentials and for tables within the table.
TableJson table_json(const Binder::BindTable& bind);

}  // namespace comap
