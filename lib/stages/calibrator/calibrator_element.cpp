#include "stages/calibrator/calibrator_element.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "core/constants.hpp"
#include "math/auto_rms.hpp"
#include "math/background.hpp"
#include "math/gaps.hpp"
#include "math/median.hpp"
#include "math/power_spectrum.hpp"
#include "math/source_fit.hpp"
#include "sky/source_positions.hpp"
#include "stages/feed_row.hpp"

namespace comap {
namespace {

constexpr double kFullTurn_deg = 360.0;

/// Samples of a scan near the source, in order of time. All [sample].
struct ChosenSamples {
  std::vector<double> x_deg, y_deg, values_K, time, airmass;
  std::vector<std::size_t> place;         ///< in the scan
  std::vector<std::size_t> sweep_starts;  ///< first samples of sweeps, then the number of samples

  void add(const CalibratorScan& scan, std::size_t i, double value_K) {
    x_deg.push_back(scan.x_deg[i]);
    y_deg.push_back(scan.y_deg[i]);
    values_K.push_back(value_K);
    time.push_back(scan.time[i]);
    airmass.push_back(scan.airmass[i]);
    place.push_back(i);
  }
};

using Path = std::array<double, 2>;

Path path_of(const CalibratorScan& scan, std::size_t from, std::size_t to) {
  return {scan.x_deg[to] - scan.x_deg[from], scan.y_deg[to] - scan.y_deg[from]};
}

/// Groups of samples taken in one sweep: without a pause and without turning back.
std::vector<std::vector<std::size_t>> sweeps_of(const CalibratorScan& scan, const std::vector<std::size_t>& near) {
  constexpr std::size_t kPause = 25, kStep = 5;  // samples
  std::vector<std::vector<std::size_t>> sweeps;
  Path direction{};
  for (const std::size_t i : near) {
    bool is_new = sweeps.empty() || i - sweeps.back().back() > kPause;
    if (!is_new && sweeps.back().size() >= kStep) {
      const std::vector<std::size_t>& sweep = sweeps.back();
      if (sweep.size() == kStep) direction = path_of(scan, sweep.front(), sweep.back());
      const Path here = path_of(scan, sweep[sweep.size() - kStep], i);
      is_new = here[0] * direction[0] + here[1] * direction[1] < 0.0;
    }
    if (is_new) sweeps.emplace_back();
    sweeps.back().push_back(i);
  }
  return sweeps;
}

/// The finite samples within `radius_deg` of the source. Sweeps of few samples there say nothing but their background.
ChosenSamples choose(const CalibratorScan& scan, std::span<const float> values_K, double radius_deg) {
  constexpr std::size_t kFewestOfSweep = 8;
  std::vector<std::size_t> near;
  for (std::size_t i = 0; i < values_K.size(); ++i) {
    if (!std::isfinite(values_K[i]) || !std::isfinite(scan.airmass[i])) continue;
    if (std::hypot(scan.x_deg[i], scan.y_deg[i]) <= radius_deg) near.push_back(i);
  }
  ChosenSamples chosen;
  for (const std::vector<std::size_t>& sweep : sweeps_of(scan, near)) {
    if (sweep.size() < kFewestOfSweep) continue;
    chosen.sweep_starts.push_back(chosen.place.size());
    for (const std::size_t i : sweep) chosen.add(scan, i, values_K[i]);
  }
  chosen.sweep_starts.push_back(chosen.place.size());
  return chosen;
}

Background background_of(const ChosenSamples& chosen, const CalibratorFitConfig& config) {
  Background background;
  if (config.background == "scan") {
    background.add_stretch(0, chosen.place.size(), {chosen.time, chosen.airmass});
    return background;
  }
  for (std::size_t i = 0; i + 1 < chosen.sweep_starts.size(); ++i) {
    const std::size_t first = chosen.sweep_starts[i], end = chosen.sweep_starts[i + 1];
    background.add_stretch(first, end - first, {{chosen.time.begin() + first, chosen.time.begin() + end}});
  }
  return background;
}

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

/// The scan without the source.
std::vector<double> without_source(const CalibratorScan& scan, std::span<const float> values_K,
                                   const SourceVector& source) {
  std::vector<double> rest(values_K.begin(), values_K.end());
  for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= source_model_K(source, scan.x_deg[i], scan.y_deg[i]);
  return rest;
}

/// Noise of a sample, K: rms of what is left in a ring around the source, or auto_rms of the scan.
double noise_of(const SourceFit& fit, const ChosenSamples& chosen, std::size_t n_background,
                std::span<const double> without_source_K, double beam_sigma_deg) {
  constexpr double kInnerSigmas = 3.0, kOuterSigmas = 5.0, kTooFewSamples = 20.0;
  double sum = 0.0, n = 0.0;
  for (std::size_t i = 0; i < fit.residual_K.size(); ++i) {
    const double distance = std::hypot(chosen.x_deg[i], chosen.y_deg[i]) / beam_sigma_deg;
    if (distance < kInnerSigmas || distance > kOuterSigmas) continue;
    sum += fit.residual_K[i] * fit.residual_K[i];
    n += 1.0;
  }
  if (n <= kTooFewSamples) return auto_rms(without_source_K, NoiseEstimator::mad);
  const double free = 1.0 - static_cast<double>(n_background) / static_cast<double>(fit.residual_K.size());
  return std::sqrt(sum / (n * free));
}

/// Power of the noise at each frequency of the scan, |FFT|^2/N [K^2]: averages in logarithmic bins, straight lines in
/// between.
std::vector<double> noise_power_K2(std::vector<double> without_source_K, RealFft& fft) {
  constexpr std::size_t kBins = 25;
  constexpr double kNyquist = 0.5;  // cycles to the sample
  bridge_gaps(without_source_K);
  const double step = 1.0 / static_cast<double>(fft.size());
  BinnedSpectrum spectrum(step, kNyquist + step, kBins);
  spectrum.add(windowed_power(without_source_K, fft), step, 0.0);
  const auto bins = spectrum.bins();
  std::vector<double> power_K2(fft.spectrum().size());
  std::size_t above = 0;  // first bin at or above the frequency
  for (std::size_t k = 0; k < power_K2.size(); ++k) {
    const double frequency = step * static_cast<double>(k);
    while (above < bins.size() && bins[above].frequency_Hz < frequency) ++above;
    if (above == 0 || above == bins.size()) {
      power_K2[k] = bins[above == 0 ? 0 : above - 1].power;
      continue;
    }
    const BinnedSpectrum::Bin &low = bins[above - 1], &high = bins[above];
    const double part = std::log(frequency / low.frequency_Hz) / std::log(high.frequency_Hz / low.frequency_Hz);
    power_K2[k] = low.power + part * (high.power - low.power);
  }
  return power_K2;
}

/// Makes samples NaN that stand out from the median of the five around them by more than a beam can: no single sample
/// may lead the fit astray, however large.
void leave_out_spikes(double glitch_sigma, std::vector<float>& values_K) {
  constexpr std::size_t kReach = 2;
  constexpr float kSteepest = 0.3F;  // of the height, from a sample to the median of five around it
  const double noise_K = auto_rms(std::vector<double>(values_K.begin(), values_K.end()), NoiseEstimator::mad);
  const float level_K = median(std::span<const float>(values_K));
  const std::vector<float> before = values_K;
  std::vector<float> scratch;
  for (std::size_t i = kReach; i + kReach < values_K.size(); ++i) {
    const float middle_K = median(std::span(before).subspan(i - kReach, 2 * kReach + 1), scratch);
    const auto limit_K = static_cast<float>(glitch_sigma * noise_K) + kSteepest * std::abs(middle_K - level_K);
    if (std::abs(before[i] - middle_K) > limit_K) values_K[i] = kFloatNan;
  }
}

/// The same with samples that are far from the fit. Returns whether there are any.
bool leave_out_glitches(const SourceFit& fit, const ChosenSamples& chosen, double glitch_sigma,
                        std::vector<float>& values_K) {
  constexpr double kBeamError = 0.03;  // of the source: a beam is no exact Gaussian
  const double noise_K = mad_sigma(fit.residual_K);
  bool any = false;
  for (std::size_t i = 0; i < fit.residual_K.size(); ++i) {
    const double source_K = source_model_K(fit.value, chosen.x_deg[i], chosen.y_deg[i]);
    if (std::abs(fit.residual_K[i]) <= glitch_sigma * noise_K + kBeamError * source_K) continue;
    values_K[chosen.place[i]] = kFloatNan;
    any = true;
  }
  return any;
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
  const double n_parameters = fit_angle ? kSourceParameters : kSourceParameters - 1;
  const double edge_K = fit.value[kAmplitude] * std::exp(-0.5);
  double sum = 0.0, n = 0.0;
  for (std::size_t i = 0; i < fit.residual_K.size(); ++i) {
    if (source_model_K(fit.value, samples.x_deg[i], samples.y_deg[i]) < edge_K) continue;
    sum += fit.residual_K[i] * fit.residual_K[i] / (noise_K * noise_K);
    n += 1.0;
  }
  return n > n_parameters ? sum / (n - n_parameters) : kNan;
}

/// The parameters of the source and how well they are known.
struct SourceResult {
  SourceVector value;
  SourceMatrix covariance;
};

/// Value and error of a linear combination of the source's parameters.
Measured combination(const SourceResult& fit, const SourceVector& weights) {
  double value = 0.0, variance = 0.0;
  for (std::size_t i = 0; i < kSourceParameters; ++i) {
    value += weights[i] * fit.value[i];
    for (std::size_t j = 0; j < kSourceParameters; ++j) variance += weights[i] * weights[j] * fit.covariance[i][j];
  }
  return {value, std::sqrt(std::max(variance, 0.0))};
}

Measured parameter(const SourceResult& fit, SourceParameter which) {
  SourceVector weights{};
  weights[which] = 1.0;
  return combination(fit, weights);
}

Measured flux_of(const SourceResult& fit, double frequency_GHz) {
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
void set_shape(const SourceResult& fit, bool fit_angle, CalibratorMeasurement& measured) {
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

CalibratorMeasurement measurement_of(const SourceResult& fit, double parallactic_angle_rad, double frequency_GHz,
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

struct FoundSource {
  ChosenSamples chosen;
  std::size_t n_background;  ///< parameters of the background
  SourceFit fit;
};

/// Fits, leaves out what is far from the fit, and fits again until nothing is. Left out samples of `values_K` become
/// NaN.
std::optional<FoundSource> fit_without_glitches(const CalibratorScan& scan, const CalibratorFitConfig& config,
                                                double beam_sigma_deg, std::vector<float>& values_K) {
  constexpr std::size_t kFewestSamples = 3;
  constexpr int kMaxFits = 5;
  for (int i = 1;; ++i) {
    ChosenSamples chosen = choose(scan, values_K, config.fit_radius_deg);
    if (chosen.place.size() < kFewestSamples) return std::nullopt;
    const Background background = background_of(chosen, config);
    auto fit = fit_source({chosen.x_deg, chosen.y_deg, chosen.values_K, background},
                          start_values(chosen, beam_sigma_deg), config.fit_angle);
    if (!fit || is_rejected(fit->value, beam_sigma_deg, config.fit_radius_deg)) return std::nullopt;
    const bool again =
        i < kMaxFits && config.glitch_sigma > 0.0 && leave_out_glitches(*fit, chosen, config.glitch_sigma, values_K);
    if (!again) return FoundSource{std::move(chosen), background.n_parameters(), std::move(*fit)};
  }
}

}  // namespace

CalibratorScan calibrator_scan(const ObservationContext& observation, int feed, const std::string& source,
                               const CalibratorFitConfig& config) {
  const Level1Metadata& level1 = observation.level1;
  CalibratorScan scan;
  scan.range = observation.scans.front();
  const auto [start, end] = scan.range;
  const std::size_t n = end - start;
  const auto mjd = std::span<const double>(level1.mjd).subspan(start, n);
  const auto elevation = feed_samples(level1, level1.elevation_deg, feed, scan.range);
  const auto stored_azimuth = feed_samples(level1, level1.azimuth_deg, feed, scan.range);
  const bool drifts = observation.obsid < config.raster_drift_before_obsid;
  const std::vector<double> azimuth =
      drifts ? drift_corrected(stored_azimuth) : std::vector<double>(stored_azimuth.begin(), stored_azimuth.end());
  const Observer observer;
  const auto [ra, dec] = horizontal_to_sky(observer, mjd, azimuth, elevation, SkyFrame::icrs);

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
  const double beam_sigma_deg = config.beam_fwhm_deg / fwhm_over_sigma;
  std::vector<float> kept_K(values_K.begin(), values_K.end());
  if (config.glitch_sigma > 0.0) leave_out_spikes(config.glitch_sigma, kept_K);
  const auto found = fit_without_glitches(scan, config, beam_sigma_deg, kept_K);
  if (!found) return {};
  const auto& [chosen, n_background, fit] = *found;
  std::vector<double> rest_K = without_source(scan, kept_K, fit.value);
  const double noise_K = noise_of(fit, chosen, n_background, rest_K, beam_sigma_deg);
  if (!(noise_K > 0.0)) return {};
  RealFft fft(rest_K.size());
  const std::vector<double> power_K2 = noise_power_K2(std::move(rest_K), fft);
  const double chi2 = core_chi2(fit, chosen, noise_K, config.fit_angle);
  SourceResult result{fit.value, correlated_covariance(fit, chosen.place, power_K2, fft)};
  // Accounts for what the model lacks on the source itself, e.g. changes of the gain times the source.
  const double misfit = chi2 > 1.0 ? chi2 : 1.0;
  for (SourceVector& row : result.covariance) {
    for (double& element : row) element *= misfit;
  }
  CalibratorMeasurement measured = measurement_of(result, scan.parallactic_angle_rad, frequency_GHz, config.fit_angle);
  measured.chi2 = chi2;
  return measured;
}

}  // namespace comap
