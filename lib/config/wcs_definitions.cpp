#include "config/wcs_definitions.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/bind_config.hpp"
#include "config/read_toml.hpp"
#include "core/error.hpp"

namespace comap {

std::map<std::string, WcsDefinition> parse_wcs_definitions(std::string_view toml_text, const std::string& file_name) {
  std::map<std::string, WcsDefinition> definitions;
  Problems problems;
  const auto bind = [&](Binder& root) {
    for (const std::string& name : root.present_keys()) {
      root.section(
          name, [&](Binder& table) { bind_wcs_definition(table, definitions[name]); }, "");
    }
  };
  read_toml(toml_text, file_name, {}, bind, problems);
  problems.throw_if_any(file_name);
  return definitions;
}

std::map<std::string, WcsDefinition> read_wcs_definitions(const std::string& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) {
    throw ConfigError(fmt::format("there is no file \"{}\"", file));
  }
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) throw ConfigError(fmt::format("cannot read \"{}\"", file));
  return parse_wcs_definitions(text.str(), file);
}

}  // namespace comap
