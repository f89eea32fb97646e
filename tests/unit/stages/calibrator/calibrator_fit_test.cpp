// The calibrator fit against an exact Gaussian on the sky and against the Python pipeline on the same data.

#include "stages/calibrator/calibrator_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "core/constants.hpp"
#include "data/level2_datasets.hpp"
#include "data/observation.hpp"
#include "math/fft.hpp"
#include "sky/source_positions.hpp"
#include "stages/calibrator/calibrator_element.hpp"

namespace comap {
namespace {

constexpr double kArcminute_deg = 1.0 / 60.0;
constexpr double kSigma_deg = 0.03;
constexpr double kStart_mjd = 59844.49;
constexpr std::size_t kElements = 8;

/// A raster of one feed across a source, tracked; the telescope looks `az_error`, `el_error` beside where it says.
struct Observed {
  ObservationContext context;
  ProductTable products;

  explicit Observed(const std::string& source, double az_error_deg = 0.0, double el_error_deg = 0.0,
                    std::int64_t obsid = 30004) {
    constexpr std::int64_t kSamples = 8000;
    const Observer observer;
    context.obsid = obsid;
    context.source = source;
    context.source_group = "Calibrator";
    Level1Metadata& level1 = context.level1;
    level1.n_feeds = 1;
    level1.feeds = {7};
    level1.n_samples = kSamples;
    context.scans = {{0, kSamples}};
    std::vector<float> streams(kElements * kSamples);
    for (std::int64_t i = 0; i < kSamples; ++i) {
      const double t = static_cast<double>(i) / kSamples, mjd = kStart_mjd + 0.02 * static_cast<double>(i) / 86400.0;
      const SkyPosition place = source_place(observer, source, mjd).icrs;
      const Horizontal centre = sky_to_horizontal(observer, mjd, place, SkyFrame::icrs);
      const double sweep = std::sin(2.0 * std::numbers::pi * 40.3 * t);
      const Horizontal said = {centre.azimuth_deg + 0.27 * sweep / std::cos(centre.elevation_deg * kDegree_rad),
                               centre.elevation_deg + 0.54 * (t - 0.5)};
      const Horizontal true_direction = {said.azimuth_deg + az_error_deg / std::cos(said.elevation_deg * kDegree_rad),
                                         said.elevation_deg + el_error_deg};
      const SkyPosition seen = horizontal_to_sky(observer, mjd, true_direction, SkyFrame::icrs);
      const SkyPosition offset = relative_to(place, seen);
      const double shape =
          std::exp(-0.5 * (offset.longitude_deg * offset.longitude_deg + offset.latitude_deg * offset.latitude_deg) /
                   (kSigma_deg * kSigma_deg));
      level1.mjd.push_back(mjd);
      level1.azimuth_deg.push_back(said.azimuth_deg);
      level1.elevation_deg.push_back(said.elevation_deg);
      const double atmosphere_K = 12.0 / std::sin(said.elevation_deg * kDegree_rad) + 0.3 * t;
      const double ripple_K = 1e-3 * ((i % 2 == 0) ? 1.0 : -1.0);
      for (std::size_t element = 0; element < kElements; ++element) {
        const double amplitude_K = 2.0 + 0.1 * static_cast<double>(element);
        streams[element * kSamples + static_cast<std::size_t>(i)] =
            static_cast<float>(amplitude_K * shape + atmosphere_K + ripple_K);
      }
    }
    products.set(level2::kBinnedFiltered, {shape_of(kBands, 2, kSamples), std::move(streams)});
    products.set(level2::kCentralFrequencies, Array(shape_of(kBands, 2), 30.0));
    context.n_freq_bin = 2;
  }

  void run(const CalibratorFit& stage) {
    stage.prepare(context);
    if (const auto worker = stage.start_feed(context, 7, products)) worker->finish();
  }
  std::span<const double> result(const std::string& name) const {
    return std::get<std::vector<double>>(products.product("level2/calibrator_fit/" + name).values);
  }
};

TEST(CalibratorFit, AnExactSourceOnTheAtmosphereIsFound) {
  for (const std::string source : {"TauA", "Jupiter"}) {
    Observed observed(source);
    observed.run(CalibratorFit(CalibratorFitConfig{}));
    for (std::size_t element = 0; element < kElements; ++element) {
      const double amplitude_K = 2.0 + 0.1 * static_cast<double>(element);
      EXPECT_NEAR(observed.result("amplitudes")[element], amplitude_K, 1e-3) << source;
      EXPECT_NEAR(observed.result("major_std")[element], kSigma_deg, 1e-5);
      EXPECT_NEAR(observed.result("minor_std")[element], kSigma_deg, 1e-5);
      EXPECT_NEAR(observed.result("ra_offset")[element], 0.0, 2e-5);
      EXPECT_NEAR(observed.result("dec_offset")[element], 0.0, 2e-5);
      // 2 k nu^2 / c^2 = 2.76512e-19 W m^-2 Hz^-1 / K / sr at 30 GHz.
      const double solid_angle_sr = 2.0 * std::numbers::pi * std::pow(kSigma_deg * kDegree_rad, 2);
      const double flux_Jy = amplitude_K * solid_angle_sr * 2.76512e-19 / 1e-26;
      EXPECT_NEAR(observed.result("flux")[element] / flux_Jy, 1.0, 1e-3);
      EXPECT_GT(observed.result("flux_errors")[element], 0.0);
      EXPECT_NEAR(observed.result("chi2")[element], 1.0, 0.15) << "the ripple is what the ring sees, too";
      EXPECT_EQ(observed.result("position_angle")[element], 0.0);
    }
  }
}

// A telescope that looks 1' further right and 2' further up than it says sees the source 1' left of and 2' below it.
TEST(CalibratorFit, OffsetsHaveTheSignsOfAzimuthAndElevation) {
  Observed observed("TauA", kArcminute_deg, 2.0 * kArcminute_deg);
  observed.run(CalibratorFit(CalibratorFitConfig{}));
  for (std::size_t element = 0; element < kElements; ++element) {
    EXPECT_NEAR(observed.result("az_offset")[element], -kArcminute_deg, 0.02 * kArcminute_deg);
    EXPECT_NEAR(observed.result("el_offset")[element], -2.0 * kArcminute_deg, 0.02 * kArcminute_deg);
    const double ra = observed.result("ra_offset")[element], dec = observed.result("dec_offset")[element];
    EXPECT_NEAR(std::hypot(ra, dec), std::sqrt(5.0) * kArcminute_deg, 0.02 * kArcminute_deg);
  }
}

TEST(CalibratorFit, OldRastersAreShiftedWhereAzimuthRises) {
  Observed old("TauA", 0.0, 0.0, 28851), recent("TauA", 0.0, 0.0, 28852);
  const CalibratorScan shifted = calibrator_scan(old.context, 7, "TauA", {});
  const CalibratorScan plain = calibrator_scan(recent.context, 7, "TauA", {});
  int n_rising = 0, n_falling = 0;
  for (std::size_t i = 1; i + 1 < plain.x_deg.size(); ++i) {
    const std::vector<double>& azimuth = recent.context.level1.azimuth_deg;
    const double moved_deg = std::hypot(shifted.x_deg[i] - plain.x_deg[i], shifted.y_deg[i] - plain.y_deg[i]);
    if (azimuth[i + 1] > azimuth[i - 1]) {
      const double elevation_rad = recent.context.level1.elevation_deg[i] * kDegree_rad;
      EXPECT_NEAR(moved_deg, 100.0 / 3600.0 * std::cos(elevation_rad), 1e-4);
      ++n_rising;
    } else {
      EXPECT_EQ(moved_deg, 0.0);
      ++n_falling;
    }
  }
  EXPECT_GT(n_rising, 3000);
  EXPECT_GT(n_falling, 3000);
}

TEST(CalibratorFit, WhatIsNoSourceIsRejected) {
  Observed observed("TauA");
  const CalibratorScan scan = calibrator_scan(observed.context, 7, "TauA", {});
  const auto n = scan.x_deg.size();
  std::vector<float> hole(n), wide(n), nothing(n, std::nanf(""));
  for (std::size_t i = 0; i < n; ++i) {
    const double squared = scan.x_deg[i] * scan.x_deg[i] + scan.y_deg[i] * scan.y_deg[i];
    const float ripple = 1e-3F * (i % 2 == 0 ? 1.0F : -1.0F);
    hole[i] = ripple - static_cast<float>(std::exp(-0.5 * squared / (kSigma_deg * kSigma_deg)));
    wide[i] = ripple + static_cast<float>(std::exp(-0.5 * squared / (0.12 * 0.12)));
  }
  for (const auto& samples : {hole, wide, nothing}) {
    const CalibratorMeasurement measured = measure_calibrator(scan, samples, 30.0, {});
    EXPECT_TRUE(std::isnan(measured.amplitude_K.value)) << measured.amplitude_K.value;
    EXPECT_TRUE(std::isnan(measured.flux_Jy.error));
    EXPECT_TRUE(std::isnan(measured.chi2));
  }
}

/// A source in noise of the filtered data of a scan: white, and slow up to the frequencies of a beam.
struct NoisySource {
  Observed observed{"TauA"};
  CalibratorScan scan = calibrator_scan(observed.context, 7, "TauA", {});
  std::mt19937_64 generator{5};

  std::vector<float> values(double amplitude_K) {
    constexpr double kWhite_K = 0.01, kSlow_K = 0.012;
    const std::size_t n = scan.x_deg.size();
    std::normal_distribution<double> normal;
    RealFft fft(n);
    for (std::size_t mode = 0; mode < fft.spectrum().size(); ++mode) {
      const double frequency_Hz = std::max<double>(static_cast<double>(mode), 1.0) / (0.02 * static_cast<double>(n));
      const double slow_K2 = kSlow_K * kSlow_K * std::pow(frequency_Hz, -1.3);
      const double power = kWhite_K * kWhite_K + slow_K2 / (1.0 + slow_K2 / (4.0 * kWhite_K * kWhite_K));
      const double scale = std::sqrt(0.5 * power * static_cast<double>(n));
      fft.spectrum()[mode] = {scale * normal(generator), scale * normal(generator)};
    }
    fft.inverse();
    std::vector<float> result(n);
    for (std::size_t i = 0; i < n; ++i) {
      const double squared = scan.x_deg[i] * scan.x_deg[i] + scan.y_deg[i] * scan.y_deg[i];
      const double source_K = amplitude_K * std::exp(-0.5 * squared / (kSigma_deg * kSigma_deg));
      result[i] = static_cast<float>(fft.samples()[i] + source_K + 12.0 * scan.airmass[i]);
    }
    return result;
  }
  double flux_Jy(double amplitude_K) const {
    return amplitude_K * 2.0 * std::numbers::pi * std::pow(kSigma_deg * kDegree_rad, 2) * 2.76512e-19 / 1e-26;
  }
};

TEST(CalibratorFit, ErrorsAreTheScatterOfFitsInCorrelatedNoise) {
  constexpr int kTrials = 120;
  NoisySource source;
  for (const double amplitude_K : {7.6, 0.75}) {
    double sum = 0.0, square = 0.0, flux = 0.0;
    for (int trial = 0; trial < kTrials; ++trial) {
      const CalibratorMeasurement measured = measure_calibrator(source.scan, source.values(amplitude_K), 30.0, {});
      const double pull = (measured.flux_Jy.value - source.flux_Jy(amplitude_K)) / measured.flux_Jy.error;
      sum += pull / kTrials;
      square += pull * pull / kTrials;
      flux += measured.flux_Jy.value / source.flux_Jy(amplitude_K) / kTrials;
    }
    EXPECT_NEAR(std::sqrt(square - sum * sum), 1.0, 0.2) << amplitude_K;
    EXPECT_NEAR(flux, 1.0, amplitude_K > 1.0 ? 0.001 : 0.005);
  }
}

TEST(CalibratorFit, AGlitchOnTheSourceRejectsNothing) {
  NoisySource source;
  for (const double amplitude_K : {7.6, 0.75}) {
    std::vector<float> values_K = source.values(amplitude_K);
    const CalibratorMeasurement clean = measure_calibrator(source.scan, values_K, 30.0, {});
    std::vector<std::size_t> core;
    for (std::size_t i = 0; i < values_K.size(); ++i) {
      if (std::hypot(source.scan.x_deg[i], source.scan.y_deg[i]) < 0.3 * kSigma_deg) core.push_back(i);
    }
    ASSERT_GT(core.size(), 3U);
    for (const float glitch_K : {0.4F, 3.0F, -40.0F, 1e6F}) {
      std::vector<float> spoilt_K = values_K;
      spoilt_K[core[core.size() / 2]] += glitch_K;
      spoilt_K[core.front()] -= glitch_K;
      const CalibratorMeasurement found = measure_calibrator(source.scan, spoilt_K, 30.0, {});
      EXPECT_NEAR(found.flux_Jy.value / clean.flux_Jy.value, 1.0, 0.3 * clean.flux_Jy.error / clean.flux_Jy.value)
          << amplitude_K << " K, glitch of " << glitch_K << " K";
    }
  }
}

TEST(CalibratorFit, OtherObservationsHaveNoOutputs) {
  const CalibratorFit stage({});
  for (const auto& [source, group] : {std::pair("Field12", "Galactic"), std::pair("NGC7027", "Calibrator")}) {
    Observed observed("TauA");
    observed.context.source = source;
    observed.context.source_group = group;
    observed.run(stage);
    EXPECT_FALSE(stage.applies_to(observed.context));
    EXPECT_FALSE(observed.products.contains("level2/calibrator_fit/flux"));
    EXPECT_TRUE(stage.summary(observed.context, {observed.products}).empty());
    EXPECT_TRUE(stage.calibration_flux(observed.context, 7, observed.products).empty());
  }
}

TEST(CalibratorFit, TheCatalogueGetsMediansAndEveryElement) {
  const CalibratorFit stage({});
  Observed observed("TauA", kArcminute_deg);
  observed.run(stage);
  EXPECT_TRUE(stage.applies_to(observed.context));
  EXPECT_EQ(stage.writes().size(), 19U);
  const nlohmann::json summary = stage.summary(observed.context, {observed.products});
  EXPECT_NEAR(summary.at("pointing_offset_az").get<double>(), -kArcminute_deg, 1e-3);
  EXPECT_NEAR(summary.at("pointing_offset_el").get<double>(), 0.0, 1e-3);
  const auto flux = observed.result("flux");
  EXPECT_DOUBLE_EQ(summary.at("calibrator_flux").get<double>(), 0.5 * (flux[3] + flux[4]));
  const auto rows = stage.calibration_flux(observed.context, 7, observed.products);
  ASSERT_EQ(rows.size(), kElements);
  EXPECT_EQ(rows[5].feed, 7);
  EXPECT_EQ(rows[5].band, 2);
  EXPECT_EQ(rows[5].channel, 1);
  EXPECT_EQ(rows[5].source, "TauA");
  EXPECT_EQ(rows[5].measured_flux_Jy, flux[5]);
  EXPECT_NEAR(rows[5].mjd, kStart_mjd + 4000 * 0.02 / 86400.0, 1e-6);
  EXPECT_EQ(rows[5].frequency_GHz, 30.0);
}

// Feed 1 of observation 30004, filtered and fitted by the Python pipeline. Its fluxes are at the wrong frequency in
// bands 0 and 2.
TEST(CalibratorFit, TheGoldenFitOfTheSameData) {
  const h5::File golden = h5::File::open_read(std::string(COMAP_TEST_DATA) + "/expected_30004_calibrator.h5");
  ObservationContext observation;
  observation.obsid = 30004;
  observation.level1.feeds = {1};
  observation.level1.mjd = golden.read<double>("MJD");
  observation.level1.azimuth_deg = golden.read<double>("az");
  observation.level1.elevation_deg = golden.read<double>("el");
  const std::size_t n = observation.level1.mjd.size();
  observation.level1.n_samples = static_cast<std::int64_t>(n);
  observation.scans = {{0, observation.level1.n_samples}};
  const auto streams = golden.read<float>("tod");
  const auto theirs = [&](const char* name) { return golden.read<double>(std::string("calibrator_fit/") + name); };
  const CalibratorScan scan = calibrator_scan(observation, 1, "TauA", {});
  const auto frequencies_GHz = golden.read<double>("central_freqs");
  for (std::size_t element = 0; element < kElements; ++element) {
    const CalibratorMeasurement ours =
        measure_calibrator(scan, std::span(streams).subspan(element * n, n), frequencies_GHz[element], {});
    EXPECT_NEAR(ours.amplitude_K.value / theirs("amplitudes")[element], 1.0, 0.01) << element;
    EXPECT_NEAR(ours.ra_offset_deg.value, theirs("ra_offset")[element], 0.05 * kArcminute_deg) << element;
    EXPECT_NEAR(ours.dec_offset_deg.value, theirs("dec_offset")[element], 0.05 * kArcminute_deg) << element;
    EXPECT_NEAR(ours.major_std_deg.value / theirs("major_std")[element], 1.0, 0.01) << element;
    EXPECT_NEAR(ours.minor_std_deg.value / theirs("minor_std")[element], 1.0, 0.01) << element;
    if (element / 2 % 2 == 0) continue;
    EXPECT_NEAR(ours.flux_Jy.value / theirs("flux")[element], 1.0, 0.015) << element;
  }
}

}  // namespace
}  // namespace comap
