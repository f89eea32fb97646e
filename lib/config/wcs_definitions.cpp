#include "config/wcs_definitions.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

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

std::string find_wcs_file(const std::string& file, const std::string& config_file) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path path = file;
  if (path.is_absolute() || fs::is_regular_file(path, ignored)) return file;
  const fs::path beside = fs::path(config_file).parent_path();
  std::vector<fs::path> places = {beside / path, beside / path.filename()};
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  // As installed, beside the program, and of a build in build/PRESET of the source.
  for (const char* directory : {"../share/comap_mpi/configs", "configs", "../../configs", "../configs"}) {
    places.push_back(program / directory / path.filename());
  }
  for (const fs::path& place : places) {
    if (fs::is_regular_file(place, ignored)) return place.lexically_normal().string();
  }
  return file;
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
