#include "map/map_job.hpp"

#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/json_bytes.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "io/map_file.hpp"
#include "map/map_plan.hpp"
#include "map/map_share.hpp"
#include "map/products.hpp"

namespace comap {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

PointingExtent extent_of_all(const PointingExtent& mine, const Communicator& ranks) {
  const std::vector<double> numbers = mine.serialize();
  Bytes bytes(numbers.size() * sizeof(double));
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  PointingExtent all;
  for (const Bytes& of_rank : ranks.all_gather(bytes)) {
    std::vector<double> received(of_rank.size() / sizeof(double));
    std::memcpy(received.data(), of_rank.data(), of_rank.size());
    all.combine(PointingExtent::deserialize(received));
  }
  return all;
}

/// One job on one rank, step by step; every step is collective.
class MapJob {
 public:
  MapJob(const MapmakeConfig& config, const IoConfig& io, const std::vector<MapObservation>& observations,
         const std::string& config_text, const Communicator& ranks)
      : config_(config), io_(io), observations_(observations), config_text_(config_text), ranks_(ranks) {}

  MapJobResult run();

 private:
  void read_settings_files();
  void drop_failed(BandData* loaded);
  bool make_grid();
  BandResult make_band(int frequency_band, bool last);
  void take_out_subpixel_structure(BandData& band) const;
  DestriperSettings solver_settings() const;
  MapRecord record_of(int frequency_band, const BandData& band);
  void write_band(const MapPiece& map, MapRecord& record, BandResult& result) const;
  void count_exclusions(const BandData& band);

  const MapmakeConfig& config_;
  const IoConfig& io_;
  const std::vector<MapObservation>& observations_;
  const std::string& config_text_;
  const Communicator& ranks_;
  std::unique_ptr<PreparationContext> context_;
  std::vector<SurveyedObservation> survey_;
  std::unique_ptr<MapShare> share_;
  std::unique_ptr<Wcs> wcs_;
  MapJobResult result_;
};

MapJobResult MapJob::run() {
  read_settings_files();
  survey_ = survey_observations(config_, io_, observations_, ranks_);
  const auto rank = static_cast<std::size_t>(ranks_.rank());
  share_ = std::make_unique<MapShare>(*context_, observations_, distribute(survey_, ranks_.size())[rank]);
  if (make_grid()) {
    share_->locate(*wcs_);
    drop_failed(nullptr);
    for (std::size_t i = 0; i < config_.bands.size(); ++i) {
      result_.bands.push_back(make_band(config_.bands[i], i + 1 == config_.bands.size()));
    }
  }
  SelectionReport final_report = selection_report(survey_);
  return {std::move(final_report), std::move(result_.bands)};
}

void MapJob::read_settings_files() {
  ranks_.run_agreed("map making", [&] { context_ = std::make_unique<PreparationContext>(config_, io_); });
}

/// Observations that any rank failed to read are dropped by all, each with the first reason in order of rank.
void MapJob::drop_failed(BandData* loaded) {
  nlohmann::json mine = nlohmann::json::array();
  for (const ReadFailure& failure : share_->failures()) mine.push_back({failure.observation, failure.text});
  for (const Bytes& bytes : ranks_.all_gather(to_bytes(mine))) {
    for (const auto& failure : from_bytes(bytes)) {
      const auto index = failure.at(0).get<std::size_t>();
      SurveyedObservation& observation = survey_[index];
      if (!observation.outcome.used) continue;
      share_->drop_observation(index, loaded);
      observation = {};
      observation.outcome = {observations_[index].observation.obsid, false, true, failure.at(1).get<std::string>()};
      observation.counts[static_cast<std::size_t>(Exclusion::file_unreadable)] = 1;
    }
  }
}

/// False when there is no pointing at all.
bool MapJob::make_grid() {
  WcsDefinition definition;
  if (config_.wcs == "dynamic") {
    const SkyFrame frame = parse_sky_frame(config_.frame);
    const PointingExtent mine = share_->extent(frame);
    drop_failed(nullptr);
    const PointingExtent all = extent_of_all(mine, ranks_);
    if (all.empty()) return false;
    definition = all.definition(frame, config_.padding_deg, config_.cdelt_deg);
  } else if (config_.wcs == "inline") {
    definition = config_.wcs_inline;
  } else {
    ranks_.run_agreed("reading the definition of the grid",
                      [&] { definition = named_wcs(config_.wcs_file, config_.wcs); });
  }
  wcs_ = std::make_unique<Wcs>(definition);
  if (wcs_->n_pixels() > std::numeric_limits<std::int32_t>::max()) {
    throw ConfigError(fmt::format("the map would have {} x {} pixels; choose a larger cdelt_deg or a smaller grid",
                                  wcs_->n_x(), wcs_->n_y()));
  }
  return true;
}

BandResult MapJob::make_band(int frequency_band, bool last) {
  const auto start = Clock::now();
  BandResult result;
  result.frequency_band = frequency_band;
  BandData band = share_->load(frequency_band, last);
  drop_failed(&band);
  count_exclusions(band);

  MapRecord record = record_of(frequency_band, band);
  result.n_observations = std::ssize(record.observations);
  result.n_samples = record.n_samples;
  if (record.n_samples == 0) return result;

  if (config_.subpixel_pass) take_out_subpixel_structure(band);
  const DestriperResult solved = destripe(std::move(band.data), solver_settings(), ranks_);
  record.solver = solved.report;
  result.solver = solved.report;
  const MapPiece map = gather_map(solved.map, ranks_);
  run_on_rank_zero(ranks_, [&] { write_band(map, record, result); });
  result.seconds = seconds_since(start);
  return result;
}

/// A first solve, whose map tells what the sky does inside pixels: short offsets would follow it.
void MapJob::take_out_subpixel_structure(BandData& band) const {
  const DestriperResult first = destripe(std::as_const(band.data), solver_settings(), ranks_);
  if (ranks_.rank() == 0) log_info("first pass: {} iterations", first.report.iterations);
  const MapSpline spline(share_map(first.map, ranks_), wcs_->n_x());
  band.data.subpixel_K = subpixel_structure(spline, band.data.pixel, band.within_pixel);
  band.within_pixel = {};
}

DestriperSettings MapJob::solver_settings() const {
  DestriperSettings settings;
  settings.n_pixels = wcs_->n_pixels();
  settings.n_columns = wcs_->n_x();
  settings.offset_length = config_.offset_length;
  settings.lambda_ridge = config_.lambda_ridge;
  settings.alpha_grad = config_.alpha_grad;
  settings.alpha_curv = config_.alpha_curv;
  settings.threshold = config_.threshold;
  settings.max_iterations = config_.max_iterations;
  return settings;
}

/// Scans whose pointing or samples are no good move from used to excluded, in the survey of every rank alike.
void MapJob::count_exclusions(const BandData& band) {
  std::vector<std::int64_t> counts(observations_.size() * kExclusions, 0);
  for (const auto& [observation, reason] : band.excluded) {
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

MapRecord MapJob::record_of(int frequency_band, const BandData& band) {
  BandTally tally = share_->tally(band);
  ranks_.sum(std::span<std::int64_t>(tally.samples));
  const PointingSums& mine = tally.pointing;
  std::array<double, 5> sums = {mine.n, mine.sin_azimuth, mine.cos_azimuth, mine.elevation_deg, mine.mjd};
  ranks_.sum(std::span<double>(sums));

  MapRecord record;
  record.frequency_band = frequency_band;
  record.frame = wcs_->frame();
  record.n_scans = ranks_.sum(tally.n_scans);
  record.config_text = config_text_;
  record.selection = selection_report(survey_).lines();
  record.mean_azimuth_deg = std::fmod(std::atan2(sums[1], sums[2]) / kDegree_rad + 360.0, 360.0);
  record.mean_elevation_deg = sums[3] / sums[0];
  record.mean_mjd = sums[4] / sums[0];
  for (std::size_t i = 0; i < tally.samples.size(); ++i) {
    if (tally.samples[i] == 0) continue;
    record.observations.push_back({observations_[i].observation.obsid, tally.samples[i]});
    record.n_samples += tally.samples[i];
  }
  return record;
}

void MapJob::write_band(const MapPiece& map, MapRecord& record, BandResult& result) const {
  ContinuumMap images = make_images(map, *wcs_, config_, record.masks);
  describe_map(config_, record, images);
  std::filesystem::create_directories(config_.output_dir);
  const std::string stem = fmt::format("{}/{}_band{}", config_.output_dir, config_.name, record.frequency_band);
  write_map_fits(stem + ".fits", images);
  result.path = stem + ".fits";
  if (!config_.plot) return;
  try {
    plot_map(stem + ".png", images, fmt::format("{}, frequency band {}", config_.name, record.frequency_band));
    result.plot_path = stem + ".png";
  } catch (const IoError& error) {
    log_warning("{}: {}; the map itself is complete", stem + ".png", error.what());
  }
}

}  // namespace

MapJobResult run_map_job(const MapmakeConfig& config, const IoConfig& io,
                         const std::vector<MapObservation>& observations, const std::string& config_text,
                         const Communicator& ranks) {
  return MapJob(config, io, observations, config_text, ranks).run();
}

}  // namespace comap
