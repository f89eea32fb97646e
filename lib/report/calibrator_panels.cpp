#include "report/calibrator_panels.hpp"

#include <fmt/core.h>

#include <cmath>

#include "core/constants.hpp"
#include "data/level2_datasets.hpp"
#include "data/observation.hpp"
#include "io/level1/level1_metadata.hpp"
#include "math/detrend.hpp"
#include "math/source_fit.hpp"
#include "sky/source_positions.hpp"
#include "stages/calibrator/calibrator_element.hpp"

namespace comap {
namespace {

/// The parts of a Level-2 file that calibrator_scan() needs.
ObservationContext context_of(const h5::File& file) {
  ObservationContext observation;
  observation.level1 = read_level1_copies(file.path());
  observation.obsid = observation.level1.obsid;
  if (const auto source = file.attribute("comap", "source")) observation.source = source_name_of(h5::to_text(*source));
  const auto edges = file.read<std::int64_t>(level2::kScanEdges);
  observation.scans.push_back({edges.at(0), edges.at(1)});
  return observation;
}

/// The source as the file describes it, in the coordinates of the fit.
SourceVector stored_source(const h5::File& file, int feed, std::uint64_t band, std::uint64_t sub_band) {
  const auto value = [&](std::string_view quantity) {
    const std::string dataset = fmt::format("{}/{}", level2::kCalibratorFitGroup, quantity);
    return file.read<double>(dataset, {{static_cast<std::uint64_t>(feed - 1), band, sub_band}, {1, 1, 1}}).front();
  };
  return {value("amplitudes"), value("ra_offset"), value("dec_offset"),
          value("major_std"),  value("minor_std"), value("position_angle") * kDegree_rad};
}

CurvePanel panel_of(const CalibratorScan& scan, std::span<const float> values_K, const SourceVector& source,
                    double radius_deg, double sample_time_s) {
  std::vector<double> seconds, model, residual, time, airmass;
  for (std::size_t i = 0; i < values_K.size(); ++i) {
    if (!(std::hypot(scan.x_deg[i], scan.y_deg[i]) <= radius_deg)) continue;
    seconds.push_back(static_cast<double>(i) * sample_time_s);
    model.push_back(source_model_K(source, scan.x_deg[i], scan.y_deg[i]));
    residual.push_back(values_K[i] - model.back());
    time.push_back(scan.time[i]);
    airmass.push_back(scan.airmass[i]);
  }
  subtract_templates(residual, {std::vector<double>(residual.size(), 1.0), time, airmass});
  std::vector<double> data;
  for (std::size_t i = 0; i < model.size(); ++i) data.push_back(model[i] + residual[i]);
  CurvePanel panel{"", "time in the scan [s]", "T [K]", false, false, {}};
  panel.curves.push_back({"data", seconds, std::move(data), CurveStyle::points, 0});
  panel.curves.push_back({"model", seconds, std::move(model), CurveStyle::points, 1});
  panel.curves.push_back({"residual", std::move(seconds), std::move(residual), CurveStyle::points, 2});
  return panel;
}

}  // namespace

std::vector<CurvePanel> calibrator_panels(const std::string& level2_path, int frequency_band,
                                          const CalibratorFitConfig& config) {
  const h5::File file = h5::File::open_read(level2_path);
  if (!file.exists(level2::kCalibratorFitGroup)) return {};
  const ObservationContext observation = context_of(file);
  const std::string source = known_source(observation.source);
  const std::uint64_t n_freq_bin = file.info(level2::kBinnedFiltered).extent.at(2);
  const std::uint64_t band = static_cast<std::uint64_t>(frequency_band) / n_freq_bin;
  const std::uint64_t sub_band = static_cast<std::uint64_t>(frequency_band) % n_freq_bin;
  std::vector<CurvePanel> panels;
  for (const int feed : observation.level1.feeds) {
    if (feed < 1 || feed > kScienceFeeds) continue;
    const CalibratorScan scan = calibrator_scan(observation, feed, source, config);
    const std::uint64_t first = scan.range[0];
    const auto values =
        file.read<float>(level2::kBinnedFiltered, {{static_cast<std::uint64_t>(feed - 1), band, sub_band, first},
                                                   {1, 1, 1, static_cast<std::uint64_t>(scan.range[1]) - first}});
    const SourceVector fitted = stored_source(file, feed, band, sub_band);
    panels.push_back(panel_of(scan, values, fitted, config.fit_radius_deg, observation.level1.sample_time_s));
    panels.back().title = fmt::format("feed {}: {:.3f} K", feed, fitted[kAmplitude]);
  }
  return panels;
}

}  // namespace comap
