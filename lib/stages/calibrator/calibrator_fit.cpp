#include "stages/calibrator/calibrator_fit.hpp"

#include <fmt/core.h>

#include <array>

#include "core/constants.hpp"
#include "core/log.hpp"
#include "data/observation.hpp"
#include "data/sample_flag.hpp"
#include "io/level2/level2_schema.hpp"
#include "math/median.hpp"
#include "sky/source_positions.hpp"
#include "stages/calibrator/calibrator_element.hpp"
#include "stages/output_spec.hpp"

namespace comap {
namespace {

constexpr std::string_view kCalibratorGroup = "Calibrator";
constexpr std::size_t kCatalogueSubBands = 2;  // what calibration_flux can hold

struct Quantity {
  std::string_view value;
  std::string_view error;
  std::string_view unit;
  Measured CalibratorMeasurement::*member;
};
constexpr std::array<Quantity, 9> kQuantities = {{
    {"amplitudes", "amplitude_errors", "K", &CalibratorMeasurement::amplitude_K},
    {"ra_offset", "ra_offset_errors", "deg", &CalibratorMeasurement::ra_offset_deg},
    {"dec_offset", "dec_offset_errors", "deg", &CalibratorMeasurement::dec_offset_deg},
    {"az_offset", "az_offset_errors", "deg", &CalibratorMeasurement::az_offset_deg},
    {"el_offset", "el_offset_errors", "deg", &CalibratorMeasurement::el_offset_deg},
    {"major_std", "major_std_errors", "deg", &CalibratorMeasurement::major_std_deg},
    {"minor_std", "minor_std_errors", "deg", &CalibratorMeasurement::minor_std_deg},
    {"position_angle", "position_angle_errors", "deg", &CalibratorMeasurement::position_angle_deg},
    {"flux", "flux_errors", "Jy", &CalibratorMeasurement::flux_Jy},
}};
constexpr std::string_view kChi2 = "chi2";

struct SummaryColumn {
  std::string_view column;
  std::string_view quantity;
};
constexpr std::array<SummaryColumn, 7> kSummary = {{
    {"calibrator_flux", "flux"},
    {"calibrator_flux_error", "flux_errors"},
    {"calibrator_chi2", kChi2},
    {"pointing_offset_az", "az_offset"},
    {"pointing_offset_el", "el_offset"},
    {"pointing_offset_ra", "ra_offset"},
    {"pointing_offset_dec", "dec_offset"},
}};

std::string product_path(std::string_view quantity) {
  return fmt::format("{}/{}", level2::kCalibratorFitGroup, quantity);
}

/// Name of the source when this observation is to be fitted, else empty.
std::string source_to_fit(const ObservationContext& observation) {
  return observation.source_group == kCalibratorGroup && !observation.scans.empty() ? known_source(observation.source)
                                                                                    : "";
}

class Worker final : public FeedWorker {
 public:
  Worker(const ObservationContext& observation, int feed, const CalibratorFitConfig& config, std::size_t n_elements,
         ProductTable& products)
      : observation_(observation), feed_(feed), config_(config), n_elements_(n_elements), products_(products) {}

  void finish() override {
    CalibratorScan scan = calibrator_scan(observation_, feed_, source_to_fit(observation_), config_);
    leave_out_bad_pointing(scan);
    const auto streams = products_.get<float>(level2::kBinnedFiltered);
    const auto frequencies_GHz = products_.get<double>(level2::kCentralFrequencies);
    const auto n_samples = static_cast<std::size_t>(observation_.level1.n_samples);
    std::vector<CalibratorMeasurement> elements;
    for (std::size_t element = 0; element < n_elements_; ++element) {
      const auto stream = streams.subspan(element * n_samples + static_cast<std::size_t>(scan.range[0]),
                                          static_cast<std::size_t>(scan.range[1] - scan.range[0]));
      elements.push_back(measure_calibrator(scan, stream, frequencies_GHz[element], config_));
    }
    store(elements);
  }

 private:
  /// Samples that are not known to be where they say; a sample without airmass takes part in nothing.
  void leave_out_bad_pointing(CalibratorScan& scan) const {
    if (!products_.contains(level2::kSampleFlags)) return;
    const auto flags =
        products_.get<std::uint8_t>(level2::kSampleFlags).subspan(static_cast<std::size_t>(scan.range[0]));
    for (std::size_t i = 0; i < scan.airmass.size(); ++i) {
      if ((flags[i] & sample_flag::kPointing) != 0) scan.airmass[i] = kNan;
    }
  }

  void store(const std::vector<CalibratorMeasurement>& elements) {
    for (const Quantity& quantity : kQuantities) {
      std::vector<double> values, errors;
      for (const CalibratorMeasurement& element : elements) {
        values.push_back((element.*quantity.member).value);
        errors.push_back((element.*quantity.member).error);
      }
      products_.set(product_path(quantity.value), std::move(values));
      products_.set(product_path(quantity.error), std::move(errors));
    }
    std::vector<double> chi2;
    for (const CalibratorMeasurement& element : elements) chi2.push_back(element.chi2);
    products_.set(product_path(kChi2), std::move(chi2));
  }

  const ObservationContext& observation_;
  int feed_;
  const CalibratorFitConfig& config_;
  std::size_t n_elements_;
  ProductTable& products_;
};

}  // namespace

nlohmann::json CalibratorFit::parameters() const {
  return {{"fit_radius_deg", config_.fit_radius_deg},
          {"beam_fwhm_deg", config_.beam_fwhm_deg},
          {"fit_angle", config_.fit_angle},
          {"raster_drift_before_obsid", config_.raster_drift_before_obsid}};
}

void CalibratorFit::prepare(ObservationContext& observation) const {
  if (observation.source_group == kCalibratorGroup && known_source(observation.source).empty()) {
    log_warning("the position of the calibrator '{}' is not known: no fit", observation.source);
  }
}

std::vector<OutputSpec> CalibratorFit::outputs(const ObservationContext& observation) const {
  if (source_to_fit(observation).empty()) return {};
  std::vector<OutputSpec> specs;
  const auto add = [&](std::string_view quantity, std::string_view unit) {
    specs.push_back(
        feed_output(product_path(quantity), h5::StoredType::float64, {kBands, n_freq_bin_}, std::string(unit)));
  };
  for (const Quantity& quantity : kQuantities) {
    add(quantity.value, quantity.unit);
    add(quantity.error, quantity.unit);
  }
  add(kChi2, "");
  return specs;
}

std::unique_ptr<FeedWorker> CalibratorFit::start_feed(const ObservationContext& observation, int feed,
                                                      ProductTable& products) const {
  if (source_to_fit(observation).empty()) return nullptr;
  return std::make_unique<Worker>(observation, feed, config_, kBands * n_freq_bin_, products);
}

nlohmann::json CalibratorFit::summary(const ObservationContext& observation,
                                      const std::vector<ProductTable>& feeds) const {
  nlohmann::json columns = nlohmann::json::object();
  if (source_to_fit(observation).empty()) return columns;
  for (const auto& [column, quantity] : kSummary) {
    std::vector<double> all;
    for (const ProductTable& products : feeds) {
      if (!products.contains(product_path(quantity))) continue;
      const auto values = products.get<double>(product_path(quantity));
      all.insert(all.end(), values.begin(), values.end());
    }
    columns[std::string(column)] = median(std::span<const double>(all));
  }
  return columns;
}

std::vector<CalibrationFlux> CalibratorFit::calibration_flux(const ObservationContext& observation, int feed,
                                                             const ProductTable& products) const {
  if (n_freq_bin_ != kCatalogueSubBands || !products.contains(product_path(kChi2))) return {};
  const auto [start, end] = observation.scans.front();
  const std::vector<double>& mjd = observation.level1.mjd;
  const auto values = [&](std::string_view quantity) { return products.get<double>(product_path(quantity)); };
  std::vector<CalibrationFlux> rows;
  for (std::size_t element = 0; element < kBands * n_freq_bin_; ++element) {
    CalibrationFlux& row = rows.emplace_back();
    row.obsid = observation.obsid;
    row.feed = feed;
    row.band = static_cast<int>(element / n_freq_bin_);
    row.channel = static_cast<int>(element % n_freq_bin_);
    row.mjd = 0.5 * (mjd[static_cast<std::size_t>(start)] + mjd[static_cast<std::size_t>(end - 1)]);
    row.source = known_source(observation.source);
    row.measured_flux_Jy = values("flux")[element];
    row.flux_error_Jy = values("flux_errors")[element];
    row.amplitude_K = values("amplitudes")[element];
    row.chi2 = values(kChi2)[element];
    row.frequency_GHz = products.get<double>(level2::kCentralFrequencies)[element];
  }
  return rows;
}

}  // namespace comap
