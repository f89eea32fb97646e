#include "simulate/sky_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "math/random_stream.hpp"

namespace comap::simulate {
namespace {

constexpr double kFarSigmas = 8.0;  ///< a Gaussian is 0 in float32 sums beyond

/// Full width at half maximum over sigma of a Gaussian.
const double kFwhmToSigma = std::sqrt(8.0 * std::numbers::ln2);

using UnitVector = std::array<double, 3>;

UnitVector unit_vector(double l_deg, double b_deg) {
  const double l = l_deg * kDegree_rad;
  const double b = b_deg * kDegree_rad;
  return {std::cos(b) * std::cos(l), std::cos(b) * std::sin(l), std::sin(b)};
}

std::vector<UnitVector> unit_vectors(std::span<const double> l_deg, std::span<const double> b_deg) {
  std::vector<UnitVector> vectors(l_deg.size());
  for (std::size_t i = 0; i < vectors.size(); ++i) vectors[i] = unit_vector(l_deg[i], b_deg[i]);
  return vectors;
}

/// Adds scale * exp(-r^2 / 2 sigma^2), r the great-circle distance to the source.
void add_source(const SkySource& source, double scale, const std::vector<UnitVector>& path,
                std::vector<float>& profile) {
  const UnitVector centre = unit_vector(source.l_deg, source.b_deg);
  const double sigma_rad = source.fwhm_arcmin / 60.0 * kDegree_rad / kFwhmToSigma;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const double x = path[i][0] - centre[0];
    const double y = path[i][1] - centre[1];
    const double z = path[i][2] - centre[2];
    const double chord = std::sqrt(x * x + y * y + z * z);
    if (chord > kFarSigmas * sigma_rad) continue;
    const double r = 2.0 * std::asin(std::min(1.0, 0.5 * chord)) / sigma_rad;
    profile[i] += static_cast<float>(scale * std::exp(-0.5 * r * r));
  }
}

void add_ridge(const SkyRidge& ridge, std::span<const double> l_deg, std::span<const double> b_deg,
               std::vector<float>& profile) {
  for (std::size_t i = 0; i < profile.size(); ++i) {
    const double y = (b_deg[i] - ridge.spine_b_deg) / ridge.sigma_deg;
    const double along = 1.0 + ridge.modulation * std::sin(2.0 * std::numbers::pi * l_deg[i] / ridge.period_deg);
    profile[i] += static_cast<float>(ridge.T30_K * std::exp(-0.5 * y * y) * along);
  }
}

void add_random(const RandomSky& random, std::span<const double> l_deg, std::span<const double> b_deg,
                std::vector<float>& profile) {
  for (std::size_t i = 0; i < profile.size(); ++i) {
    profile[i] += static_cast<float>(random.brightness_K(l_deg[i], b_deg[i]));
  }
}

/// Profile of the power-law term with this index, made when it is not there yet.
std::vector<float>& profile_of(double beta, std::size_t n_samples, std::vector<SkyTerm>& terms) {
  for (SkyTerm& term : terms) {
    if (term.beta == beta) return term.profile_K;
  }
  terms.push_back({std::vector<float>(n_samples, 0.0F), beta, std::nullopt});
  return terms.back().profile_K;
}

double distance_deg(const SkySource& a, const SkySource& b) {
  return std::hypot((a.l_deg - b.l_deg) * std::cos(a.b_deg * kDegree_rad), a.b_deg - b.b_deg);
}

/// A position and brightness; sources of the field are drawn one after the other.
SkySource draw_source(const SimulateConfig& config, bool first, RandomStream& random) {
  constexpr double kFirstRadius_deg = 0.05;
  constexpr double kFreeFreeBeta = -2.1;
  constexpr double kSynchrotronBeta = -2.7;
  const double radius_deg = first ? kFirstRadius_deg : config.source_radius_deg * std::sqrt(random.uniform());
  const double angle_rad = random.uniform(0.0, 2.0 * std::numbers::pi);
  const double contrast = std::log(config.source_max_T30_K / config.source_min_T30_K);
  const double T30_K =
      first ? config.source_max_T30_K : config.source_min_T30_K * std::exp(contrast * random.uniform());
  const double beta = random.uniform() < 2.0 / 3.0 ? kFreeFreeBeta : kSynchrotronBeta;
  return {config.field_l_deg + radius_deg * std::cos(angle_rad) / std::cos(config.field_b_deg * kDegree_rad),
          config.field_b_deg + radius_deg * std::sin(angle_rad), T30_K, config.beam_fwhm_arcmin, beta};
}

std::vector<SkySource> draw_sources(const SimulateConfig& config) {
  constexpr double kClosestBeams = 2.0;
  constexpr int kTries = 100;  // a crowded field keeps the last try
  RandomStream random(stream_key(config.sky_seed, Purpose::sky, {}));
  std::vector<SkySource> sources;
  for (int i = 0; i < config.n_sources; ++i) {
    SkySource source;
    for (int attempt = 0; attempt < kTries; ++attempt) {
      source = draw_source(config, i == 0, random);
      const bool apart = std::ranges::all_of(sources, [&](const SkySource& other) {
        return distance_deg(source, other) > kClosestBeams * config.beam_fwhm_arcmin / 60.0;
      });
      if (apart) break;
    }
    sources.push_back(source);
  }
  return sources;
}

}  // namespace

double SkyTerm::spectrum(double frequency_GHz) const {
  if (!line) return std::pow(frequency_GHz / kPivotFrequency_GHz, beta);
  const double x = (frequency_GHz - line->centre_GHz) / line->fwhm_GHz * kFwhmToSigma;
  return std::exp(-0.5 * x * x);
}

std::vector<SkyTerm> sky_terms(const SkyModel& sky, std::span<const double> l_deg, std::span<const double> b_deg) {
  const std::vector<UnitVector> path = unit_vectors(l_deg, b_deg);
  std::vector<SkyTerm> terms;
  for (const SkySource& source : sky.sources) {
    add_source(source, source.T30_K, path, profile_of(source.beta, path.size(), terms));
  }
  if (sky.ridge) add_ridge(*sky.ridge, l_deg, b_deg, profile_of(sky.ridge->beta, path.size(), terms));
  if (sky.random) add_random(*sky.random, l_deg, b_deg, profile_of(sky.random->settings().beta, path.size(), terms));
  if (sky.line) {
    terms.push_back({std::vector<float>(path.size(), 0.0F), 0.0, sky.line});
    add_source(sky.sources.at(sky.line->source), sky.line->peak_K, path, terms.back().profile_K);
  }
  return terms;
}

SkyModel field_sky(const SimulateConfig& config) {
  SkyModel sky;
  for (const std::vector<double>& row : config.sources) {
    sky.sources.push_back({row.at(0), row.at(1), row.at(2), row.at(3), row.at(4)});
  }
  if (config.sources.empty()) sky.sources = draw_sources(config);
  if (config.ridge_T30_K > 0.0) {
    sky.ridge = SkyRidge{config.field_b_deg + config.ridge_offset_deg,
                         config.ridge_sigma_deg,
                         config.ridge_T30_K,
                         config.ridge_beta,
                         config.ridge_modulation,
                         config.ridge_period_deg};
  }
  if (config.random_rms_K > 0.0) sky.random.emplace(random_sky_settings(config));
  if (config.line_peak_K > 0.0) {
    if (config.line_source >= static_cast<int>(sky.sources.size())) {
      throw ConfigError(
          fmt::format("[simulate] line_source = {}: the sky has only {} sources; choose a row from 0, or "
                      "line_peak_K = 0",
                      config.line_source, sky.sources.size()));
    }
    sky.line = SkyLine{config.line_source, config.line_peak_K, config.line_frequency_GHz, config.line_fwhm_GHz};
  }
  return sky;
}

Calibrator calibrator_of(const std::string& name) {
  // Flux densities of the flux models of the `calibrate` command at 30 GHz, declined to 2022.7.
  const std::array<Calibrator, 3> calibrators = {{
      {"TauA", {83.633083, 22.014500}, 336.7, -0.302},
      {"CasA", {350.850000, 58.815000}, 172.3, -0.691},
      {"CygA", {299.868150, 40.733916}, 42.3, -1.172},
  }};
  for (const Calibrator& calibrator : calibrators) {
    if (calibrator.name == name) return calibrator;
  }
  throw ConfigError(fmt::format("[simulate] calibrator = \"{}\": known are TauA, CasA and CygA", name));
}

SkyModel calibrator_sky(const Calibrator& calibrator, double beam_fwhm_arcmin) {
  constexpr double kJansky = 1e-26;            // W m^-2 Hz^-1
  constexpr double kBoltzmann = 1.380649e-23;  // J/K
  constexpr double kLightSpeed = 299792458.0;  // m/s
  const double sigma_rad = beam_fwhm_arcmin / 60.0 * kDegree_rad / kFwhmToSigma;
  const double solid_angle_sr = 2.0 * std::numbers::pi * sigma_rad * sigma_rad;
  const double wavelength_m = kLightSpeed / (kPivotFrequency_GHz * kHertzPerGigahertz);
  const double T30_K =
      calibrator.flux30_Jy * kJansky * wavelength_m * wavelength_m / (2.0 * kBoltzmann * solid_angle_sr);
  const SkyPosition galactic = icrs_to_galactic(calibrator.icrs);
  SkyModel sky;
  sky.sources.push_back(
      {galactic.longitude_deg, galactic.latitude_deg, T30_K, beam_fwhm_arcmin, calibrator.flux_index - 2.0});
  return sky;
}

}  // namespace comap::simulate
