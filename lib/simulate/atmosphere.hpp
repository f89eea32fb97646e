#pragma once
/// \file
/// Opacity of the atmosphere: its spectrum and its change with time.

#include <cstdint>
#include <vector>

#include "config/simulate_config.hpp"

namespace comap::simulate {

inline constexpr double kCmbTemperature_K = 2.7255;

/// Zenith opacity tau(nu): `zenith_opacity` at 30 GHz, of it `water_fraction` with the shape of the 22.235 GHz line of
/// water vapour and the rest with the wing of the oxygen lines at 60 GHz, both as pressure-broadened
/// (Van Vleck-Weisskopf) lines.
double zenith_opacity(const SimulateConfig& config, double frequency_GHz);

/// Factor on the opacity [sample], 1 on average: a linear drift of `opacity_drift` from start to end and, with
/// `opacity_sigma` > 0, turbulence that all feeds share.
std::vector<double> opacity_series(const SimulateConfig& config, std::int64_t n_samples, std::uint64_t key);

}  // namespace comap::simulate
