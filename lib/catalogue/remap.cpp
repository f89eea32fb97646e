#include "catalogue/remap.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <optional>

#include "catalogue/schema.hpp"
#include "core/error.hpp"

namespace comap::sql {

namespace {

/// Without a slash at the end, so that "/" becomes "".
std::string as_prefix(const std::string& text, const char* option) {
  if (text.empty()) throw ConfigError(fmt::format("catalogue remap: {} is empty", option));
  std::string prefix = std::filesystem::path(text).lexically_normal().string();
  while (prefix.ends_with('/')) prefix.pop_back();
  return prefix;
}

std::optional<std::string> remapped(const std::string& path, const std::string& old_prefix,
                                    const std::string& new_prefix) {
  const std::string rest = path.starts_with(old_prefix) ? path.substr(old_prefix.size()) : "";
  if (!rest.starts_with('/')) return std::nullopt;
  return new_prefix + rest;
}

}  // namespace

RemapPlan plan_remap(Connection& connection, const RemapOptions& options) {
  const std::string old_prefix = as_prefix(options.old_prefix, "--old-prefix");
  const std::string new_prefix =
      as_prefix(options.new_prefix.empty() ? "" : std::filesystem::absolute(options.new_prefix), "--new-prefix");
  RemapPlan plan;
  const auto consider = [&](std::int64_t obsid, const std::string& path, std::vector<PathChange>& changes) {
    const std::optional<std::string> new_path = remapped(path, old_prefix, new_prefix);
    if (!new_path || *new_path == path) return;
    const bool stays = options.require_new_path_exists && presence_of(*new_path) != Presence::there;
    (stays ? plan.left : changes).push_back({obsid, path, *new_path});
  };
  connection.stream(fmt::format("SELECT obsid, level1_path, level2_path FROM {} ORDER BY obsid", kObservations),
                    [&](const Values& row) {
                      consider(integer_of(row[0]), text_of(row[1]), plan.level1);
                      consider(integer_of(row[0]), text_of(row[2]), plan.level2);
                    });
  return plan;
}

}  // namespace comap::sql
