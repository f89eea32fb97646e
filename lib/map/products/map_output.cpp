#include "map/products/map_output.hpp"

#include <functional>

#include "config/wcs_definitions.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "io/map/map_file.hpp"
#include "io/map/map_hdf5.hpp"
#include "map/products/map_warnings.hpp"

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

}  // namespace

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

}  // namespace comap
