#include "linemap/cube_record.hpp"

#include <fmt/core.h>

#include "core/version.hpp"
#include "map/products/map_record.hpp"

namespace comap {
namespace {

void add_run_cards(const Config& config, const CubeRecord& record, std::vector<HeaderCard>& cards) {
  std::int64_t n_samples = 0;
  for (const ObservationRow& row : record.observations) n_samples += row.n_samples;
  cards.push_back({"PROGRAM", std::string("comap_mpi"), "program that made this cube"});
  cards.push_back({"SWVER", software_version(), "its version"});
  cards.push_back({"GITCOMM", git_commit(), "its git commit"});
  cards.push_back({"FEEDS", compact_list(config.mapmake.feeds), "feeds asked for"});
  cards.push_back({"NOBS", static_cast<std::int64_t>(record.observations.size()), "observations used"});
  cards.push_back({"NSAMPLES", n_samples, "samples of feeds, for each line"});
  cards.push_back({"GLITCHSG", config.mapmake.glitch_sigma, "[sigma] limit of the glitch search"});
  cards.push_back({"RMSCAP", config.mapmake.auto_rms_cap_K, "[K] limit of auto_rms"});
  cards.push_back({"REDCUT", config.mapmake.sigma_red_cutoff_K, "[K] limit of sigma_red"});
  cards.push_back({"CALIBR", config.mapmake.calibration, "calibration factors"});
  cards.push_back({"EOPTABLE", record.orientation_source, "Earth orientation"});
  cards.push_back({"EOPKIND", std::string(to_text(record.orientation_kind)), "its least known day"});
}

void add_line_cards(const LinemapConfig& config, const CubeRecord& record, std::vector<HeaderCard>& cards) {
  cards.push_back({"GAINFILT", config.gain_filter, "takes gain, atmosphere, continuum out"});
  cards.push_back({"BASEORD", std::int64_t{config.baseline_order}, "order of the spectral baseline, -1 = none"});
  cards.push_back({"WINLOW", config.line_window_km_s[0], "[km/s] the line may be above"});
  cards.push_back({"WINHIGH", config.line_window_km_s[1], "[km/s] and below: not in fit, baseline"});
  cards.push_back({"NLINES", static_cast<std::int64_t>(record.rest_GHz.size()), "lines averaged in velocity"});
  for (std::size_t i = 0; i < record.rest_GHz.size(); ++i) {
    cards.push_back({fmt::format("LINE{}", i + 1), record.rest_GHz[i], "[GHz] rest frequency"});
  }
}

void append_wrapped(const std::string& text, std::vector<std::string>& lines) {
  for (std::string& line : wrapped(text)) lines.push_back(std::move(line));
}

}  // namespace

void describe_cube(const Config& config, const CubeRecord& record, SpectralCube& cube) {
  cube.rest_GHz = record.rest_GHz.front();
  cube.frame = config.linemap.spectral_frame;
  cube.window_km_s = config.linemap.line_window_km_s;
  cube.beam_fwhm_deg = config.level2.calibrator_fit.beam_fwhm_deg;
  cube.site = config.mapmake.site;
  cube.mean_mjd = record.mean_mjd;
  add_run_cards(config, record, cube.cards);
  add_line_cards(config.linemap, record, cube.cards);
  cube.observations = record.observations;
  cube.history.push_back("Selection:");
  for (const std::string& line : record.selection) append_wrapped(line, cube.history);
  cube.history.emplace_back(kWhereConfigIs);
  cube.config_text = record.config_text;
}

}  // namespace comap
