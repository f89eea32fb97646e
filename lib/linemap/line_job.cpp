#include "linemap/line_job.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <limits>
#include <memory>

#include "config/wcs_definitions.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "linemap/cube_baseline.hpp"
#include "linemap/line_plan.hpp"
#include "linemap/line_share.hpp"
#include "linemap/line_stack.hpp"
#include "linemap/spectral_axis.hpp"
#include "map/plan/fixed_grid.hpp"
#include "map/products/map_images.hpp"
#include "map/products/map_record.hpp"

namespace comap {
namespace {

using Clock = std::chrono::steady_clock;

/// The plan after the first file that can be read; empty when there is none. Collective.
LinePlan plan_of_first(const Config& config, const std::vector<MapObservation>& observations,
                       const Communicator& ranks) {
  return from_rank_zero(ranks, [&] {
    for (const MapObservation& offered : observations) {
      const std::string& path = offered.observation.level2_path;
      if (path.empty() || !offered.deadly.empty()) continue;
      try {
        return plan_lines(config.linemap, LineObservation(config, offered, file_identity(path)));
      } catch (const ObservationError&) {
        continue;  // the survey says what is wrong with it
      } catch (const IoError&) {
        continue;
      }
    }
    return LinePlan();
  });
}

/// The lines, and what of the observations can be used for them.
struct PlannedSurvey {
  LinePlan plan;
  std::unique_ptr<LineContext> context;
  std::vector<SurveyedObservation> survey;
};

PlannedSurvey planned_survey(const Config& config, const std::vector<MapObservation>& observations, LinePlan plan,
                             const Communicator& ranks) {
  PlannedSurvey planned;
  planned.plan = std::move(plan);
  ranks.run_agreed("line cubes", [&] { planned.context = std::make_unique<LineContext>(config, planned.plan.lines); });
  planned.survey =
      survey_observations(planned.context->selection_config(), config.io, observations, ranks, SampleSource::level1);
  return planned;
}

/// Collective.
PlannedSurvey plan_and_survey(const Config& config, const std::vector<MapObservation>& observations,
                              const Communicator& ranks) {
  PlannedSurvey planned = planned_survey(config, observations, plan_of_first(config, observations, ranks), ranks);
  const auto first = std::ranges::find_if(planned.survey, [](const auto& one) { return one.outcome.used; });
  if (first == planned.survey.begin() || first == planned.survey.end()) return planned;
  // The plan must not be that of a file that does not belong to the others.
  const std::vector<MapObservation> used(observations.begin() + (first - planned.survey.begin()), observations.end());
  return planned_survey(config, observations, plan_of_first(config, used, ranks), ranks);
}

void add_run_cards(const Config& config, const EarthOrientationTable& orientation, OrientationKind kind,
                   SpectralCube& cube) {
  std::int64_t n_samples = 0;
  for (const ObservationRow& row : cube.observations) n_samples += row.n_samples;
  cube.cards = program_cards("cube");
  cube.cards.push_back({"FEEDS", compact_list(config.mapmake.feeds), "feeds asked for"});
  cube.cards.push_back({"NOBS", static_cast<std::int64_t>(cube.observations.size()), "observations used"});
  cube.cards.push_back({"NSAMPLES", n_samples, "samples of feeds, for each line"});
  cube.cards.push_back({"GLITCHSG", config.mapmake.glitch_sigma, "[sigma] limit of the glitch search"});
  cube.cards.push_back({"RMSCAP", config.mapmake.auto_rms_cap_K, "[K] limit of auto_rms"});
  cube.cards.push_back({"REDCUT", config.mapmake.sigma_red_cutoff_K, "[K] limit of sigma_red"});
  cube.cards.push_back({"CALIBR", config.mapmake.calibration, "calibration factors"});
  cube.cards.push_back({"EOPTABLE", orientation.source(), "Earth orientation"});
  cube.cards.push_back({"EOPKIND", std::string(to_text(kind)), "its least known day"});
}

void add_line_cards(const LinemapConfig& config, std::span<const double> rest_GHz, std::vector<HeaderCard>& cards) {
  cards.push_back({"GAINFILT", config.gain_filter, "takes gain, atmosphere, continuum out"});
  cards.push_back({"BASEORD", std::int64_t{config.baseline_order}, "order of the spectral baseline, -1 = none"});
  cards.push_back({"WINLOW", config.line_window_km_s[0], "[km/s] the line may be above"});
  cards.push_back({"WINHIGH", config.line_window_km_s[1], "[km/s] and below: not in fit, baseline"});
  cards.push_back({"NLINES", static_cast<std::int64_t>(rest_GHz.size()), "lines averaged in velocity"});
  for (std::size_t i = 0; i < rest_GHz.size(); ++i) {
    cards.push_back({fmt::format("LINE{}", i + 1), rest_GHz[i], "[GHz] rest frequency"});
  }
}

/// One job on one rank, step by step; every step is collective.
class LineJob {
 public:
  LineJob(const Config& config, const std::vector<MapObservation>& observations, const std::string& config_text,
          const Communicator& ranks)
      : config_(config), observations_(observations), config_text_(config_text), ranks_(ranks) {}

  LineJobResult run();

 private:
  bool make_grids();
  std::vector<CubeSpectra> finished_spectra() const;
  void write_lines();
  std::vector<ObservationRow> observations_of(std::span<const std::size_t> lines) const;
  void describe(std::span<const std::size_t> lines, SpectralCube& cube) const;
  LineResult write_cube(const CubeSpectra& mine, std::span<const std::size_t> lines, bool is_stack) const;

  const Config& config_;
  const std::vector<MapObservation>& observations_;
  const std::string& config_text_;
  const Communicator& ranks_;
  PlannedSurvey planned_;
  std::vector<SurveyedObservation>& survey_ = planned_.survey;
  std::unique_ptr<LineShare> share_;
  std::unique_ptr<Wcs> wcs_;
  std::vector<SpectralAxis> axes_;  ///< [line] of the cubes
  double mean_mjd_ = 0.0;
  OrientationKind orientation_kind_ = OrientationKind::measured;
  std::vector<std::vector<std::int64_t>> samples_;  ///< [line][observation], of all ranks
  std::vector<LineResult> results_;
};

LineJobResult LineJob::run() {
  const auto start = Clock::now();
  planned_ = plan_and_survey(config_, observations_, ranks_);
  share_ = std::make_unique<LineShare>(*planned_.context, observations_,
                                       divide_work(survey_, config_.linemap.output_dir, ranks_));
  if (make_grids()) {
    share_->accumulate(*wcs_, axes_);
    leave_out_failed(*share_, survey_, ranks_);
    count_exclusions(share_->excluded(), survey_, ranks_);
    write_lines();
  }
  return {selection_report(survey_), std::move(results_), std::chrono::duration<double>(Clock::now() - start).count()};
}

/// Pixels and channels, from the pointing of all observations; false when there is none.
bool LineJob::make_grids() {
  const MapmakeConfig& map = config_.mapmake;
  if (is_healpix(map)) throw ConfigError("[mapmake] wcs = \"healpix\": cubes need a grid of their own");
  std::optional<GridDefinition> fixed;
  ranks_.run_agreed("reading the definition of the grid", [&] { fixed = fixed_grid(map); });
  const SkyFrame frame = parse_sky_frame(map.frame);
  const std::vector<PointingSurvey> surveys = share_->survey(frame);
  leave_out_failed(*share_, survey_, ranks_);
  PointingExtent extent;
  std::array<double, 3> sums{};
  double first_mjd = std::numeric_limits<double>::infinity(), last_mjd = -first_mjd;
  for (const PointingSurvey& of : surveys) {
    if (!survey_[of.observation].outcome.used) continue;
    extent.combine(of.extent);
    sums[0] += of.n_samples;
    sums[1] += of.velocity_sum_km_s;
    sums[2] += of.mjd_sum;
    first_mjd = std::min(first_mjd, of.first_mjd);
    last_mjd = std::max(last_mjd, of.last_mjd);
  }
  extent = extent_of_all(extent, ranks_);
  ranks_.sum(std::span<double>(sums));
  if (sums[0] == 0.0) return false;
  mean_mjd_ = sums[2] / sums[0];
  ranks_.min(std::span<double>(&first_mjd, 1));
  ranks_.max(std::span<double>(&last_mjd, 1));
  orientation_kind_ = planned_.context->pointing.observer.orientation.worst_kind(first_mjd, last_mjd);
  const double doppler = 1.0 + sums[1] / sums[0] / kLightSpeed_km_s;
  for (std::size_t line = 0; line < planned_.plan.lines.size(); ++line) {
    const double rest_GHz = planned_.plan.lines[line].rest_GHz;
    axes_.push_back(cube_axis(planned_.plan.band_axes[line], rest_GHz, doppler, config_.linemap.segment_width));
    check_baseline(config_.linemap, axes_.back(), rest_GHz);
  }
  const WcsDefinition definition =
      fixed ? std::get<WcsDefinition>(*fixed) : extent.definition(frame, map.padding_deg, map.cdelt_deg);
  run_on_rank_zero(ranks_, [&] { check_grid_memory(definition, config_.linemap.segment_width); });
  wcs_ = std::make_unique<Wcs>(definition);
  return true;
}

/// The share of this rank in the spectra of every line, without baselines.
std::vector<CubeSpectra> LineJob::finished_spectra() const {
  std::vector<CubeSpectra> finished;
  for (std::size_t line = 0; line < axes_.size(); ++line) {
    finished.push_back(share_->sums()[line].reduce(ranks_));
    if (config_.linemap.baseline_order < 0) continue;
    subtract_baselines(
        finished.back(),
        window_channels(axes_[line], planned_.plan.lines[line].rest_GHz, config_.linemap.line_window_km_s),
        config_.linemap.baseline_order);
  }
  return finished;
}

void LineJob::write_lines() {
  samples_ = share_->samples();
  for (std::vector<std::int64_t>& of_line : samples_) ranks_.sum(std::span<std::int64_t>(of_line));
  const std::vector<CubeSpectra> spectra = finished_spectra();
  std::vector<std::size_t> all;
  std::vector<StackedLine> stacked;
  for (std::size_t line = 0; line < spectra.size(); ++line) {
    results_.push_back(write_cube(spectra[line], std::array{line}, false));
    all.push_back(line);
    stacked.push_back({spectra[line], axes_[line], planned_.plan.lines[line].rest_GHz});
  }
  if (spectra.size() < 2) return;
  results_.push_back(write_cube(stack_lines(stacked, axes_[0], planned_.plan.lines[0].rest_GHz), all, true));
}

/// Used in a cube of these lines; the samples of a stack are those of all its lines.
std::vector<ObservationRow> LineJob::observations_of(std::span<const std::size_t> lines) const {
  std::vector<ObservationRow> rows;
  for (std::size_t i = 0; i < observations_.size(); ++i) {
    std::int64_t n_samples = 0;
    for (const std::size_t line : lines) n_samples += samples_[line][i];
    if (n_samples > 0) rows.push_back({observations_[i].observation.obsid, n_samples});
  }
  return rows;
}

/// All but spectra and observations; the axis is that of the first of these lines.
void LineJob::describe(std::span<const std::size_t> lines, SpectralCube& cube) const {
  std::vector<double> rest_GHz;
  for (const std::size_t line : lines) rest_GHz.push_back(planned_.plan.lines[line].rest_GHz);
  cube.wcs = wcs_->definition();
  cube.axis = axes_[lines.front()];
  cube.rest_GHz = rest_GHz.front();
  cube.frame = config_.linemap.spectral_frame;
  cube.window_km_s = config_.linemap.line_window_km_s;
  cube.beam_fwhm_deg = config_.level2.calibrator_fit.beam_fwhm_deg;
  cube.site = config_.mapmake.site;
  cube.mean_mjd = mean_mjd_;
  add_run_cards(config_, planned_.context->pointing.observer.orientation, orientation_kind_, cube);
  add_line_cards(config_.linemap, rest_GHz, cube.cards);
  std::vector<std::string> selection = selection_report(survey_).lines();
  std::ranges::move(settings_lines(survey_), std::back_inserter(selection));
  cube.history = history_of(selection);
  cube.config_text = config_text_;
}

LineResult LineJob::write_cube(const CubeSpectra& mine, std::span<const std::size_t> lines, bool is_stack) const {
  SpectralCube cube;
  cube.spectra = gather_cube(mine, ranks_);
  cube.observations = observations_of(lines);
  LineResult result;
  result.rest_GHz = planned_.plan.lines[lines.front()].rest_GHz;
  result.is_stack = is_stack;
  result.n_observations = std::ssize(cube.observations);
  for (const ObservationRow& row : cube.observations) result.n_samples += row.n_samples;
  if (result.n_samples == 0) return result;
  run_on_rank_zero(ranks_, [&] {
    describe(lines, cube);
    std::vector<double> finite_mK;
    for (const float rms : cube.spectra.rms_K) {
      if (std::isfinite(rms)) finite_mK.push_back(1e3 * static_cast<double>(rms));
    }
    result.median_rms_mK = percentile(std::move(finite_mK), 50.0);
    const std::string label = is_stack ? "stack" : fmt::format("{}GHz", result.rest_GHz);
    const std::string stem = fmt::format("{}/{}_{}", config_.linemap.output_dir, config_.linemap.name, label);
    write_cube_fits(stem + ".fits", cube);
    result.path = stem + ".fits";
    if (!config_.mapmake.plot) return;
    try {
      plot_cube(stem + ".png", cube, fmt::format("{}, {}", config_.linemap.name, label));
      result.plot_path = stem + ".png";
    } catch (const IoError& error) {
      log_warning("{}.png: {}; the cube itself is complete", stem, error.what());
    }
  });
  return result;
}

}  // namespace

LineJobResult run_line_job(const Config& config, const std::vector<MapObservation>& observations,
                           const std::string& config_text, const Communicator& ranks) {
  return LineJob(config, observations, config_text, ranks).run();
}

SelectionReport survey_lines(const Config& config, const std::vector<MapObservation>& observations,
                             const Communicator& ranks) {
  return selection_report(plan_and_survey(config, observations, ranks).survey);
}

}  // namespace comap
