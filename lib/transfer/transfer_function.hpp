#pragma once
/// \file
/// The part of a sky that is left in a map, against angular scale.

#include <cstdint>
#include <span>
#include <vector>

#include "transfer/flat_map.hpp"

namespace comap {

/// One range of multipoles. A map scale is half a wave: angular scale = 180 deg / multipole.
struct TransferBin {
  double min_multipole = 0.0, max_multipole = 0.0;
  double multipole = 0.0;  ///< mean of the modes
  double angular_scale_arcmin = 0.0;
  double n_modes = 0.0;  ///< independent modes, all realisations
  double transfer = 0.0;
  double error = 0.0;  ///< one sigma
};

struct TransferFunction {
  TransferBin all;                ///< every mode of the bins together
  std::vector<TransferBin> bins;  ///< from large scales to small; NaN where there is no mode
};

/// The same sky as it came out of the map making and as it was put in, [y][x] of a window, both tapered.
struct SkyPair {
  std::vector<double> recovered_K;
  std::vector<double> injected_K;
};

/// With R and S the Fourier modes of both, over the modes of a bin and all realisations:
///   T = sum Re(R S*) / sum |S|^2,    error^2 = sum |R - T S|^2 / sum |S|^2 / (2 n - 1)
/// 1 where the map keeps the sky; n is the number of modes times what the taper leaves independent of them,
/// (sum w^2)^2 / (N sum w^4). Modes within a bin that lose more and less than others (across and along the scans) are
/// in the error. Bins go from the fundamental mode of the window, a mode or a quarter wide, to `max_multipole`.
TransferFunction transfer_function(const FlatWindow& window, std::span<const SkyPair> realisations,
                                   double max_multipole);

}  // namespace comap
