#include "map/products/map_warnings.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/constants.hpp"
#include "destripe/offset_prior.hpp"
namespace comap {
namespace {

constexpr double kFreePeriods = 0.5 * static_cast<double>(kFreeModes);  // of offsets in a scan
constexpr double kBeam_deg = 0.075;                                     // FWHM
constexpr double kArcminPerDegree = 60.0;
constexpr double kMostPixels = 0.5;  // of a map in one component: its parts hang together

std::string scale_warning(const MapRecord& record) {
  const double scale_arcmin = largest_scale_deg(record) * kArcminPerDegree;
  if (!std::isfinite(scale_arcmin)) return "";
  const double crossing_deg = record.track.crossing_deg();
  const std::string why = crossing_deg < kMinCrossing_deg
                              ? fmt::format("its scans all go one way (they cross under {:.0f} deg)", crossing_deg)
                              : fmt::format("it falls into {} parts that no offset joins", record.solver.n_components);
  return fmt::format(
      "structure beyond {:.0f} arcmin is not held: {}; add observations at other hour angles, or filter it out of the "
      "sky that this map is compared with",
      scale_arcmin, why);
}

std::string ratio_warning(const MapmakeConfig& config, const MapRecord& record) {
  const double ratio = record.solver.residual_ratio;
  if (!(ratio > config.max_residual_ratio)) return "";
  return fmt::format(
      "low frequencies of the data minus map have {:.1f} times the power of the noise model (max_residual_ratio = "
      "{:g}); "
      "use noise_prior = \"residual\"{}",
      ratio, config.max_residual_ratio,
      config.noise_prior == "residual" ? " with shorter offset_length" : ", which takes the model from the data");
}

std::string grid_warning(const MapRecord& record) {
  const double share = off_grid_fraction(record);
  if (!(share > kMaxOffGridFraction)) return "";
  return fmt::format(
      "{:.0f} % of the samples are off the grid; see OFF_GRID in the table CUTS, or use wcs = \"dynamic\"",
      100.0 * share);
}

std::string orientation_warning(const MapRecord& record) {
  if (record.orientation_kind != OrientationKind::beyond) return "";
  return fmt::format(
      "no Earth orientation for its time (MJD {:.0f} to {:.0f}): positions may be off by arc seconds; give a "
      "finals2000A "
      "file as mapmake.eop_file",
      record.first_mjd, record.last_mjd);
}

}  // namespace

double off_grid_fraction(const MapRecord& record) {
  double n = 0.0, off = 0.0;
  for (const CutRow& row : record.cuts) {
    if (!row.reason.empty()) continue;
    n += static_cast<double>(row.n_samples);
    off += static_cast<double>(row.n_off_grid);
  }
  return n > 0.0 ? off / n : kNan;
}

double largest_scale_deg(const MapRecord& record) {
  double scale_deg = std::numeric_limits<double>::infinity();
  const auto n_component = static_cast<double>(record.solver.n_pixels_of_component);
  if (n_component > 0.0 && n_component < kMostPixels * static_cast<double>(record.n_hit_pixels)) {
    scale_deg = std::sqrt(n_component) * record.pixel_size_deg;
  }
  const double free_deg = record.track.width_deg() / kFreePeriods;
  if (record.track.crossing_deg() < kMinCrossing_deg && free_deg > kBeam_deg) scale_deg = std::min(scale_deg, free_deg);
  return scale_deg;
}

std::vector<std::string> map_warnings(const MapmakeConfig& config, const MapRecord& record) {
  std::vector<std::string> warnings = {ratio_warning(config, record), scale_warning(record), grid_warning(record),
                                       orientation_warning(record)};
  std::erase(warnings, "");
  return warnings;
}

std::vector<HeaderCard> quality_cards(const MapRecord& record) {
  std::vector<HeaderCard> cards = {
      {"RESRATIO", record.solver.residual_ratio, "low-frequency power of residual over its model"},
      {"CROSSANG", record.track.crossing_deg(), "[deg] angle under which scans cross"},
      {"MAXSCALE", largest_scale_deg(record), "[deg] structure beyond is not held"},
      {"OFFGRID", 100.0 * off_grid_fraction(record), "[%] samples off the grid"},
      {"EOPTABLE", record.orientation_source, "Earth orientation"},
      {"EOPKIND", std::string(to_text(record.orientation_kind)), "its least known day"},
      {"NWARN", static_cast<std::int64_t>(record.warnings.size()), "warnings about this map"}};
  for (std::size_t i = 0; i < record.warnings.size(); ++i) {
    cards.push_back({fmt::format("WARN{}", i + 1), record.warnings[i], ""});
  }
  return cards;
}

}  // namespace comap
