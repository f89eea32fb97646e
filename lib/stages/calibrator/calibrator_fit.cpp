#include "stages/calibrator/calibrator_fit.hpp"

#include <fmt/core.h>

#include <array>

#include "config/binder.hpp"
#include "core/constants.hpp"
#include "core/log.hpp"
#include "data/observation.hpp"
#include "data/sample_flag.hpp"
#include "math/median.hpp"
#include "sky/source_positions.hpp"
#include "stages/calibrator/calibrator_element.hpp"

namespace comap {
namespace {

constexpr std::string_view kCalibratorGroup = "Calibrator";

struct Quantity {
  const level2::MeasuredDatasets& datasets;
  Measured CalibratorMeasurement::*member;
};
constexpr std::array<Quantity, 9> kQuantities = {{
    {level2::kAmplitude, &CalibratorMeasurement::amplitude_K},
    {level2::kRaOffset, &CalibratorMeasurement::ra_offset_deg},
    {level2::kDecOffset, &CalibratorMeasurement::dec_offset_deg},
    {level2::kAzOffset, &CalibratorMeasurement::az_offset_deg},
    {level2::kElOffset, &CalibratorMeasurement::el_offset_deg},
    {level2::kMajorStd, &CalibratorMeasurement::major_std_deg},
    {level2::kMinorStd, &CalibratorMeasurement::minor_std_deg},
    {level2::kPositionAngle, &CalibratorMeasurement::position_angle_deg},
    {level2::kFlux, &CalibratorMeasurement::flux_Jy},
}};

struct SummaryColumn {
  std::string_view column;
  const level2::ArrayDataset<double, 2>& dataset;
};
constexpr std::array<SummaryColumn, 7> kSummary = {{
    {"calibrator_flux", level2::kFlux.value},
    {"calibrator_flux_error", level2::kFlux.error},
    {"calibrator_chi2", level2::kCalibratorChi2},
    {"pointing_offset_az", level2::kAzOffset.value},
    {"pointing_offset_el", level2::kElOffset.value},
    {"pointing_offset_ra", level2::kRaOffset.value},
    {"pointing_offset_dec", level2::kDecOffset.value},
}};

/// Name of the source when this observation is to be fitted, else empty.
std::string source_to_fit(const ObservationContext& observation) {
  return observation.source_group == kCalibratorGroup && !observation.scans.empty() ? known_source(observation.source)
                                                                                    : "";
}

class CalibratorFitWorker final : public FeedWorker {
 public:
  CalibratorFitWorker(const ObservationContext& observation, int feed, const CalibratorFitConfig& config,
                      ProductTable& products)
      : observation_(observation), feed_(feed), config_(config), products_(products) {}

  void finish() override {
    CalibratorScan scan = calibrator_scan(observation_, feed_, source_to_fit(observation_), config_);
    leave_out_bad_pointing(scan);
    const auto streams = products_.get(level2::kBinnedFiltered);
    const auto frequencies_GHz = products_.get(level2::kCentralFrequencies);
    Array<CalibratorMeasurement, 2> measured(frequencies_GHz.shape());
    for (int band = 0; band < kBands; ++band) {
      for (int bin = 0; bin < measured.shape(1); ++bin) {
        const auto stream = streams.piece(scan.range[0], scan.range[1] - scan.range[0], band, bin);
        measured(band, bin) = measure_calibrator(scan, stream, frequencies_GHz(band, bin), config_);
      }
    }
    store(measured);
  }

 private:
  /// Samples that are not known to be where they say; a sample without airmass takes part in nothing.
  void leave_out_bad_pointing(CalibratorScan& scan) const {
    if (!products_.contains(level2::kSampleFlags)) return;
    const auto flags = products_.get(level2::kSampleFlags).piece(scan.range[0], scan.range[1] - scan.range[0], 0);
    for (std::size_t i = 0; i < scan.airmass.size(); ++i) {
      if ((flags[i] & sample_flag::kPointing) != 0) scan.airmass[i] = kNan;
    }
  }

  void store(const Array<CalibratorMeasurement, 2>& measured) {
    const auto set = [&](const level2::ArrayDataset<double, 2>& dataset, auto of) {
      Array<double, 2> values(measured.shape());
      std::ranges::transform(measured.flat(), values.flat().begin(), of);
      products_.set(dataset, std::move(values));
    };
    for (const auto& [datasets, member] : kQuantities) {
      set(datasets.value, [m = member](const CalibratorMeasurement& one) { return (one.*m).value; });
      set(datasets.error, [m = member](const CalibratorMeasurement& one) { return (one.*m).error; });
    }
    set(level2::kCalibratorChi2, &CalibratorMeasurement::chi2);
  }

  const ObservationContext& observation_;
  int feed_;
  const CalibratorFitConfig& config_;
  ProductTable& products_;
};

}  // namespace

void bind(Binder& binder, CalibratorFitConfig& config) {
  constexpr double kMaxObsid = 1e9;
  binder.number("fit_radius_deg", config.fit_radius_deg, {kAboveZero, 10}, "samples used around the source [deg]");
  binder.number("beam_fwhm_deg", config.beam_fwhm_deg, {kAboveZero, 1}, "start value of the fit [deg]");
  binder.flag("fit_angle", config.fit_angle, "also the position angle of the beam");
  binder.choice("background", config.background, {"sweep", "scan"},
                "constant and slope of each sweep, or constant, slope and airmass of the scan");
  binder.number("glitch_sigma", config.glitch_sigma, {0},
                "samples further from the fit are left out; 0 = none [noise]");
  binder.integer("raster_drift_before_obsid", config.raster_drift_before_obsid, {0, kMaxObsid},
                 "older observations: 100 arcsec added to az where it rises");
}

DatasetList CalibratorFit::writes() const {
  DatasetList datasets;
  for (const Quantity& quantity : kQuantities) {
    datasets.push_back(&quantity.datasets.value);
    datasets.push_back(&quantity.datasets.error);
  }
  datasets.push_back(&level2::kCalibratorChi2);
  return datasets;
}

bool CalibratorFit::applies_to(const ObservationContext& observation) const {
  return !source_to_fit(observation).empty();
}

void CalibratorFit::prepare(ObservationContext& observation) const {
  if (observation.source_group == kCalibratorGroup && known_source(observation.source).empty()) {
    log_warning("the position of the calibrator '{}' is not known: no fit", observation.source);
  }
}

std::unique_ptr<FeedWorker> CalibratorFit::start_feed(const ObservationContext& observation, int feed,
                                                      ProductTable& products) const {
  if (!applies_to(observation)) return nullptr;
  return std::make_unique<CalibratorFitWorker>(observation, feed, config_, products);
}

nlohmann::json CalibratorFit::summary(const ObservationContext& observation,
                                      const std::vector<ProductTable>& feeds) const {
  nlohmann::json columns = nlohmann::json::object();
  if (!applies_to(observation)) return columns;
  for (const auto& [column, dataset] : kSummary) {
    std::vector<double> all;
    for (const ProductTable& products : feeds) {
      if (!products.contains(dataset)) continue;
      const auto values = products.flat(dataset);
      all.insert(all.end(), values.begin(), values.end());
    }
    columns[std::string(column)] = median(std::span<const double>(all));
  }
  return columns;
}

std::vector<CalibrationFlux> CalibratorFit::calibration_flux(const ObservationContext& observation, int feed,
                                                             const ProductTable& products) const {
  if (observation.n_freq_bin != kCatalogueSubBands || !products.contains(level2::kCalibratorChi2)) return {};
  const auto [start, end] = observation.scans.front();
  const std::vector<double>& mjd = observation.level1.mjd;
  std::vector<CalibrationFlux> rows;
  for (int band = 0; band < kBands; ++band) {
    for (int bin = 0; bin < observation.n_freq_bin; ++bin) {
      const auto value = [&](const level2::ArrayDataset<double, 2>& dataset) {
        return products.get(dataset)(band, bin);
      };
      CalibrationFlux& row = rows.emplace_back();
      row.obsid = observation.obsid;
      row.feed = feed;
      row.band = band;
      row.channel = bin;
      row.mjd = 0.5 * (mjd[start] + mjd[end - 1]);
      row.source = known_source(observation.source);
      row.measured_flux_Jy = value(level2::kFlux.value);
      row.flux_error_Jy = value(level2::kFlux.error);
      row.amplitude_K = value(level2::kAmplitude.value);
      row.chi2 = value(level2::kCalibratorChi2);
      row.frequency_GHz = value(level2::kCentralFrequencies);
    }
  }
  return rows;
}

}  // namespace comap
