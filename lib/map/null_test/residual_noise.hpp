#pragma once
/// \file
/// Noise as the data minus a map have it, for the simulations of null tests.

#include <cstdint>
#include <span>
#include <vector>

#include "core/communicator.hpp"
#include "destripe/problem.hpp"
#include "map/prepare/loaded_bands.hpp"
#include "sky/map_grid.hpp"

namespace comap {

/// The scan of an observation that a segment belongs to.
struct ScanPlace {
  std::size_t observation = 0;
  std::size_t scan = 0;
  std::uint64_t key = 0;  ///< the same for all feeds and any number of ranks
};

/// Powers of the cosine modes of a residual, averaged over scans in bins of half an octave [bin].
struct ResidualPowers {
  std::vector<double> own;     ///< of each feed for itself: mean square less `common`; NaN where there is no mode
  std::vector<double> common;  ///< of what all feeds see at the same time: mean product of two feeds, below 1 Hz
  std::vector<double> common_error;
};
/// Bin of a frequency.
std::size_t residual_bin(double frequency_Hz);

/// `residual_K` [segment][sample]: NaN where there is none, empty for a segment without data. Collective; the same on
/// every rank.
ResidualPowers residual_powers(const std::vector<std::vector<double>>& residual_K, std::span<const ScanPlace> places,
                               double sample_time_s, const Communicator& ranks);

/// Makes the noise of `bands` what the residuals say. The noise model of every stream goes the way of the data,
/// realisation after realisation; the power of each feed is multiplied by what the data have of it over what the model
/// has, and what the data of different feeds have in common above that of the model (the atmosphere) becomes common
/// noise where it is above 2 sigma; then once more, for a map takes some of it. That works on averages over all scans
/// of a stream. Takes 9 solves.
///
/// Returns the sky to put under the noise [stream][sample], from the map of the data with what it says of the structure
/// inside pixels: parts of the data that sample a pixel at other places differ by that. Empty without within_pixel.
/// Collective.
std::vector<LargeVector<float>> fit_noise_to_residual(LoadedBands& bands, std::span<const ScanPlace> places,
                                                      const DestriperSettings& settings, const MapGrid& grid,
                                                      int first_realisation, const Communicator& ranks);

}  // namespace comap
