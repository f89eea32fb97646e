#include "map/products/map_files.hpp"

#include <fmt/core.h>

#include <functional>

#include "config/wcs_definitions.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "io/map/map_writer.hpp"
#include "io/plot/map_plot.hpp"
#include "map/products/map_pieces.hpp"

namespace comap {
namespace {

/// The path, or nothing when it could not be drawn.
std::string drawn(const std::string& png_path, const std::function<void()>& draw) {
  try {
    draw();
    return png_path;
  } catch (const IoError& error) {
    log_warning("{}: {}; the map itself is complete", png_path, error.what());
    return "";
  }
}

void draw_plots(const std::string& stem, const std::string& title, const ContinuumMap& images, const MapRecord& record,
                MapPaths& paths) {
  const auto plot = record.is_difference ? plot_difference : plot_map;
  paths.plot = drawn(stem + ".png", [&] { plot(stem + ".png", images, title); });
  if (record.changes.empty()) return;
  const std::string path = stem + "_convergence.png";
  paths.convergence_plot = drawn(path, [&] { plot_convergence(path, title, record.changes); });
}

/// <stem>.fits and so on; the record is completed. Collective.
MapPaths write_map(const std::string& stem, const std::string& title, const MapPiece& piece, const MapGrid& grid,
                   const MapmakeConfig& config, MapRecord& record, const TeamFiles& files, const Communicator& ranks) {
  const MapPiece whole = gather_map(piece, ranks);
  ContinuumMap images = map_without_images(grid);
  MapPaths paths;
  const HealpixRows rows = config.wcs == kHealpixFullSky ? HealpixRows::full_sky : HealpixRows::partial;
  run_on_rank_zero(ranks, [&] {
    images = make_images(whole, grid, config, record.masks);
    record.pixel_size_deg = grid.pixel_size_deg();
    record.n_hit_pixels = std::ssize(whole.pixel);
    if (!record.is_difference) record.warnings = map_warnings(config, record);
    describe_map(config, record, images);
  });
  if (config.format != "hdf5") {
    paths.fits = stem + ".fits";
    run_on_rank_zero(ranks, [&] { write_map_fits(paths.fits, images, rows); });
  }
  if (config.format != "fits") {
    paths.hdf5 = stem + ".hd5";
    write_map_hdf5(paths.hdf5, images, files, ranks);
  }
  if (config.plot) run_on_rank_zero(ranks, [&] { draw_plots(stem, title, images, record, paths); });
  return paths;
}

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
