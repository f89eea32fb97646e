#include "data/trouble.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <tuple>

#include "core/constants.hpp"

namespace comap {
namespace {

constexpr std::array<std::string_view, kTroubleKinds> kTexts = {"obsid",
                                                                "start time",
                                                                "clock",
                                                                "time step",
                                                                "recording gap",
                                                                "frequency unit",
                                                                "channel order",
                                                                "housekeeping gap",
                                                                "housekeeping clock",
                                                                "vane temperature",
                                                                "vane power",
                                                                "calibration",
                                                                "scan flags",
                                                                "pointing missing",
                                                                "pointing jump",
                                                                "pointing frozen",
                                                                "samples missing",
                                                                "counts not positive",
                                                                "counts absurd",
                                                                "samples repeated",
                                                                "noise too low",
                                                                "noise unmodelled",
                                                                "file changed"};

auto same_but_for_feeds(const Trouble& trouble) {
  return std::tie(trouble.kind, trouble.stage, trouble.dataset, trouble.what, trouble.done);
}

void add_feeds(const std::vector<int>& feeds, std::vector<int>& to) {
  to.insert(to.end(), feeds.begin(), feeds.end());
  std::ranges::sort(to);
  to.erase(std::ranges::unique(to).begin(), to.end());
}

}  // namespace

std::string_view trouble_text(TroubleKind kind) { return kTexts[static_cast<std::size_t>(kind)]; }

std::string in_bands(const std::vector<int>& bands, const std::string& before) {
  if (bands.size() == static_cast<std::size_t>(kBands)) return "";
  return fmt::format("{} in band{} {}", before, bands.size() > 1 ? "s" : "", fmt::join(bands, ", "));
}

std::string describe(const Trouble& trouble) {
  std::string text = trouble.dataset.empty() ? "" : trouble.dataset + ": ";
  if (!trouble.feeds.empty()) {
    text += fmt::format("feed{} {}: ", trouble.feeds.size() > 1 ? "s" : "", fmt::join(trouble.feeds, ", "));
  }
  text += trouble.what;
  if (trouble.n_samples > 0) text += fmt::format(" ({} samples)", trouble.n_samples);
  if (!trouble.done.empty()) text += ": " + trouble.done;
  return text;
}

std::vector<Trouble> merged(const std::vector<Trouble>& troubles) {
  std::vector<Trouble> result;
  for (const Trouble& trouble : troubles) {
    const auto same = std::ranges::find_if(
        result, [&](const Trouble& other) { return same_but_for_feeds(other) == same_but_for_feeds(trouble); });
    if (same == result.end()) {
      result.push_back(trouble);
    } else if (!std::ranges::includes(same->feeds, trouble.feeds)) {
      add_feeds(trouble.feeds, same->feeds);
      same->n_samples += trouble.n_samples;
    }
  }
  return result;
}

nlohmann::json to_json(const std::vector<Trouble>& troubles) {
  nlohmann::json list = nlohmann::json::array();
  for (const Trouble& trouble : troubles) {
    list.push_back({{"kind", trouble_text(trouble.kind)},
                    {"stage", trouble.stage},
                    {"dataset", trouble.dataset},
                    {"what", trouble.what},
                    {"done", trouble.done},
                    {"feeds", trouble.feeds},
                    {"n_samples", trouble.n_samples}});
  }
  return list;
}

std::vector<Trouble> troubles_from_json(const nlohmann::json& json) {
  std::vector<Trouble> troubles;
  for (const auto& entry : json) {
    const auto kind = std::ranges::find(kTexts, entry.at("kind").get<std::string>());
    if (kind == kTexts.end()) continue;
    Trouble& trouble = troubles.emplace_back();
    trouble.kind = static_cast<TroubleKind>(kind - kTexts.begin());
    entry.at("stage").get_to(trouble.stage);
    entry.at("dataset").get_to(trouble.dataset);
    entry.at("what").get_to(trouble.what);
    entry.at("done").get_to(trouble.done);
    entry.at("feeds").get_to(trouble.feeds);
    entry.at("n_samples").get_to(trouble.n_samples);
  }
  return troubles;
}

}  // namespace comap
