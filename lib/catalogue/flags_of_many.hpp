#pragma once
/// \file
/// The flags of many observations by one question.

#include <cstdint>
#include <map>
#include <vector>

#include "catalogue/catalogue.hpp"

namespace comap {

/// Catalogue::quality_flags of each of `obsids`.
std::map<std::int64_t, std::vector<QualityFlag>> quality_flags_of(Catalogue& catalogue,
                                                                  const std::vector<std::int64_t>& obsids);

}  // namespace comap
