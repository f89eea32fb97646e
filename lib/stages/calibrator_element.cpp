#include "stages/calibrator_element.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/constants.hpp"
#include "math/auto_rms.hpp"
#include "math/detrend.hpp"
#include "math/median.hpp"
#include "math/source_fit.hpp"
#include "sky/source_positions.hpp"
#include "stages/feed_row.hpp"

namespace comap {
namespace {

constexpr double kFullTurn_deg = 360.0;

/// Samples of a scan that are finite and pass a test of their distance from the source.
struct ChosenSamples {
  std::vector<double> x_deg, y_deg, values_K, time, airmass;

  template <typename Test>
  ChosenSamples(const CalibratorScan& scan, std::span<const float> samples_K, const Test& is_wanted) {
    for (std::size_t i = 0; i < samples_K.size(); ++i) {
      if (!std::isfinite(samples_K[i]) || !std::isfinite(scan.airmass[i])) continue;
      if (!is_wanted(std::hypot(scan.x_deg[i], scan.y_deg[i]))) continue;
      x_deg.push_back(scan.x_deg[i]);
      y_deg.push_back(scan.y_deg[i]);
      values_K.push_back(samples_K[i]);
      time.push_back(scan.time[i]);
      airmass.push_back(scan.airmass[i]);
    }
  }

  void detrend() { subtract_templates(values_K, {std::vector<double>(values_K.size(), 1.0), time, airmass}); }
};

/// Azimuth with the drift of the encoder taken out of the samples at which it rises.
std::vector<double> drift_corrected(std::span<const double> azimuth_deg) {
  constexpr double kDrift_deg = 100.0 / 3600.0;
  std::vector<double> corrected(azimuth_deg.begin(), azimuth_deg.end());
  for (std::size_t i = 0; i < corrected.size(); ++i) {
    const std::size_t before = i == 0 ? 0 : i - 1, after = std::min(i + 1, corrected.size() - 1);
    if (std::remainder(azimuth_deg[after] - azimuth_deg[before], kFullTurn_deg) > 0.0) corrected[i] += kDrift_deg;
  }
  return corrected;
}

/// The scan less the source, whose wings reach into the ring: at 3 sigmas there is 1 % of its peak.
std::vector<float> without_source(const CalibratorScan& scan, std::span<const float> values_K,
                                  const SourceVector& source) {
  std::vector<float> rest(values_K.begin(), values_K.end());
  for (std::size_t i = 0; i < rest.size(); ++i) {
    rest[i] -= static_cast<float>(source_model_K(source, scan.x_deg[i], scan.y_deg[i]));
  }
  return rest;
}

/// Noise of a sample from the ring around the source, K.
double noise_of(const CalibratorScan& scan, std::span<const float> values_K, double beam_sigma_deg) {
  constexpr double kInnerSigmas = 3.0, kOuterSigmas = 5.0;
  constexpr std::size_t kTooFewSamples = 20;
  ChosenSamples ring(scan, values_K, [&](double distance_deg) {
    return distance_deg >= kInnerSigmas * beam_sigma_deg && distance_deg <= kOuterSigmas * beam_sigma_deg;
  });
  if (ring.values_K.size() > kTooFewSamples) {
    ring.detrend();
    double sum = 0.0;
    for (const double value : ring.values_K) sum += value * value;
    return std::sqrt(sum / static_cast<double>(ring.values_K.size()));
  }
  return auto_rms(std::vector<double>(values_K.begin(), values_K.end()), NoiseEstimator::mad);
}

double middle_of(double a, double b, double c) { return std::max(std::min(a, b), std::min(std::max(a, b), c)); }

/// The largest median of three neighbours, which no single glitch is, and the nominal beam there.
SourceVector start_values(const ChosenSamples& samples, double beam_sigma_deg) {
  const std::vector<double>& values = samples.values_K;
  std::size_t peak = 1;
  double highest = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i + 1 < values.size(); ++i) {
    const double middle = middle_of(values[i - 1], values[i], values[i + 1]);
    if (middle <= highest) continue;
    highest = middle;
    peak = i;
  }
  const double level = median(std::span<const double>(values));
  return {highest - level, samples.x_deg[peak], samples.y_deg[peak], beam_sigma_deg, beam_sigma_deg, 0.0};
}

bool is_rejected(const SourceVector& source, double beam_sigma_deg, double radius_deg) {
  constexpr double kWidest = 3.0;  // of the nominal beam
  const double widest_deg = kWidest * beam_sigma_deg;
  return !(source[kAmplitude] >= 0.0) || !(source[kSigmaX] > 0.0 && source[kSigmaX] <= widest_deg) ||
         !(source[kSigmaY] > 0.0 && source[kSigmaY] <= widest_deg) ||
         !(std::hypot(source[kX], source[kY]) <= radius_deg);
}

/// Chi-square within one sigma of the peak over the samples there less the parameters of the source, which these
/// samples determine; NaN without such samples.
double core_chi2(const SourceFit& fit, const ChosenSamples& samples, double noise_K, bool fit_angle) {
  const double n_parameters = static_cast<double>(fit_angle ? kSourceParameters : kSourceParameters - 1);
  const double edge_K = fit.value[kAmplitude] * std::exp(-0.5);
  double sum = 0.0, n = 0.0;
  for (std::size_t i = 0; i < fit.residual_K.size(); ++i) {
    if (source_model_K(fit.value, samples.x_deg[i], samples.y_deg[i]) < edge_K) continue;
    sum += fit.residual_K[i] * fit.residual_K[i] / (noise_K * noise_K);
    n += 1.0;
  }
  return n > n_parameters ? sum / (n - n_parameters) : std::numeric_limits<double>::quiet_NaN();
}

/// Value and error of a linear combination of the source's parameters.
Measured combination(const SourceFit& fit, const SourceVector& weights) {
  double value = 0.0, variance = 0.0;
  for (std::size_t i = 0; i < kSourceParameters; ++i) {
    value += weights[i] * fit.value[i];
    for (std::size_t j = 0; j < kSourceParameters; ++j) variance += weights[i] * weights[j] * fit.covariance[i][j];
  }
  return {value, std::sqrt(std::max(variance, 0.0))};
}

Measured parameter(const SourceFit& fit, SourceParameter which) {
  SourceVector weights{};
  weights[which] = 1.0;
  return combination(fit, weights);
}

Measured flux_of(const SourceFit& fit, double frequency_GHz) {
  constexpr double kJansky = 1e-26;            // W m^-2 Hz^-1
  constexpr double kBoltzmann = 1.380649e-23;  // J/K
  constexpr double kLightSpeed = 299792458.0;  // m/s
  const double frequency_Hz = frequency_GHz * kHertzPerGigahertz;
  const double solid_angle_sr =
      2.0 * std::numbers::pi * fit.value[kSigmaX] * fit.value[kSigmaY] * kDegree_rad * kDegree_rad;
  const double flux_Jy = fit.value[kAmplitude] * solid_angle_sr * 2.0 * kBoltzmann * frequency_Hz * frequency_Hz /
                         (kLightSpeed * kLightSpeed * kJansky);
  SourceVector relative{};
  for (const SourceParameter factor : {kAmplitude, kSigmaX, kSigmaY}) relative[factor] = 1.0 / fit.value[factor];
  return {flux_Jy, flux_Jy * combination(fit, relative).error};
}

/// Widths and angle; with a free angle the larger width is the major one and the angle is within +-90 deg.
void set_shape(const SourceFit& fit, bool fit_angle, CalibratorMeasurement& measured) {
  measured.major_std_deg = parameter(fit, kSigmaX);
  measured.minor_std_deg = parameter(fit, kSigmaY);
  const Measured angle_rad = parameter(fit, kAngle);
  measured.position_angle_deg = {angle_rad.value / kDegree_rad, angle_rad.error / kDegree_rad};
  if (!fit_angle) return;
  constexpr double kQuarter_deg = 90.0, kHalfTurn_deg = 180.0;
  if (measured.minor_std_deg.value > measured.major_std_deg.value) {
    std::swap(measured.major_std_deg, measured.minor_std_deg);
    measured.position_angle_deg.value += kQuarter_deg;
  }
  measured.position_angle_deg.value = std::remainder(measured.position_angle_deg.value, kHalfTurn_deg);
}

CalibratorMeasurement measurement_of(const SourceFit& fit, double parallactic_angle_rad, double frequency_GHz,
                                     bool fit_angle) {
  const double cosine = std::cos(parallactic_angle_rad), sine = std::sin(parallactic_angle_rad);
  SourceVector azimuth{}, elevation{};
  azimuth[kX] = -cosine;
  azimuth[kY] = sine;
  elevation[kX] = sine;
  elevation[kY] = cosine;
  CalibratorMeasurement measured;
  measured.amplitude_K = parameter(fit, kAmplitude);
  measured.ra_offset_deg = parameter(fit, kX);
  measured.dec_offset_deg = parameter(fit, kY);
  measured.az_offset_deg = combination(fit, azimuth);
  measured.el_offset_deg = combination(fit, elevation);
  measured.flux_Jy = flux_of(fit, frequency_GHz);
  set_shape(fit, fit_angle, measured);
  return measured;
}

}  // namespace

CalibratorScan calibrator_scan(const ObservationContext& observation, int feed, const std::string& source,
                               const CalibratorFitConfig& config) {
  const Level1Metadata& level1 = observation.level1;
  CalibratorScan scan;
  scan.range = observation.scans.front();
  const auto [start, end] = scan.range;
  const auto n = static_cast<std::size_t>(end - start);
  const auto mjd = std::span<const double>(level1.mjd).subspan(static_cast<std::size_t>(start), n);
  const auto elevation = feed_samples(level1, level1.elevation_deg, feed, scan.range);
  const auto stored_azimuth = feed_samples(level1, level1.azimuth_deg, feed, scan.range);
  const bool drifts = observation.obsid < config.raster_drift_before_obsid;
  const std::vector<double> azimuth =
      drifts ? drift_corrected(stored_azimuth) : std::vector<double>(stored_azimuth.begin(), stored_azimuth.end());
  const Observer observer;
  std::vector<double> ra(n), dec(n);
  horizontal_to_sky(observer, mjd, azimuth, elevation, SkyFrame::icrs, ra, dec);

  const SkyPosition first = source_place(observer, source, mjd.front()).icrs;
  const SkyPosition last = source_place(observer, source, mjd.back()).icrs;
  const double ra_motion_deg = std::remainder(last.longitude_deg - first.longitude_deg, kFullTurn_deg);
  const double span_days = mjd.back() - mjd.front();
  for (std::size_t i = 0; i < n; ++i) {
    const double time = (mjd[i] - mjd.front()) / span_days;
    const SkyPosition place = {first.longitude_deg + time * ra_motion_deg,
                               first.latitude_deg + time * (last.latitude_deg - first.latitude_deg)};
    const SkyPosition offset = relative_to(place, {ra[i], dec[i]});
    scan.x_deg.push_back(offset.longitude_deg);
    scan.y_deg.push_back(offset.latitude_deg);
    scan.time.push_back(time);
    scan.airmass.push_back(1.0 / std::sin(elevation[i] * kDegree_rad));
  }
  scan.mid_mjd = 0.5 * (mjd.front() + mjd.back());
  const SkyPosition middle = source_place(observer, source, scan.mid_mjd).icrs;
  scan.parallactic_angle_rad =
      parallactic_angle_rad(observer, sky_to_horizontal(observer, scan.mid_mjd, middle, SkyFrame::icrs));
  return scan;
}

CalibratorMeasurement measure_calibrator(const CalibratorScan& scan, std::span<const float> values_K,
                                         double frequency_GHz, const CalibratorFitConfig& config) {
  const double fwhm_over_sigma = std::sqrt(8.0 * std::numbers::ln2);
  constexpr std::size_t kFewestSamples = 3;
  const double beam_sigma_deg = config.beam_fwhm_deg / fwhm_over_sigma;
  const ChosenSamples chosen(scan, values_K,
                             [&](double distance_deg) { return distance_deg <= config.fit_radius_deg; });
  if (chosen.values_K.size() < kFewestSamples) return {};
  // With equal weights the noise only scales the errors, and is found when the source is known.
  const SourceSamples samples{chosen.x_deg, chosen.y_deg, chosen.values_K, {chosen.time, chosen.airmass}, 1.0};
  auto fit = fit_source(samples, start_values(chosen, beam_sigma_deg), config.fit_angle);
  if (!fit || is_rejected(fit->value, beam_sigma_deg, config.fit_radius_deg)) return {};
  const double noise_K = noise_of(scan, without_source(scan, values_K, fit->value), beam_sigma_deg);
  if (!(noise_K > 0.0)) return {};
  for (SourceVector& row : fit->covariance) {
    for (double& element : row) element *= noise_K * noise_K;
  }
  CalibratorMeasurement measured = measurement_of(*fit, scan.parallactic_angle_rad, frequency_GHz, config.fit_angle);
  measured.chi2 = core_chi2(*fit, chosen, noise_K, config.fit_angle);
  return measured;
}

}  // namespace comap
