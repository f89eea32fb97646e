#pragma once
/// \file
/// Every key of the configuration: its name, range, meaning and unit. Those of a stage are bound beside the stage.

#include "config/binder.hpp"
#include "config/config.hpp"
#include "config/stage_entry.hpp"

namespace comap {

void bind_mapmake(Binder& binder, MapmakeConfig& config);
void bind_linemap(Binder& binder, LinemapConfig& config);
void bind_simulate(Binder& binder, SimulateConfig& config);

/// NAXIS, CRPIX, CDELT, CRVAL, CTYPE: of [mapmake] wcs and of the tables in wcs_file.
void bind_wcs_definition(Binder& binder, WcsDefinition& config);

/// All sections, in the order of `config show`.
void bind_config(Binder& binder, Config& config, StageEntries stages);

}  // namespace comap
