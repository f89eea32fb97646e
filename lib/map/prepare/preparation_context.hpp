#pragma once
/// \file
/// All that the preparation of samples for a map needs besides them.

#include <optional>
#include <vector>

#include "config/io_config.hpp"
#include "config/mapmake_config.hpp"
#include "sky/coordinates.hpp"
#include "sky/healpix_map.hpp"

namespace comap {

/// Settings in the form that the preparation needs; the same on every rank.
struct PreparationContext {
  PreparationContext(const MapmakeConfig& config, const IoConfig& io);

  const MapmakeConfig& config;
  const IoConfig& io;
  Observer observer;
  std::vector<PointingModel> pointing_models;  ///< by feed - 1; empty = no corrections
  std::optional<HealpixSky> bright_sky;
};

}  // namespace comap
