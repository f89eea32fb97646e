#include "stages/create_level2.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "config/binder.hpp"
#include "core/error.hpp"

namespace comap {
namespace {

constexpr std::string_view kTod = "spectrometer/tod";
constexpr std::string_view kWildcard = "/*";
constexpr std::string_view kUtc = "utc";

/// Paths of the file that a rule stands for.
std::vector<std::string> matches(const h5::File& level1, const std::string& rule) {
  std::vector<std::string> paths;
  if (!rule.ends_with(kWildcard)) {
    paths.push_back(rule);
  } else {
    const std::string group = rule.substr(0, rule.size() - kWildcard.size());
    if (!level1.exists(group) || level1.is_dataset(group)) return {};
    for (const std::string& member : level1.list(group)) {
      std::string path = fmt::format("{}/{}", group, member);
      if (path != kTod) paths.push_back(std::move(path));
    }
  }
  std::erase_if(paths, [&](const std::string& path) { return !level1.exists(path) || !level1.is_dataset(path); });
  return paths;
}

CopyItem plan_item(const h5::File& level1, const std::string& path, double scale) {
  const h5::DatasetInfo info = level1.info(path);
  if (info.kind == h5::Kind::other) {
    throw ObservationError(fmt::format("{}: {}: cannot be copied, expected numbers or text", level1.path(), path));
  }
  const bool is_time = std::string_view(path).substr(path.rfind('/') + 1) == kUtc;
  const bool scaled = !is_time && info.kind != h5::Kind::text;
  return {path, info.kind, info.extent, scaled ? scale : 1.0};
}

}  // namespace

std::vector<CopyItem> copy_plan(const h5::File& level1, const CreateLevel2Config& config) {
  std::vector<CopyItem> plan;
  for (const CopyRule& rule : config.copy) {
    for (const std::string& path : matches(level1, rule.path)) {
      if (std::ranges::find(plan, path, &CopyItem::path) != plan.end()) continue;
      plan.push_back(plan_item(level1, path, rule.scale));
    }
  }
  return plan;
}

void bind(Binder& binder, CreateLevel2Config& config) {
  std::vector<std::pair<std::string, double>> rows;
  for (const CopyRule& rule : config.copy) rows.emplace_back(rule.path, rule.scale);
  binder.text_number_rows("copy", rows,
                          "Level-1 datasets copied: [path, factor]; /* = all in a group; scaled copies are float64, "
                          "*/utc is never scaled");
  config.copy.clear();
  for (const auto& [path, scale] : rows) config.copy.push_back({path, scale});
}

}  // namespace comap
