#pragma once
/// \file
/// The catalogue's knowledge of an observation before its Level-2 file is made or judged.

#include <nlohmann/json.hpp>
#include <string>

#include "catalogue/catalogue.hpp"

namespace comap {

/// ObservationJob::snapshot.
nlohmann::json catalogue_snapshot(Catalogue& catalogue, std::int64_t obsid);

/// ObservationJob::following_level2_path: Level-2 file of the observation whose calibration a sky dip may need; empty
/// for other observations.
std::string following_level2_path(Catalogue& catalogue, const Observation& observation);

}  // namespace comap
