#pragma once
/// \file
/// Results of stages that need not run again, read from the earlier Level-2 file.

#include <string>
#include <vector>

#include "level2/provenance.hpp"
#include "stages/product_table.hpp"

namespace comap {

/// Products of one feed: the rows that the stages of `records` have written. Serial.
/// Throws IoError when a dataset is missing or cannot be read.
ProductTable read_feed_products(const h5::File& level2, const std::vector<StageRecord>& records, int feed,
                                int feed_row);

/// Products of the whole observation (FeedAxis::none). Serial. Throws IoError.
ProductTable read_observation_products(const h5::File& level2, const std::vector<StageRecord>& records);

/// Name of an axis in StageOutput, and back.
std::string_view axis_name(FeedAxis axis);

}  // namespace comap
