#include "calibrate/flux_models.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "sky/source_positions.hpp"

namespace comap {
namespace {

constexpr std::string_view kJupiter = "Jupiter";

struct RadioSource {
  std::string_view name;
  std::array<double, 3> log_flux;  ///< coefficients of log10(S / Jy) in log10(nu / 40 GHz)
  double epoch_mjd = 0.0;
  double decline_per_year = 0.0;
};
constexpr double kMjd2000 = 51544.0, kMjd2005 = 53371.0;  // 1 January, 0h
constexpr std::array<RadioSource, 3> kRadioSources = {{
    {"TauA", {2.506, -0.302, 0.0}, kMjd2005, 0.0021},
    {"CasA", {2.204, -0.682, 0.038}, kMjd2000, 0.0051},
    {"CygA", {1.480, -1.172, 0.0}, kMjd2000, 0.0},
}};

struct Temperature {
  double frequency_GHz;
  double temperature_K;
};
constexpr std::array<Temperature, 15> kJupiterTemperatures = {{
    {27.688, 141.757},
    {28.188, 142.369},
    {28.688, 143.225},
    {29.188, 143.911},
    {29.688, 144.794},
    {30.188, 145.347},
    {30.688, 145.720},
    {31.188, 146.635},
    {31.688, 147.235},
    {32.188, 147.707},
    {32.688, 148.534},
    {33.188, 149.876},
    {33.688, 149.615},
    {34.188, 150.385},
    {34.688, 151.013},
}};

/// log10 T = constant + slope log10(nu / 30 GHz), by least squares.
struct PowerLaw {
  double constant = 0.0, slope = 0.0;
};

PowerLaw fit_temperatures() {
  double n = 0.0, sum_x = 0.0, sum_y = 0.0, sum_xx = 0.0, sum_xy = 0.0;
  for (const auto& [frequency_GHz, temperature_K] : kJupiterTemperatures) {
    const double x = std::log10(frequency_GHz / kPivotFrequency_GHz), y = std::log10(temperature_K);
    n += 1.0;
    sum_x += x;
    sum_y += y;
    sum_xx += x * x;
    sum_xy += x * y;
  }
  const double slope = (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
  return {(sum_y - slope * sum_x) / n, slope};
}

double jupiter_flux_Jy(double frequency_GHz, double mjd_utc) {
  constexpr double kJansky = 1e-26;            // W m^-2 Hz^-1
  constexpr double kBoltzmann = 1.380649e-23;  // J/K
  constexpr double kLightSpeed = 299792458.0;  // m/s
  constexpr double kSolidAngle_sr = 2.481e-8, kReferenceDistance_au = 5.2;
  const double distance_au = source_place(Observer(), std::string(kJupiter), mjd_utc).distance_au;
  const double nearness = kReferenceDistance_au / distance_au;
  const double wavelength_m = kLightSpeed / (frequency_GHz * kHertzPerGigahertz);
  return 2.0 * kBoltzmann * jupiter_temperature_K(frequency_GHz) / (wavelength_m * wavelength_m) * kSolidAngle_sr *
         nearness * nearness / kJansky;
}

}  // namespace

double jupiter_temperature_K(double frequency_GHz) {
  static const PowerLaw fit = fit_temperatures();
  return std::pow(10.0, fit.constant + fit.slope * std::log10(frequency_GHz / kPivotFrequency_GHz));
}

bool has_flux_model(const std::string& source) {
  return source == kJupiter || std::ranges::find(kRadioSources, source, &RadioSource::name) != kRadioSources.end();
}

double source_flux_Jy(const std::string& source, double frequency_GHz, double mjd_utc) {
  if (source == kJupiter) return jupiter_flux_Jy(frequency_GHz, mjd_utc);
  const auto found = std::ranges::find(kRadioSources, source, &RadioSource::name);
  if (found == kRadioSources.end()) {
    throw ConfigError("there is no flux model of '" + source + "'; known are TauA, CasA, CygA and Jupiter");
  }
  constexpr double kReference_GHz = 40.0;
  const double x = std::log10(frequency_GHz / kReference_GHz);
  const double log_flux = found->log_flux[0] + x * (found->log_flux[1] + x * found->log_flux[2]);
  const double years = (mjd_utc - found->epoch_mjd) / kDaysPerYear;
  return std::pow(10.0, log_flux) * (1.0 - found->decline_per_year * years);
}

}  // namespace comap
