#pragma once
/// \file
/// The traits of a Level-2 file that decide whether it may go into a map together with others.

#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "config/mapmake_config.hpp"
#include "core/file_identity.hpp"
#include "io/level2/level2_reader.hpp"

namespace comap {

struct Level2Traits {
  FileIdentity identity;
  std::int64_t obsid = -1;         ///< by the file itself, or its name; -1 = not told
  double first_mjd = 0.0;          ///< UTC, days
  double last_mjd = 0.0;           ///< UTC, days
  int n_freq_bin = 0;              ///< half bands of a band
  std::string unit;                ///< of the dataset; empty = not told
  std::vector<double> centre_GHz;  ///< [wanted frequency_band] median over the feeds; NaN = not told
  std::string gain_filter;         ///< parameters, JSON; empty = not told
  /// Parameters and version of every stage, JSON; empty object = not told. Files of one kind share the text.
  std::shared_ptr<const std::string> settings;

  /// Without the settings.
  static auto members(auto& x) {
    return std::tie(x.identity, x.obsid, x.first_mjd, x.last_mjd, x.n_freq_bin, x.unit, x.centre_GHz, x.gain_filter);
  }
};

/// The traits of an open file that has this identity. Throws IoError for records that cannot be read.
Level2Traits traits_of(const MapmakeConfig& config, const Level2Reader& file, const FileIdentity& identity);

/// Lines for the HISTORY of a map: the settings that all of these files (JSON of Level2Traits::settings) have in
/// common, stage by stage, and where they differ, with the number of files of each value.
std::vector<std::string> common_settings(const std::vector<const std::string*>& settings);

}  // namespace comap
