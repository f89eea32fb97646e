#include "map/map_job.hpp"

#include <algorithm>
#include <memory>

#include "config/wcs_definitions.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/message.hpp"
#include "core/rank_zero.hpp"
#include "io/output_directory.hpp"
#include "map/null_test/split_maps.hpp"
#include "map/plan/extent_of_all.hpp"
#include "map/plan/fixed_grid.hpp"
#include "map/plan/map_plan.hpp"
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
  void read_settings_files();
  void drop_failed(LoadedBands* loaded);
  bool make_grid();
  std::int64_t most_samples() const;
  std::vector<std::vector<int>> plan_memory();
  void count_exclusions(const LoadedBands& bands);

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
  read_settings_files();
  survey_ = survey_observations(config_, io_, observations_, ranks_);
  const std::size_t rank = ranks_.rank();
  share_ = std::make_unique<MapShare>(*context_, observations_, distribute(survey_, ranks_.size())[rank]);
  if (selection_report(survey_).n_used() > 0) {
    run_on_rank_zero(ranks_, [&] { prepare_output_directory(config_.output_dir); });
  }
  if (make_grid()) {
    const auto groups = plan_memory();
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const bool last = i + 1 == groups.size();
      LoadedBands bands = i == 0 ? share_->locate(*grid_, groups[i], last) : share_->load(groups[i], last);
      drop_failed(&bands);
      count_exclusions(bands);
      make_maps(std::move(bands),
                {config_, observations_, survey_, *share_, *context_, *grid_, config_text_, ranks_, files_}, result_);
    }
  }
  result_.selection = selection_report(survey_);
  return std::move(result_);
}

void MapJob::read_settings_files() {
  ranks_.run_agreed("map making", [&] { context_ = std::make_unique<PreparationContext>(config_, io_); });
}

/// Observations that any rank failed to read are dropped by all, each with the first reason in order of rank.
void MapJob::drop_failed(LoadedBands* loaded) {
  for (const ReadFailure& failure : joined(all_gather(ranks_, share_->failures()))) {
    if (!survey_[failure.observation].outcome.used) continue;
    share_->drop_observation(failure.observation, loaded);
    const std::string more = result_.bands.empty() ? "" : "; it is in the maps of the bands before";
    leave_out_observation(survey_[failure.observation], failure.reason, failure.text + more);
  }
}

/// False when there is no pointing at all.
bool MapJob::make_grid() {
  std::optional<GridDefinition> definition;
  ranks_.run_agreed("reading the definition of the grid", [&] { definition = fixed_grid(config_); });
  if (!definition) {
    const SkyFrame frame = parse_sky_frame(config_.frame);
    const PointingExtent mine = share_->extent(frame);
    drop_failed(nullptr);
    const PointingExtent all = extent_of_all(mine, ranks_);
    if (all.empty()) return false;
    definition = all.definition(frame, config_.padding_deg, config_.cdelt_deg);
  }
  run_on_rank_zero(ranks_, [&] { check_grid_memory(*definition); });
  grid_ = std::make_unique<MapGrid>(*definition);
  if (config_.wcs != "dynamic") {
    check_coverage(*grid_, *share_, ranks_);
    drop_failed(nullptr);
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

/// Scans whose pointing or samples are no good move from used to excluded, in the survey of every rank alike.
void MapJob::count_exclusions(const LoadedBands& bands) {
  std::vector<std::int64_t> counts(observations_.size() * kExclusions, 0);
  for (const auto& of_stream : bands.segments) {
    for (const SegmentOfBand& segment : of_stream) {
      if (!segment.excluded) continue;
      ++counts[segment.cuts.observation * kExclusions + place_of(*segment.excluded)];
    }
  }
  ranks_.sum(std::span<std::int64_t>(counts));
  for (std::size_t i = 0; i < observations_.size(); ++i) {
    for (std::size_t reason = 0; reason < kExclusions; ++reason) {
      survey_[i].counts[reason] += counts[i * kExclusions + reason];
      survey_[i].n_scans -= counts[i * kExclusions + reason];
    }
  }
}

}  // namespace

MapJobResult run_map_job(const MapmakeConfig& config, const IoConfig& io,
                         const std::vector<MapObservation>& observations, const std::string& config_text,
                         const Communicator& ranks, const TeamFiles& files) {
  return MapJob(config, io, observations, config_text, ranks, files).run();
}

}  // namespace comap
