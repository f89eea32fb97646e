// Flux models against the published numbers, gain models against gain curves that are known.

#include "calibrate/gain_models.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "calibrate/flux_models.hpp"
#include "core/error.hpp"

namespace comap {
namespace {

constexpr double kMjd2000 = 51544.0, kMjd2005 = 53371.0;

TEST(FluxModels, TheValuesAtFortyGigahertzAndTheEpoch) {
  EXPECT_NEAR(source_flux_Jy("TauA", 40.0, kMjd2005), std::pow(10.0, 2.506), 1e-9);
  EXPECT_NEAR(source_flux_Jy("CasA", 40.0, kMjd2000), std::pow(10.0, 2.204), 1e-9);
  EXPECT_NEAR(source_flux_Jy("CygA", 40.0, 59000.0), std::pow(10.0, 1.480), 1e-9);
}

TEST(FluxModels, ColourAndDecline) {
  // A tenth of the frequency: 10^0.302; 10^(0.682 + 0.038).
  EXPECT_NEAR(source_flux_Jy("TauA", 4.0, kMjd2005) / source_flux_Jy("TauA", 40.0, kMjd2005), 2.00447, 1e-5);
  EXPECT_NEAR(source_flux_Jy("CasA", 4.0, kMjd2000) / source_flux_Jy("CasA", 40.0, kMjd2000), 5.24807, 1e-5);
  EXPECT_NEAR(source_flux_Jy("TauA", 30.0, kMjd2005 + 3652.5) / source_flux_Jy("TauA", 30.0, kMjd2005), 0.979, 1e-9);
  EXPECT_NEAR(source_flux_Jy("CasA", 30.0, kMjd2000 + 3652.5) / source_flux_Jy("CasA", 30.0, kMjd2000), 0.949, 1e-9);
  EXPECT_EQ(source_flux_Jy("CygA", 30.0, 59000.0), source_flux_Jy("CygA", 30.0, 50000.0));
  EXPECT_THROW(source_flux_Jy("Venus", 30.0, 59000.0), ConfigError);
}

// The temperatures of the table scatter about their power law by less than 0.3 %.
TEST(FluxModels, JupiterFollowsTheMeasuredTemperatures) {
  EXPECT_NEAR(jupiter_temperature_K(27.688), 141.757, 0.5);
  EXPECT_NEAR(jupiter_temperature_K(31.188), 146.635, 0.5);
  EXPECT_NEAR(jupiter_temperature_K(34.688), 151.013, 0.5);
  // At 5.2 au: 2 k T nu^2 / c^2 x 2.481e-8 sr = 99 Jy at 30 GHz. In September 2022 it came to 3.953 au.
  const double at_reference_Jy = 2.76512e-19 * jupiter_temperature_K(30.0) * 2.481e-8 / 1e-26;
  EXPECT_NEAR(source_flux_Jy("Jupiter", 30.0, 59848.0), at_reference_Jy * std::pow(5.2 / 3.953, 2),
              0.001 * at_reference_Jy);
}

double known_gain(int feed, double mjd) {
  const double years = (mjd - 59000.0) / 365.25;
  return 0.9 + 0.01 * feed + 0.02 * years - 0.005 * years * years;
}

/// Twelve observations of two feeds with a known gain.
std::vector<CalibrationFlux> known_rows() {
  std::vector<CalibrationFlux> rows;
  for (int i = 0; i < 12; ++i) {
    for (const int feed : {1, 2}) {
      const double mjd = 59100.0 + 60.0 * i;
      const double flux_Jy = known_gain(feed, mjd) * source_flux_Jy("TauA", 27.4, mjd);
      rows.push_back({1000 + i, feed, 0, 0, mjd, "TauA", flux_Jy, 1.0, 6.0, 1.2, 27.4});
    }
  }
  return rows;
}

TEST(GainModels, APolynomialGainIsFound) {
  const GainFits fits = fit_gains({}, known_rows(), "2022-11-22T00:00:00Z");
  ASSERT_EQ(fits.models.size(), 2U);
  for (const CalibrationModel& model : fits.models) {
    EXPECT_EQ(model.n_observations, 12);
    EXPECT_LT(model.fit_rms, 1e-10);
    ASSERT_EQ(model.poly_coeffs.size(), 3U);
    EXPECT_NEAR(model.poly_coeffs[0], 0.9 + 0.01 * model.feed, 1e-9);
    EXPECT_NEAR(model.poly_coeffs[1], 0.02, 1e-9);
    EXPECT_NEAR(model.poly_coeffs[2], -0.005, 1e-9);
    EXPECT_NEAR(gain_ratio_at(model, 59333.0), known_gain(model.feed, 59333.0), 1e-9);
    EXPECT_TRUE(std::isnan(gain_ratio_at(model, std::nan(""))));
  }
}

TEST(GainModels, MeanAndNearest) {
  CalibrateConfig config;
  config.model_type = "mean";
  const GainFits mean = fit_gains(config, known_rows(), "");
  double sum = 0.0;
  for (int i = 0; i < 12; ++i) sum += known_gain(2, 59100.0 + 60.0 * i) / 12;
  ASSERT_EQ(mean.models.size(), 2U);
  EXPECT_NEAR(gain_ratio_at(mean.models[1], 70000.0), sum, 1e-9);
  EXPECT_GT(mean.models[1].fit_rms, 0.0);

  config.model_type = "nearest";
  const GainFits nearest = fit_gains(config, known_rows(), "");
  EXPECT_EQ(nearest.models[0].nearest_mjds.size(), 12U);
  EXPECT_NEAR(gain_ratio_at(nearest.models[0], 59100.0 + 60.0 * 3 + 29.0), known_gain(1, 59280.0), 1e-9);
  EXPECT_NEAR(gain_ratio_at(nearest.models[0], 59100.0 + 60.0 * 3 + 31.0), known_gain(1, 59340.0), 1e-9);
  EXPECT_NEAR(gain_ratio_at(nearest.models[0], 0.0), known_gain(1, 59100.0), 1e-9);
}

TEST(GainModels, EveryCutIsCounted) {
  std::vector<CalibrationFlux> rows = known_rows();
  rows[0].measured_flux_Jy = std::nan("");
  rows[1].chi2 = 10.1;
  rows[2].measured_flux_Jy *= 0.2;
  rows[3].measured_flux_Jy *= 5.0;
  rows.push_back(rows[4]);
  rows.back().feed = 9;  // seen once
  const GainFits fits = fit_gains({}, rows, "");
  const auto count = [&](GainCut cut) { return fits.counts[static_cast<std::size_t>(cut)]; };
  EXPECT_EQ(count(GainCut::not_measured), 1);
  EXPECT_EQ(count(GainCut::chi2_above_max), 1);
  EXPECT_EQ(count(GainCut::gain_below_min), 1);
  EXPECT_EQ(count(GainCut::gain_above_max), 1);
  EXPECT_EQ(count(GainCut::too_few_observations), 1);
  EXPECT_EQ(count(GainCut::none), 20);
  ASSERT_EQ(fits.models.size(), 2U);
  EXPECT_EQ(fits.models[0].n_observations, 10);
  EXPECT_LT(fits.models[0].fit_rms, 1e-10) << "what was cut has no part in the fit";
}

// Sub-band 0 of bands 0 and 2 is the upper one.
TEST(GainModels, RowsWithoutFrequencyAreTakenAtTheMiddleOfTheSubBand) {
  const double middle_GHz[] = {27.5, 26.5, 28.5, 29.5, 31.5, 30.5, 32.5, 33.5};
  for (int element = 0; element < 8; ++element) {
    CalibrationFlux row = known_rows().front();
    row.band = element / 2;
    row.channel = element % 2;
    row.frequency_GHz = std::nan("");
    const GainFits fits = fit_gains({}, {row}, "");
    EXPECT_DOUBLE_EQ(fits.measurements[0].model_flux_Jy, source_flux_Jy("TauA", middle_GHz[element], row.mjd));
  }
}

}  // namespace
}  // namespace comap
