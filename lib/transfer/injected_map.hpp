#pragma once
/// \file
/// The sky that was injected, as a map of the same samples.

#include <cstdint>
#include <span>
#include <vector>

#include "config/io_config.hpp"
#include "config/mapmake_config.hpp"
#include "core/communicator.hpp"
#include "map/plan/selection.hpp"
#include "simulate/sky_model.hpp"
#include "sky/wcs.hpp"

namespace comap {

struct InjectedMap {
  std::vector<double> weight_per_K2;       ///< [pixel]; 0 where there is no sample
  std::vector<std::vector<double>> sky_K;  ///< [realisation][pixel]; NaN where there is no sample
};

/// Weighted means of the noiseless sky over the samples of each pixel, in one frequency_band. Samples, pixels and
/// weights are those of map making for the Level-2 files of the original observations, except that glitches are not
/// searched for: they are single samples. The sky is taken where the azimuth and elevation of the file point, as the
/// injection does, and binned where the map maker's pointing_model says; at the central frequency of the stream. Every
/// rank gets the map. Throws ObservationError on every rank when a file cannot be read. Collective.
InjectedMap bin_injected_sky(const MapmakeConfig& config, const IoConfig& io,
                             const std::vector<MapObservation>& observations, const Wcs& wcs, int frequency_band,
                             std::span<const simulate::SkyModel> skies, const Communicator& ranks);

}  // namespace comap
