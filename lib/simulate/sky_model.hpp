#pragma once
/// \file
/// The described sky: Rayleigh-Jeans brightness as the beam sees it, in Galactic coordinates.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/simulate_config.hpp"
#include "simulate/random_sky.hpp"
#include "sky/coordinates.hpp"

namespace comap::simulate {

/// A Gaussian source: T(r, nu) = T30 (nu / 30 GHz)^beta exp(-r^2 / 2 sigma^2).
struct SkySource {
  double l_deg = 0.0;
  double b_deg = 0.0;
  double T30_K = 0.0;  ///< peak at 30 GHz after the beam
  double fwhm_arcmin = 0.0;
  double beta = 0.0;
};

/// A band of emission along Galactic longitude:
/// T30 (nu / 30 GHz)^beta exp(-(b - spine)^2 / 2 sigma^2) (1 + modulation sin(2 pi l / period)).
struct SkyRidge {
  double spine_b_deg = 0.0;
  double sigma_deg = 1.0;
  double T30_K = 0.0;
  double beta = 0.0;
  double modulation = 0.0;
  double period_deg = 1.0;
};

/// A recombination line with the shape of one source: peak_K exp(-(nu - centre)^2 / 2 s^2).
struct SkyLine {
  int source = 0;  ///< row of the source
  double peak_K = 0.0;
  double centre_GHz = 0.0;
  double fwhm_GHz = 0.0;
};

struct SkyModel {
  std::vector<SkySource> sources;
  std::optional<SkyRidge> ridge;
  std::optional<SkyLine> line;
  std::optional<RandomSky> random = std::nullopt;
};

/// One term of the sky along a path: T(sample, nu) = profile_K[sample] * spectrum(nu). Terms with the same spectral
/// index are one.
struct SkyTerm {
  std::vector<float> profile_K;  ///< [sample] at 30 GHz, or of the line's peak
  double beta = 0.0;
  std::optional<SkyLine> line;  ///< given: a line, not a power law
  double spectrum(double frequency_GHz) const;
};

/// The terms along a path of Galactic positions [sample].
std::vector<SkyTerm> sky_terms(const SkyModel& sky, std::span<const double> l_deg, std::span<const double> b_deg);

/// The field of the settings: the given sources, or `n_sources` drawn from sky_seed, the first (brightest) close to the
/// centre; ridge, line and random sky. Throws ConfigError when line_source is no row.
SkyModel field_sky(const SimulateConfig& config);

struct Calibrator {
  std::string name;
  SkyPosition icrs;
  double flux30_Jy = 0.0;   ///< at 30 GHz, 2022
  double flux_index = 0.0;  ///< S ~ nu^index at 30 GHz
};

/// TauA, CasA or CygA; throws ConfigError otherwise. Fluxes after Weiland et al. 2011 (ApJS 192, 19).
Calibrator calibrator_of(const std::string& name);

/// The calibrator as the only source, T30 = S lambda^2 / (2 k Omega) with the solid angle of the Gaussian beam.
SkyModel calibrator_sky(const Calibrator& calibrator, double beam_fwhm_arcmin);

}  // namespace comap::simulate
