#include "level2/catalogue_snapshot.hpp"

#include "data/row_json.hpp"
#include "stages/stage.hpp"

namespace comap {

nlohmann::json catalogue_snapshot(Catalogue& catalogue, std::int64_t obsid) {
  nlohmann::json flags = nlohmann::json::array();
  for (const Row& row : catalogue.rows_of("quality_flags", obsid)) flags.push_back(json_of(row));
  const auto row = catalogue.row(obsid);
  return {{"row", row ? json_of(*row) : nlohmann::json::object()}, {"flags", std::move(flags)}};
}

std::string following_level2_path(Catalogue& catalogue, const Observation& observation) {
  if (observation.source_group != kSkyDipGroup) return "";
  const auto row = catalogue.row(observation.obsid + 1);
  if (!row) return "";
  const auto path = row->find("level2_path");
  const auto* text = path == row->end() ? nullptr : std::get_if<std::string>(&path->second);
  return text == nullptr ? "" : *text;
}

}  // namespace comap
