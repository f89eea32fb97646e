#include "map/products/map_writing.hpp"

#include <fmt/core.h>

#include "core/log.hpp"

namespace comap {
namespace {

void add_split_cards(const BandResult& result, MapRecord& record) {
  if (result.label.empty()) return;
  record.cards.push_back({"SPLIT", result.split, "how the data was divided"});
  record.cards.push_back({"LABEL", result.label, "part of the data in this map"});
}

}  // namespace

void write_band_map(const MapPiece& map, const MapGrid& grid, const MapmakeConfig& config, MapRecord& record,
                    const TeamFiles& files, const Communicator& ranks, BandResult& result) {
  add_split_cards(result, record);
  std::string stem = fmt::format("{}/{}_band{}", config.output_dir, config.name, record.frequency_band);
  std::string title = fmt::format("{}, frequency band {}", config.name, record.frequency_band);
  if (!result.label.empty()) {
    stem += "_" + result.label;
    title += ", " + result.label;
  }
  result.paths = write_map(stem, title, map, grid, config, record, files, ranks);
  result.warnings = record.warnings;
  if (ranks.rank() != 0 || !result.label.empty()) return;  // of parts the headers say it
  for (const std::string& warning : result.warnings) log_warning("{}: {}", title, warning);
}

void write_difference(const std::vector<MapPiece>& maps, const NullTest& test, const MapGrid& grid,
                      const MapmakeConfig& config, MapRecord& record, const TeamFiles& files, const Communicator& ranks,
                      BandResult& result) {
  result.label = test.labels[0] + "_minus_" + test.labels[1];
  record.is_difference = true;
  MapPiece half;
  if (ranks.rank() == 0) {
    half = half_difference(maps[0], maps[1], min_hits_of(maps, config.hit_percentile));
    record.cards = null_test_cards(test);
  }
  MapmakeConfig without_masks = config;
  without_masks.hit_percentile = 0.0;
  without_masks.edge_width = 0;
  write_band_map(half, grid, without_masks, record, files, ranks, result);
}

std::string null_test_path(const MapmakeConfig& config) {
  return fmt::format("{}/{}_null_tests.tsv", config.output_dir, config.name);
}

}  // namespace comap
