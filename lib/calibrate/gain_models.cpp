#include "calibrate/gain_models.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "calibrate/flux_models.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap {
namespace {

constexpr double kReferenceMjd = 59000.0;

double years_of(double mjd_utc) { return (mjd_utc - kReferenceMjd) / kDaysPerYear; }

/// Middle of a sub-band [GHz]; bands 0 and 2 run down in frequency, so that their sub-band 0 is the upper one.
double nominal_frequency_GHz(int band, int channel) {
  constexpr double kLowest_GHz = 26.0, kBandwidth_GHz = 2.0;
  const bool is_upper = (channel == 1) == (band % 2 == 1);
  return kLowest_GHz + kBandwidth_GHz * (band + (is_upper ? 0.75 : 0.25));
}

GainMeasurement measurement_of(const CalibrateConfig& config, const CalibrationFlux& row) {
  GainMeasurement measurement;
  measurement.flux = row;
  if (!std::isfinite(row.measured_flux_Jy) || !std::isfinite(row.chi2) || !std::isfinite(row.mjd)) {
    measurement.model_flux_Jy = measurement.gain_ratio = kNan;
    measurement.cut = GainCut::not_measured;
    return measurement;
  }
  const double frequency_GHz =
      std::isfinite(row.frequency_GHz) ? row.frequency_GHz : nominal_frequency_GHz(row.band, row.channel);
  measurement.model_flux_Jy = source_flux_Jy(config.source, frequency_GHz, row.mjd);
  measurement.gain_ratio = row.measured_flux_Jy / measurement.model_flux_Jy;
  if (row.chi2 > config.chi2_max) {
    measurement.cut = GainCut::chi2_above_max;
  } else if (!(measurement.gain_ratio > config.gain_min)) {
    measurement.cut = GainCut::gain_below_min;
  } else if (!(measurement.gain_ratio < config.gain_max)) {
    measurement.cut = GainCut::gain_above_max;
  }
  return measurement;
}

using Element = std::tuple<int, int, int>;  ///< feed, band, channel

Eigen::VectorXd polynomial_fit(const Eigen::VectorXd& years, const Eigen::VectorXd& gains, int degree) {
  Eigen::MatrixXd powers(years.size(), degree + 1);
  powers.col(0).setOnes();
  for (int k = 1; k <= degree; ++k) powers.col(k) = powers.col(k - 1).cwiseProduct(years);
  // Observations at fewer different times than coefficients: the smallest coefficients that fit.
  return powers.completeOrthogonalDecomposition().solve(gains);
}

void fit_element(const CalibrateConfig& config, const std::vector<const GainMeasurement*>& used,
                 CalibrationModel& model) {
  if (config.model_type == "nearest") {
    for (const GainMeasurement* measurement : used) {
      model.nearest_mjds.push_back(measurement->flux.mjd);
      model.nearest_gains.push_back(measurement->gain_ratio);
    }
  } else {
    const auto n = static_cast<Eigen::Index>(used.size());
    Eigen::VectorXd years(n), gains(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      years[i] = years_of(used[i]->flux.mjd);
      gains[i] = used[i]->gain_ratio;
    }
    const Eigen::VectorXd fit = polynomial_fit(years, gains, config.model_type == "mean" ? 0 : config.poly_degree);
    model.poly_coeffs.assign(fit.begin(), fit.end());
  }
  double sum = 0.0;
  for (const GainMeasurement* measurement : used) {
    const double rest = measurement->gain_ratio - gain_ratio_at(model, measurement->flux.mjd);
    sum += rest * rest;
  }
  model.fit_rms = std::sqrt(sum / static_cast<double>(used.size()));
}

}  // namespace

std::string_view cut_text(GainCut cut) {
  switch (cut) {
    case GainCut::none:
      return "kept";
    case GainCut::not_measured:
      return "no fit of the source";
    case GainCut::chi2_above_max:
      return "chi2 above chi2_max";
    case GainCut::gain_below_min:
      return "gain ratio below gain_min";
    case GainCut::gain_above_max:
      return "gain ratio above gain_max";
    case GainCut::too_few_observations:
      return "element with fewer than min_observations";
  }
  throw Bug("a cut without a text");
}

GainFits fit_gains(const CalibrateConfig& config, const std::vector<CalibrationFlux>& rows,
                   const std::string& updated_at) {
  GainFits fits;
  for (const CalibrationFlux& row : rows) fits.measurements.push_back(measurement_of(config, row));
  std::map<Element, std::vector<GainMeasurement*>> elements;
  for (GainMeasurement& measurement : fits.measurements) {
    const CalibrationFlux& flux = measurement.flux;
    if (measurement.cut == GainCut::none) elements[{flux.feed, flux.band, flux.channel}].push_back(&measurement);
  }
  for (auto& [element, used] : elements) {
    if (std::ssize(used) < config.min_observations) {
      for (GainMeasurement* measurement : used) measurement->cut = GainCut::too_few_observations;
      continue;
    }
    std::ranges::stable_sort(used, {}, [](const GainMeasurement* one) { return one->flux.mjd; });
    CalibrationModel& model = fits.models.emplace_back();
    std::tie(model.feed, model.band, model.channel) = element;
    model.source = config.source;
    model.model_type = config.model_type;
    model.n_observations = std::ssize(used);
    model.updated_at = updated_at;
    fit_element(config, {used.begin(), used.end()}, model);
  }
  for (const GainMeasurement& measurement : fits.measurements) ++fits.counts[static_cast<std::size_t>(measurement.cut)];
  return fits;
}

double gain_ratio_at(const CalibrationModel& model, double mjd_utc) {
  if (!std::isfinite(mjd_utc)) return kNan;
  if (!model.poly_coeffs.empty()) {
    double value = 0.0;
    for (auto coefficient = model.poly_coeffs.rbegin(); coefficient != model.poly_coeffs.rend(); ++coefficient) {
      value = value * years_of(mjd_utc) + *coefficient;
    }
    return value;
  }
  if (model.nearest_mjds.empty() || model.nearest_mjds.size() != model.nearest_gains.size()) return kNan;
  const auto nearest =
      std::ranges::min_element(model.nearest_mjds, {}, [&](double mjd) { return std::abs(mjd - mjd_utc); });
  return model.nearest_gains[nearest - model.nearest_mjds.begin()];
}

}  // namespace comap
