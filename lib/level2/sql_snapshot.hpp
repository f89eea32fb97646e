#pragma once
/// \file
/// The copy of the catalogue's knowledge in a Level-2 file: group level2/sql_snapshot.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/observation.hpp"
#include "io/hdf5/h5.hpp"

namespace comap {

/// The observation row and the summary as attributes, one column dataset for each field of quality_flags, rows in
/// order of pixel and frequency_band. `snapshot` holds "row" and "flags" as the catalogue has them; `result` what this
/// run has measured, which replaces the statistics of the flags; rows of calibration_flux are JSON texts.
/// Missing numbers are NaN, missing integers -1. Collective in a parallel file; the same arguments on every rank.
void write_sql_snapshot(h5::File& file, const nlohmann::json& snapshot, const ObservationResult& result);

/// The result that write_sql_snapshot was given, from the file: what a run that died between naming the file and
/// recording it in the catalogue has left to record. Serial. Throws IoError for columns of different lengths and for
/// what no catalogue holds.
ObservationResult read_sql_snapshot(const h5::File& file);

/// The flag that an observer gave to a half band of a feed.
struct SnapshotFlag {
  bool is_good = true;
  std::string comment;
  std::string source;  ///< quality_flags.flag_source
};
/// For each of the quality rows that read_sql_snapshot returns. Serial. Throws IoError.
std::vector<SnapshotFlag> read_snapshot_flags(const h5::File& file);

}  // namespace comap
