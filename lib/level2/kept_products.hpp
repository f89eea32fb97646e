#pragma once
/// \file
/// Results of stages that need not run again, read from the earlier Level-2 file.

#include <array>
#include <span>
#include <string>
#include <vector>

#include "level2/provenance.hpp"
#include "stages/product_table.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Products of one feed: its part of those `datasets` that have an axis of feeds. Serial.
/// Throws IoError when a dataset is missing or cannot be read.
ProductTable read_feed_products(const h5::File& level2, const DatasetList& datasets, int feed, int feed_row);

/// Products of the whole observation: those `datasets` that have none. Serial. Throws IoError.
ProductTable read_observation_products(const h5::File& level2, const DatasetList& datasets);

/// Throws IoError for a dataset of the file that has not the shape in which a stage would write it now. Those that are
/// not there are left to who reads them. Serial.
void check_shapes(const h5::File& level2, const DatasetList& expected, const level2::AxisLengths& lengths);

/// Pairs of start and end (exclusive) from the edges of scans in a file. Throws IoError naming `path` for what is no
/// part of the samples.
std::vector<std::array<std::int64_t, 2>> checked_scans(const std::string& path, std::span<const std::int64_t> edges,
                                                       std::int64_t n_samples);

}  // namespace comap
