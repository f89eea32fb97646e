#pragma once
/// \file
/// The transfer function from the maps of original and injected observations.

#include <string>
#include <vector>

#include "transfer/injected_map.hpp"
#include "transfer/transfer_function.hpp"

namespace comap {

/// Map files of one frequency_band on the same grid.
struct MapFiles {
  std::string original;
  std::vector<std::string> injected;  ///< [realisation]
};

/// Differences of the maps against the injected skies, where all have a value, down to the scale of the beam. Gaps up
/// to two beams wide are closed, the border is one beam wide. A map wider than half of `random_size_deg`, the size of
/// the injected sky, is a warning: there is little power on its largest scales. Throws IoError, and ObservationError
/// when no pixel is left.
TransferFunction transfer_of_maps(const MapFiles& files, const InjectedMap& injected, const Wcs& wcs,
                                  double beam_fwhm_arcmin, double random_size_deg);

}  // namespace comap
