#pragma once
/// \file
/// Every setting of the program as plain structs, one for each section of the TOML file. Defaults stand in the headers
/// of the sections and nowhere else; names, ranges and units are checked by the parser (config/config_parser.hpp) in
/// one place.

#include "config/acquire_config.hpp"
#include "config/calibrate_config.hpp"
#include "config/catalogue_config.hpp"
#include "config/io_config.hpp"
#include "config/level2_config.hpp"
#include "config/linemap_config.hpp"
#include "config/mapmake_config.hpp"
#include "config/run_config.hpp"
#include "config/simulate_config.hpp"

namespace comap {

/// The whole file.
struct Config {
  CatalogueConfig catalogue;
  SelectConfig select;
  ParallelConfig parallel;
  IoConfig io;
  LogConfig log;
  Level2Config level2;
  MapmakeConfig mapmake;
  LinemapConfig linemap;
  CalibrateConfig calibrate;
  AcquireConfig acquire;
  SimulateConfig simulate;
  RunConfig run;
};

}  // namespace comap
