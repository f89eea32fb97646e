#include <fmt/core.h>

#include "config/wcs_definitions.hpp"
#include "core/error.hpp"
#include "sky/wcs.hpp"

namespace comap {
namespace {

std::string names_of(const std::map<std::string, WcsDefinition>& definitions) {
  std::string names;
  for (const auto& [name, definition] : definitions) names += (names.empty() ? "" : ", ") + name;
  return names;
}

}  // namespace

WcsDefinition named_wcs(const std::string& file, const std::string& name) {
  const auto definitions = read_wcs_definitions(file);
  const auto found = definitions.find(name);
  if (found == definitions.end()) {
    throw ConfigError(fmt::format("no WCS '{}' in {}: it holds {}", name, file, names_of(definitions)));
  }
  return found->second;
}

}  // namespace comap
