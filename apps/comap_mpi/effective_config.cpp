#include "effective_config.hpp"

#include <fmt/core.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "config/config_parser.hpp"
#include "core/error.hpp"
#include "core/failure.hpp"
#include "core/message.hpp"
#include "stages/stage_list.hpp"

namespace comap {
namespace {

constexpr const char* kDefaultFile = "comap.toml";
constexpr const char* kFileVariable = "COMAP_CONFIG";

struct ConfigText {
  std::string file_name;
  std::string text;
};

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) throw ConfigError(fmt::format("{}: cannot read the configuration", path));
  return text.str();
}

ConfigText read_named(const std::string& path, std::string_view named_by) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    throw ConfigError(fmt::format("there is no configuration '{}' ({})", path, named_by));
  }
  if (std::filesystem::is_directory(path, ignored)) {
    throw ConfigError(fmt::format("'{}' ({}) is a directory, not a configuration", path, named_by));
  }
  return {path, read_file(path)};
}

ConfigText find_config(const GlobalOptions& options, bool needs_config) {
  if (!options.config_file.empty()) return read_named(options.config_file, "on the command line");
  const char* variable = std::getenv(kFileVariable);
  if (variable != nullptr && *variable != '\0') return read_named(variable, "in $COMAP_CONFIG");
  std::error_code ignored;
  if (std::filesystem::exists(kDefaultFile, ignored)) return read_named(kDefaultFile, "the default");
  if (!needs_config) return {"defaults", ""};
  throw ConfigError(
      fmt::format("there is no ./{} and $COMAP_CONFIG is not set: name a configuration, or write one with "
                  "`comap_mpi config show > {}`",
                  kDefaultFile, kDefaultFile));
}

void apply_options(const GlobalOptions& options, Config& config) {
  if (!options.obsids.empty()) config.select.obsids = options.obsids;
  if (!options.log_level.empty()) config.log.level = options.log_level;
  if (options.log_json) config.log.json = true;
}

}  // namespace

void agree_on_config(const Communicator& world, const std::function<void()>& work) {
  for (const auto& failure : all_gather(world, failure_of(work))) {
    if (failure) throw ConfigError(failure->text);
  }
}

EffectiveConfig load_config(const GlobalOptions& options, bool needs_config, const Communicator& world) {
  ConfigText source;
  agree_on_config(world, [&] {
    if (world.rank() == 0) source = find_config(options, needs_config);
  });
  source.file_name = share(world, source.file_name);
  source.text = share(world, source.text);
  EffectiveConfig effective;
  agree_on_config(world, [&] {
    effective.config = parse_config(source.text, source.file_name, options.sets, all_stages());
    apply_options(options, effective.config);
    effective.text = show_config(effective.config, all_stages());
  });
  return effective;
}

}  // namespace comap
