#include "map/map_job.hpp"

#include <algorithm>
#include <memory>

#include "config/wcs_definitions.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "map/null_test/split_maps.hpp"
#include "map/plan/fixed_grid.hpp"
#include "map/plan/job_steps.hpp"
#include "map/plan/memory_plan.hpp"
#include "map/prepare/map_share.hpp"

namespace comap {
namespace {

/// One job on one rank, step by step; every step is collective.
class MapJob {
 public:
  MapJob(const MapmakeConfig& config, const IoConfig& io, const std::vector<MapObservation>& observations,
         const std::string& config_text, const Communicator& ranks, const TeamFiles& files)
      : config_(config),
        io_(io),
        observations_(observations),
        config_text_(config_text),
        ranks_(ranks),
        files_(files) {}

  MapJobResult run();

 private:
  bool make_grid();
  std::int64_t most_samples() const;
  std::vector<std::vector<int>> plan_memory();
  void leave_out_bad(LoadedBands& bands);

  const MapmakeConfig& config_;
  const IoConfig& io_;
  const std::vector<MapObservation>& observations_;
  const std::string& config_text_;
  const Communicator& ranks_;
  const TeamFiles& files_;
  std::unique_ptr<PreparationContext> context_;
  std::vector<SurveyedObservation> survey_;
  std::unique_ptr<Scratch> scratch_;  ///< outlives the share
  std::unique_ptr<MapShare> share_;
  std::unique_ptr<MapGrid> grid_;
  MapJobResult result_;
};

MapJobResult MapJob::run() {
  ranks_.run_agreed("map making", [&] { context_ = std::make_unique<PreparationContext>(config_, io_); });
  survey_ = survey_observations(config_, io_, observations_, ranks_);
  share_ = std::make_unique<MapShare>(*context_, observations_, divide_work(survey_, config_.output_dir, ranks_));
  if (make_grid()) {
    const auto groups = plan_memory();
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const bool last = i + 1 == groups.size();
      LoadedBands bands = i == 0 ? share_->locate(*grid_, groups[i], last) : share_->load(groups[i], last);
      leave_out_bad(bands);
      make_maps(std::move(bands),
                {config_, observations_, survey_, *share_, *context_, *grid_, config_text_, ranks_, files_}, result_);
    }
  }
  result_.selection = selection_report(survey_);
  return std::move(result_);
}

/// False when there is no pointing at all.
bool MapJob::make_grid() {
  std::optional<GridDefinition> definition;
  ranks_.run_agreed("reading the definition of the grid", [&] { definition = fixed_grid(config_); });
  if (!definition) {
    const SkyFrame frame = parse_sky_frame(config_.frame);
    const PointingExtent mine = share_->extent(frame);
    leave_out_failed(*share_, survey_, ranks_);
    const PointingExtent all = extent_of_all(mine, ranks_);
    if (all.empty()) return false;
    definition = all.definition(frame, config_.padding_deg, config_.cdelt_deg);
  }
  run_on_rank_zero(ranks_, [&] { check_grid_memory(*definition); });
  grid_ = std::make_unique<MapGrid>(*definition);
  if (config_.wcs != "dynamic") {
    check_coverage(*grid_, *share_, ranks_);
    leave_out_failed(*share_, survey_, ranks_);
  }
  return true;
}

/// Samples of the rank that has most.
std::int64_t MapJob::most_samples() const {
  std::int64_t most = 0;
  for (const std::vector<MapUnit>& units : distribute(survey_, ranks_.size())) {
    std::int64_t samples = 0;
    for (const MapUnit& unit : units) {
      const SurveyedObservation& observation = survey_[unit.observation];
      samples += observation.n_samples / std::ssize(observation.feeds) * std::ssize(unit.feeds);
    }
    most = std::max(most, samples);
  }
  return most;
}

/// Groups of bands; the samples go to the scratch where the plan says so.
std::vector<std::vector<int>> MapJob::plan_memory() {
  run_on_rank_zero(ranks_, [&] { check_sample_memory(config_, most_samples()); });
  const MemoryPlan plan = comap::plan_memory(config_, most_samples());
  if (plan.resident_bytes > 0.0) {
    scratch_ = std::make_unique<Scratch>(scratch_directory(config_), static_cast<std::size_t>(plan.resident_bytes));
    share_->keep_on(scratch_.get());
    if (ranks_.rank() == 0) log_info("one band exceeds memory_GB: samples are kept in {}", scratch_->directory());
  }
  return plan.groups;
}

/// Observations that any rank failed to read, and scans whose pointing or samples are no good.
void MapJob::leave_out_bad(LoadedBands& bands) {
  leave_out_failed(*share_, survey_, ranks_, result_.bands.empty() ? "" : "; it is in the maps of the bands before");
  share_->drop_unused(survey_, bands);
  std::vector<std::pair<std::size_t, Exclusion>> scans;
  for (const auto& of_stream : bands.segments) {
    for (const SegmentOfBand& segment : of_stream) {
      if (segment.excluded) scans.emplace_back(segment.cuts.observation, *segment.excluded);
    }
  }
  count_exclusions(scans, survey_, ranks_);
}

}  // namespace

MapJobResult run_map_job(const MapmakeConfig& config, const IoConfig& io,
                         const std::vector<MapObservation>& observations, const std::string& config_text,
                         const Communicator& ranks, const TeamFiles& files) {
  return MapJob(config, io, observations, config_text, ranks, files).run();
}

}  // namespace comap
