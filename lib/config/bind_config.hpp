#pragma once
/// \file
/// Every key of the configuration: its name, range, meaning and unit. The only place that knows them.

#include "config/binder.hpp"
#include "config/config.hpp"

namespace comap {

void bind_catalogue(Binder& binder, CatalogueConfig& config);
void bind_select(Binder& binder, SelectConfig& config);
void bind_parallel(Binder& binder, ParallelConfig& config);
void bind_io(Binder& binder, IoConfig& config);
void bind_log(Binder& binder, LogConfig& config);
void bind_level2(Binder& binder, Level2Config& config);
void bind_mapmake(Binder& binder, MapmakeConfig& config);
void bind_linemap(Binder& binder, LinemapConfig& config);
void bind_calibrate(Binder& binder, CalibrateConfig& config);
void bind_acquire(Binder& binder, AcquireConfig& config);
void bind_run(Binder& binder, RunConfig& config);

/// NAXIS, CRPIX, CDELT, CRVAL, CTYPE: of [mapmake] wcs and of the tables in wcs_file.
void bind_wcs_definition(Binder& binder, WcsDefinition& config);

/// All sections, in the order of `config show`.
void bind_config(Binder& binder, Config& config);

}  // namespace comap
