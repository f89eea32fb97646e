#pragma once
/// \file
/// Contradictions within the metadata of a Level-1 file: the cheap part of `check`, in every run of level2.

#include <string>
#include <vector>

#include "config/level2_config.hpp"
#include "data/trouble.hpp"
#include "io/level1/level1_metadata.hpp"

namespace comap {

/// Why no result of a file could be right.
struct MetadataRefusal {
  std::string dataset;
  std::string what;
  std::string remedy;
};

/// Samples [first, end) of a row of the feed axis.
struct RowStretch {
  std::size_t row = 0;
  std::int64_t first = 0;
  std::int64_t end = 0;
};

struct MetadataVerdict {
  std::vector<Trouble> troubles;  ///< go with the results
  std::vector<MetadataRefusal> refusals{};
  std::vector<RowStretch> misplaced{};  ///< directions that contradict the positions which the file states
};

/// Times in range and regular, sample time as stated (attribute tsamp) and as the housekeeping's clock has it;
/// frequencies in range, monotonic in each band, bands apart. Reads no file.
MetadataVerdict check_metadata(const Level1Metadata& level1, const CheckLevel1Config& config);

/// The same, and where its times are dates, the positions that the file states (check_positions.hpp), for the
/// telescope's own site. Times that jump are mended (clock_jumps.hpp). Opens the file again. Throws IoError.
MetadataVerdict judge_metadata(Level1Metadata& level1, const CheckLevel1Config& config);

}  // namespace comap
