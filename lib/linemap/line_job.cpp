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
#include "io/output_directory.hpp"
#include "linemap/cube_baseline.hpp"
#include "linemap/cube_record.hpp"
#include "linemap/line_plan.hpp"
#include "linemap/line_share.hpp"
#include "linemap/line_stack.hpp"
#include "linemap/spectral_axis.hpp"
#include "map/plan/extent_of_all.hpp"
#include "map/plan/fixed_grid.hpp"
#include "map/plan/map_plan.hpp"
#include "map/products/map_images.hpp"

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

/// One job on one rank, step by step; every step is collective.
class LineJob {
 public:
  LineJob(const Config& config, const std::vector<MapObservation>& observations, const std::string& config_text,
          const Communicator& ranks)
      : config_(config), observations_(observations), config_text_(config_text), ranks_(ranks) {}

  LineJobResult run();

 private:
  bool make_grids();
  void agree_on_failures();
  void leave_out(const LineFailure& failure);
  void count_exclusions();
  std::vector<CubeSpectra> finished_spectra() const;
  void write_lines();
  CubeRecord record_of(std::span<const std::size_t> lines) const;
  LineResult write_line(const CubeSpectra& mine, std::size_t line, CubeRecord record, bool is_stack) const;

  const Config& config_;
  const std::vector<MapObservation>& observations_;
  const std::string& config_text_;
  const Communicator& ranks_;
  LinePlan plan_;
  std::unique_ptr<LineContext> context_;
  std::vector<SurveyedObservation> survey_;
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
  PlannedSurvey planned = plan_and_survey(config_, observations_, ranks_);
  plan_ = std::move(planned.plan);
  context_ = std::move(planned.context);
  survey_ = std::move(planned.survey);
  const auto rank = static_cast<std::size_t>(ranks_.rank());
  share_ = std::make_unique<LineShare>(*context_, observations_, distribute(survey_, ranks_.size())[rank]);
  if (selection_report(survey_).n_used() > 0) {
    run_on_rank_zero(ranks_, [&] { prepare_output_directory(config_.linemap.output_dir); });
  }
  if (make_grids()) {
    share_->accumulate(*wcs_, axes_);
    agree_on_failures();
    count_exclusions();
    write_lines();
  }
  return {selection_report(survey_), std::move(results_), std::chrono::duration<double>(Clock::now() - start).count()};
}

/// Pixels and channels, from the pointing of all observations; false when there is none.
bool LineJob::make_grids() {
  const MapmakeConfig& map = config_.mapmake;
  if (is_healpix(map)) throw ConfigError("[mapmake] wcs = \"healpix\": cubes need a grid of their own");
  WcsDefinition definition = map.wcs_inline;
  if (map.wcs != "dynamic" && map.wcs != "inline") {
    ranks_.run_agreed("reading the definition of the grid", [&] { definition = named_wcs(map.wcs_file, map.wcs); });
  }
  const SkyFrame frame = parse_sky_frame(map.frame);
  const std::vector<PointingSurvey> surveys = share_->survey(frame);
  agree_on_failures();
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
  orientation_kind_ = context_->observer.orientation.worst_kind(first_mjd, last_mjd);
  const double doppler = 1.0 + sums[1] / sums[0] / kLightSpeed_km_s;
  for (std::size_t line = 0; line < plan_.lines.size(); ++line) {
    const double rest_GHz = plan_.lines[line].rest_GHz;
    axes_.push_back(cube_axis(plan_.band_axes[line], rest_GHz, doppler, config_.linemap.segment_width));
    check_baseline(config_.linemap, axes_.back(), rest_GHz);
  }
  if (map.wcs == "dynamic") definition = extent.definition(frame, map.padding_deg, map.cdelt_deg);
  run_on_rank_zero(ranks_, [&] { check_grid_memory(definition, config_.linemap.segment_width); });
  wcs_ = std::make_unique<Wcs>(definition);
  return true;
}

/// Every rank learns of every failure, in order of rank.
void LineJob::agree_on_failures() {
  for (const LineFailure& failure : joined(all_gather(ranks_, share_->failures()))) leave_out(failure);
}

void LineJob::leave_out(const LineFailure& failure) {
  SurveyedObservation& observation = survey_[failure.observation];
  if (!observation.outcome.used) return;
  if (failure.feed != 0) {
    observation.outcome.bad_file = true;
    observation.outcome.reason += fmt::format("; feed {} is left out: {}", failure.feed, failure.text);
    return;
  }
  share_->drop_observation(failure.observation);
  leave_out_observation(observation, failure.reason, failure.text);
}

/// Scans that turned out to be no good move from used to excluded, on every rank alike.
void LineJob::count_exclusions() {
  std::vector<std::int64_t> counts(observations_.size() * kExclusions, 0);
  for (const auto& [observation, reason] : share_->excluded()) {
    ++counts[observation * kExclusions + static_cast<std::size_t>(reason)];
  }
  ranks_.sum(std::span<std::int64_t>(counts));
  for (std::size_t i = 0; i < observations_.size(); ++i) {
    for (std::size_t reason = 0; reason < kExclusions; ++reason) {
      survey_[i].counts[reason] += counts[i * kExclusions + reason];
      survey_[i].n_scans -= counts[i * kExclusions + reason];
    }
  }
}

/// The share of this rank in the spectra of every line, without baselines.
std::vector<CubeSpectra> LineJob::finished_spectra() const {
  std::vector<CubeSpectra> finished;
  for (std::size_t line = 0; line < axes_.size(); ++line) {
    finished.push_back(share_->sums()[line].reduce(ranks_));
    if (config_.linemap.baseline_order < 0) continue;
    subtract_baselines(finished.back(),
                       window_channels(axes_[line], plan_.lines[line].rest_GHz, config_.linemap.line_window_km_s),
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
    results_.push_back(write_line(spectra[line], line, record_of(std::array{line}), false));
    all.push_back(line);
    stacked.push_back({spectra[line], axes_[line], plan_.lines[line].rest_GHz});
  }
  if (spectra.size() < 2) return;
  results_.push_back(write_line(stack_lines(stacked, axes_[0], plan_.lines[0].rest_GHz), 0, record_of(all), true));
}

/// The record of what a cube of these lines was made from; the samples of a stack are those of all its lines.
CubeRecord LineJob::record_of(std::span<const std::size_t> lines) const {
  CubeRecord record;
  record.mean_mjd = mean_mjd_;
  record.orientation_source = context_->observer.orientation.source();
  record.orientation_kind = orientation_kind_;
  record.selection = selection_report(survey_).lines();
  std::ranges::move(settings_lines(survey_), std::back_inserter(record.selection));
  record.config_text = config_text_;
  for (const std::size_t line : lines) record.rest_GHz.push_back(plan_.lines[line].rest_GHz);
  for (std::size_t i = 0; i < observations_.size(); ++i) {
    std::int64_t n_samples = 0;
    for (const std::size_t line : lines) n_samples += samples_[line][i];
    if (n_samples > 0) record.observations.push_back({observations_[i].observation.obsid, n_samples});
  }
  return record;
}

LineResult LineJob::write_line(const CubeSpectra& mine, std::size_t line, CubeRecord record, bool is_stack) const {
  LineResult result;
  result.rest_GHz = plan_.lines[line].rest_GHz;
  result.is_stack = is_stack;
  result.n_observations = std::ssize(record.observations);
  for (const ObservationRow& row : record.observations) result.n_samples += row.n_samples;
  SpectralCube cube;
  cube.spectra = gather_cube(mine, ranks_);
  if (result.n_samples == 0) return result;
  run_on_rank_zero(ranks_, [&] {
    cube.wcs = wcs_->definition();
    cube.axis = axes_[line];
    describe_cube(config_, record, cube);
    const std::vector<float>& rms_K = cube.spectra.rms_K;
    std::vector<double> finite_mK;
    for (const float rms : rms_K) {
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
