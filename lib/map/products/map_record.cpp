#include "map/products/map_record.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <sstream>

#include "core/version.hpp"
#include "destripe/destriper.hpp"
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

void add_run_cards(const MapmakeConfig& config, const MapRecord& record, std::vector<HeaderCard>& cards) {
  cards = program_cards("map");
  cards.push_back({"DATASET", config.dataset, "Level-2 dataset"});
  cards.push_back({"FREQBAND", std::int64_t{record.frequency_band}, "frequency_band = 2 * band + sub-band"});
  cards.push_back({"CENTFREQ", record.passband.centre_GHz, "[GHz] mean frequency of the samples"});
  cards.push_back({"BANDWID", record.passband.width_GHz, "[GHz] mean width of the channels used"});
  cards.push_back({"FRAME", std::string(record.frame == SkyFrame::galactic ? "galactic" : "icrs"), "celestial frame"});
  cards.push_back({"FEEDS", compact_list(config.feeds), "feeds asked for"});
  cards.push_back({"NOBS", std::ssize(record.observations), "observations used"});
  cards.push_back({"NSCANS", record.n_scans, "scans of single feeds used"});
  cards.push_back({"NSAMPLES", record.n_samples, "samples with weight > 0"});
  if (!config.write_mean_azel) return;
  cards.push_back({"MEAN_AZ", record.mean_azimuth_deg, "[deg] mean azimuth of the samples"});
  cards.push_back({"MEAN_EL", record.mean_elevation_deg, "[deg] mean elevation of the samples"});
  cards.push_back({"MEAN_MJD", record.mean_mjd, "[d] mean time of the samples, UTC"});
}

void add_solver_cards(const MapmakeConfig& config, const SolverReport& solver, std::vector<HeaderCard>& cards) {
  cards.push_back({"OFFLEN", std::int64_t{config.offset_length}, "[sample] length of an offset"});
  cards.push_back({"NOFFSETS", solver.n_offsets, "offsets"});
  cards.push_back({"NOFFNONE", solver.n_offsets_without_data, "offsets without data"});
  cards.push_back({"NCOMPON", solver.n_components, "unconnected parts of offsets and pixels"});
  cards.push_back({"AIRMASS", config.fit_airmass, "airmass amplitude per scan and feed solved"});
  cards.push_back({"NITER", std::int64_t{solver.iterations}, "conjugate gradient iterations"});
  cards.push_back({"MAXITER", std::int64_t{config.max_iterations}, "their limit"});
  cards.push_back({"CONVERGD", solver.converged, "threshold was reached"});
  cards.push_back({"STOPPED", to_text(solver.reason), "why the iterations ended"});
  cards.push_back({"THRESH", config.threshold, "relative residual to reach"});
  cards.push_back({"NOISETHR", config.noise_threshold, "or residual in the noise of a pixel, 0 = off"});
  cards.push_back({"RESID", solver.relative_residual, "relative residual reached"});
  cards.push_back({"RESNOISE", solver.residual_in_noise, "residual in units of the noise of a pixel"});
  cards.push_back({"PRIOR", config.noise_prior == "false" ? std::string("none") : config.noise_prior,
                   "noise prior on the offsets"});
  cards.push_back({"LAMRIDGE", config.lambda_ridge, "ridge on offsets"});
  cards.push_back({"ALPHGRAD", config.alpha_grad, "weight of their first differences"});
  cards.push_back({"ALPHCURV", config.alpha_curv, "weight of their second differences"});
}

void add_outer_cards(const MapmakeConfig& config, const std::vector<MapChange>& changes,
                     std::vector<HeaderCard>& cards) {
  cards.push_back({"NSOLVES", std::int64_t{config.n_destriper_iterations}, "solves in a row"});
  cards.push_back({"PRIORMIX", config.prior_mixing_alpha, "share of the prior map at large scales"});
  cards.push_back({"PRIORFWH", config.prior_smoothing_fwhm_deg, "[deg] FWHM of what is large"});
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const std::size_t solve = i + 2;
    cards.push_back({fmt::format("CHGK{}", solve), changes[i].rms_K, fmt::format("[K] rms change in solve {}", solve)});
    cards.push_back({fmt::format("CHGN{}", solve), changes[i].rms_in_noise, "the same in units of the white noise"});
  }
}

void add_data_cards(const MapmakeConfig& config, const MaskSummary& masks, std::vector<HeaderCard>& cards) {
  cards.push_back({"DETREND", config.detrend, "detrending before the solve"});
  cards.push_back({"GLITCHSG", config.glitch_sigma, "[sigma] limit of the glitch search"});
  cards.push_back({"MINGOOD", config.min_good_fraction, "fraction of good samples that a scan needs"});
  cards.push_back({"RMSCAP", config.auto_rms_cap_K, "[K] limit of auto_rms"});
  cards.push_back({"REDCUT", config.sigma_red_cutoff_K, "[K] limit of sigma_red"});
  cards.push_back({"CALIBR", config.calibration, "calibration factors"});
  cards.push_back({"BRIGHTMK", !config.planck_map.empty(), "bright sky weighs less in the solve"});
  cards.push_back({"BRIGHTCT", config.bright_cut_K, "[K] bright sky is above"});
  cards.push_back({"BRIGHTWT", config.bright_weight, "factor on its solver weight"});
  cards.push_back({"HITPCT", config.hit_percentile, "[%] percentile of hits for MASK bit 2"});
  cards.push_back({"HITMIN", masks.min_hits, "hits at that percentile"});
  cards.push_back({"EDGEW", std::int64_t{config.edge_width}, "[pixel] width of the border for MASK bit 4"});
  cards.push_back({"CLIPLO", config.edge_clip_percentiles[0], "[%] of the interior: lower limit there"});
  cards.push_back({"CLIPHI", config.edge_clip_percentiles[1], "[%] of the interior: upper limit there"});
  cards.push_back({"NCLIPPED", masks.n_clipped, "pixels clipped there"});
}

}  // namespace

double off_grid_fraction(const MapRecord& record) {
  double n = 0.0, off = 0.0;
  for (const CutRow& row : record.cuts) {
    if (!row.reason.empty()) continue;
    n += static_cast<double>(row.n_samples);
    off += static_cast<double>(row.n_off_grid);
  }
  return n > 0.0 ? off / n : std::nan("");
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
      {"NWARN", std::ssize(record.warnings), "warnings about this map"}};
  for (std::size_t i = 0; i < record.warnings.size(); ++i) {
    cards.push_back({fmt::format("WARN{}", i + 1), record.warnings[i], ""});
  }
  return cards;
}

void describe_map(const MapmakeConfig& config, const MapRecord& record, ContinuumMap& map) {
  add_run_cards(config, record, map.cards);
  add_solver_cards(config, record.solver, map.cards);
  add_outer_cards(config, record.changes, map.cards);
  add_data_cards(config, record.masks, map.cards);
  for (HeaderCard& card : quality_cards(record)) map.cards.push_back(std::move(card));
  map.cards.insert(map.cards.end(), record.cards.begin(), record.cards.end());
  map.observations = record.observations;
  map.cuts = record.cuts;
  map.history = history_of(record.selection);
  map.config_text = record.config_text;
}

std::vector<HeaderCard> program_cards(const std::string& product) {
  return {{"PROGRAM", std::string("comap_mpi"), "program that made this " + product},
          {"SWVER", software_version(), "its version"},
          {"GITCOMM", git_commit(), "its git commit"}};
}

std::vector<std::string> history_of(const std::vector<std::string>& selection) {
  std::vector<std::string> history = {"Selection:"};
  for (const std::string& line : selection) std::ranges::move(wrapped(line), std::back_inserter(history));
  history.emplace_back(kWhereConfigIs);
  return history;
}

std::vector<std::string> wrapped(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string rest; std::getline(stream, rest);) {
    while (rest.size() > kHistoryColumns) {
      std::size_t end = rest.rfind(' ', kHistoryColumns);
      if (end == std::string::npos || end == 0) end = kHistoryColumns;
      lines.push_back(rest.substr(0, end));
      rest.erase(0, rest[end] == ' ' ? end + 1 : end);
    }
    lines.push_back(rest);
  }
  return lines;
}

std::string compact_list(std::vector<int> numbers) {
  std::ranges::sort(numbers);
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] <= numbers[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text +=
        numbers[last] == numbers[i] ? fmt::format("{}", numbers[i]) : fmt::format("{}-{}", numbers[i], numbers[last]);
    i = last + 1;
  }
  return text;
}

}  // namespace comap
