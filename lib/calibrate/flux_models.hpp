#pragma once
/// \file
/// Flux densities of calibration sources.

#include <string>

namespace comap {

/// Flux density [Jy] of TauA, CasA, CygA or Jupiter at a frequency and time (UTC). Throws ConfigError for another name.
///
/// TauA, CasA, CygA: log10 S = a + b x + c x^2, x = log10(nu / 40 GHz), of Weiland et al. 2011 (ApJS 192, 19; table
/// 17), which declines linearly from 1 January of its epoch: TauA 0.21 % a year from 2005, CasA 0.51 % from 2000.
/// Jupiter: Rayleigh-Jeans temperature, a power law fitted to the 15 temperatures of Karim et al. 2018 (AJ 155,
/// 129; arXiv 1801.07812), times the solid angle 2.481e-8 sr (5.2 au / distance)^2 at its distance from the site.
double source_flux_Jy(const std::string& source, double frequency_GHz, double mjd_utc);

/// True when source_flux_Jy knows the name.
bool has_flux_model(const std::string& source);

/// Rayleigh-Jeans brightness temperature of Jupiter [K].
double jupiter_temperature_K(double frequency_GHz);

}  // namespace comap
