#include <fmt/core.h>
#include <toml++/toml.h>

#include <filesystem>

#include "core/error.hpp"
#include "sky/wcs.hpp"

namespace comap {
namespace {

template <typename T>
std::array<T, 2> pair_of(const toml::table& table, const char* key, const std::string& where) {
  const toml::array* pair = table[key].as_array();
  if (pair != nullptr && pair->size() == 2) {
    const auto first = (*pair)[0].value<T>(), second = (*pair)[1].value<T>();
    if (first && second) return {*first, *second};
  }
  throw ConfigError(fmt::format("{}: {} must be a pair, as in CRPIX = [121.0, 106.0]", where, key));
}

WcsDefinition definition_of(const toml::table& table, const std::string& where) {
  WcsDefinition definition;
  definition.naxis = pair_of<std::int64_t>(table, "NAXIS", where);
  definition.crpix = pair_of<double>(table, "CRPIX", where);
  definition.cdelt_deg = pair_of<double>(table, "CDELT", where);
  definition.crval_deg = pair_of<double>(table, "CRVAL", where);
  definition.ctype = pair_of<std::string>(table, "CTYPE", where);
  return definition;
}

toml::table parse(const std::string& file) {
  if (!std::filesystem::exists(file)) {
    throw ConfigError("no file " + file + " with WCS definitions; check mapmake.wcs_file");
  }
  try {
    return toml::parse_file(file);
  } catch (const toml::parse_error& error) {
    throw ConfigError(fmt::format("{} line {}: {}", file, error.source().begin.line, error.description()));
  }
}

std::string names_in(const toml::table& file) {
  std::string names;
  for (const auto& [name, node] : file) {
    if (node.is_table()) names += (names.empty() ? "" : ", ") + std::string(name.str());
  }
  return names;
}

}  // namespace

WcsDefinition named_wcs(const std::string& file, const std::string& name) {
  const toml::table definitions = parse(file);
  const toml::table* table = definitions[name].as_table();
  if (table == nullptr) {
    throw ConfigError(fmt::format("no WCS '{}' in {}: it holds {}", name, file, names_in(definitions)));
  }
  return definition_of(*table, fmt::format("{} line {}, [{}]", file, table->source().begin.line, name));
}

}  // namespace comap
