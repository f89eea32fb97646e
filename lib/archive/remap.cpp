#include "archive/remap.hpp"

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

std::string as_absolute(const std::string& path) {
  return path.empty() ? "" : std::filesystem::absolute(path).string();
}

/// The rest of the path after the prefix, with a slash in front.
std::optional<std::string> rest_after(const std::string& path, const std::string& prefix) {
  const std::string rest = path.starts_with(prefix) ? path.substr(prefix.size()) : "";
  return rest.starts_with('/') ? std::optional(rest) : std::nullopt;
}

void require_matches(const RemapPlan& plan, std::int64_t n_matches, const RemapOptions& options) {
  if (n_matches == 0) {
    throw CatalogueError(
        fmt::format("catalogue remap: no path of the catalogue begins with {}; `comap_mpi catalogue path-search` shows "
                    "how paths begin",
                    as_absolute(options.old_prefix)));
  }
  if (plan.level1.empty() && plan.level2.empty() && !plan.left.empty()) {
    throw CatalogueError(
        fmt::format("catalogue remap: there is no file at any of the {} new paths, the first of which "
                    "is {}; is the disk mounted?",
                    plan.left.size(), plan.left.front().new_path));
  }
}

}  // namespace

RemapPlan plan_remap(Connection& connection, const RemapOptions& options) {
  const std::string old_prefix = as_prefix(options.old_prefix, "--old-prefix");
  const std::string old_absolute = as_prefix(as_absolute(options.old_prefix), "--old-prefix");
  const std::string new_prefix = as_prefix(as_absolute(options.new_prefix), "--new-prefix");
  RemapPlan plan;
  std::int64_t n_matches = 0;
  const auto consider = [&](std::int64_t obsid, const std::string& path, std::vector<PathChange>& changes) {
    auto rest = rest_after(path, old_prefix);
    if (!rest) rest = rest_after(path, old_absolute);
    if (!rest) return;
    ++n_matches;
    const std::string new_path = new_prefix + *rest;
    if (new_path == path) return;
    const bool stays = options.require_new_path_exists && presence_of(new_path) != Presence::there;
    (stays ? plan.left : changes).push_back({obsid, path, new_path});
  };
  connection.stream(fmt::format("SELECT obsid, level1_path, level2_path FROM {} ORDER BY obsid", kObservations),
                    [&](const Values& row) {
                      consider(integer_of(row[0]), text_of(row[1]), plan.level1);
                      consider(integer_of(row[0]), text_of(row[2]), plan.level2);
                    });
  require_matches(plan, n_matches, options);
  return plan;
}

}  // namespace comap::sql
