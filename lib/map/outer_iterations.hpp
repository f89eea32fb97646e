#pragma once
/// \file
/// Solves in a row, each with a better idea of the sky taken out of its data first.

#include <string>
#include <vector>

#include "config/mapmake_config.hpp"
#include "core/communicator.hpp"
#include "destripe/problem.hpp"
#include "map/prepare/loaded_bands.hpp"
#include "sky/healpix_map.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// How much a map differs from that of the solve before, over its hit pixels.
struct MapChange {
  double rms_K = 0.0;
  double rms_in_noise = 0.0;  ///< each pixel in units of its white noise
};

/// The sky that is taken out of the data of the next solve: the map m, its large scales mixed with those of a prior
/// map,
///
///   m' = m + alpha S (m_prior - m),   alpha = [mapmake] prior_mixing_alpha,
///
/// S the normalised Gaussian smoothing of `prior_smoothing_fwhm_deg` over the hit pixels. `map` has the pixels of all
/// ranks; without a prior, or with alpha 0, it is m itself. [hit pixel] in K
std::vector<double> sky_estimate(const MapPiece& map, const MapGrid& grid, const MapmakeConfig& config,
                                 const HealpixSky* prior);

/// Change of a map from one solve to the next; both have the same pixels. Collective.
MapChange map_change(const MapPiece& before, const MapPiece& after, const Communicator& ranks);

/// The first [mapmake] n_destriper_iterations - 1 solves. Afterwards `subpixel_K` of the bands holds what the last one
/// is to be rid of besides what it held before. Returns the maps of the last of these solves, for map_change, and the
/// changes so far [stream][solve]. With alpha = 0 nothing is taken out: what m itself is made of changes no offset. The
/// last solve must not start from an earlier one when alpha > 0, for that would keep what no data decide. Collective.
struct OuterIterations {
  std::vector<MapPiece> last;
  std::vector<std::vector<MapChange>> changes;
};
OuterIterations iterate(LoadedBands& bands, const MapmakeConfig& config, const DestriperSettings& settings,
                        const MapGrid& grid, const HealpixSky* prior, const Communicator& ranks);

/// One line for each change.
void log_changes(int frequency_band, const std::vector<MapChange>& changes);

/// Changes against the number of the solve, as a PNG. Throws IoError.
void plot_convergence(const std::string& png_path, const std::string& title, const std::vector<MapChange>& changes);

}  // namespace comap
