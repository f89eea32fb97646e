#include "map/null_test/split_maps.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <iterator>
#include <utility>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "map/null_test/null_simulations.hpp"
#include "map/null_test/split_solve.hpp"
#include "map/null_test/splits.hpp"
#include "map/outer_iterations.hpp"
#include "map/products/map_pieces.hpp"
#include "map/products/map_record.hpp"
#include "map/solve_passes.hpp"

namespace comap {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kCoarseStep_deg = 1.0;  ///< finer nodes of the solver's coarse sky save next to no iterations

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The maps of loaded bands, step by step; every step is collective.
class SplitMaps {
 public:
  SplitMaps(LoadedBands bands, const MapContext& context, MapJobResult& result);
  void run();

 private:
  SplitObservation describe(std::size_t observation) const;
  std::vector<LabelledSplit> labelled_splits() const;
  std::vector<ScanPlace> scan_places() const;
  void find_structure();
  void add_last_change(std::size_t stream, const MapPiece& map, MapRecord& record) const;
  void gather_cuts_of_bands();
  MapRecord record_of(std::size_t stream, const Split& split, const std::vector<bool>& wanted, int label) const;
  void add_cuts(const Split& split, int label, MapRecord& record) const;
  std::vector<MapRecord> records_of(std::size_t stream, const LabelledSplit& labelled) const;
  void make_split(const LabelledSplit& labelled, std::vector<std::vector<NullStatistic>> simulated, AfterSolve after);
  void write_labels(const Split& split, const std::vector<LabelMap>& solved, std::vector<MapRecord>& records,
                    const std::vector<NullStatistic>& simulated, double seconds);

  const MapContext& context_;
  const MapmakeConfig& config_;
  const Communicator& ranks_;
  LoadedBands bands_;
  MapJobResult& result_;
  DestriperSettings settings_;
  std::vector<DestriperResult> first_pass_;  ///< [stream] when there is one
  OuterIterations outer_;
  std::vector<std::vector<ScanCuts>> cuts_;  ///< [stream] of all ranks, on rank 0
};

DestriperSettings solver_settings(const MapmakeConfig& config, const MapGrid& grid) {
  DestriperSettings settings;
  settings.n_pixels = grid.n_pixels();
  settings.n_columns = grid.n_columns();
  settings.offset_length = config.offset_length;
  settings.lambda_ridge = config.lambda_ridge;
  settings.alpha_grad = config.alpha_grad;
  settings.alpha_curv = config.alpha_curv;
  settings.threshold = config.threshold;
  settings.noise_threshold = config.noise_threshold;
  settings.coarse_step = std::max(1, static_cast<int>(std::lround(kCoarseStep_deg / grid.pixel_size_deg())));
  settings.max_iterations = config.max_iterations;
  return settings;
}

SplitMaps::SplitMaps(LoadedBands bands, const MapContext& context, MapJobResult& result)
    : context_(context),
      config_(context.config),
      ranks_(context.ranks),
      bands_(std::move(bands)),
      result_(result),
      settings_(solver_settings(config_, context.grid)) {}

void SplitMaps::run() {
  find_noise_and_glitches(bands_, config_, settings_, context_.grid, ranks_);
  gather_cuts_of_bands();
  const std::vector<LabelledSplit> splits = labelled_splits();
  auto simulated = simulate_null_tests(bands_, scan_places(), splits, config_, settings_, context_.grid, ranks_);
  if (config_.subpixel_pass) find_structure();
  const HealpixSky* prior = context_.preparation.bright_sky ? &*context_.preparation.bright_sky : nullptr;
  outer_ = iterate(bands_, config_, settings_, context_.grid, prior, ranks_);
  // Iterations from there would keep the large scales that the prior is to replace.
  if (config_.n_destriper_iterations > 1 && config_.prior_mixing_alpha > 0.0) first_pass_.clear();
  for (std::size_t i = 0; i < splits.size(); ++i) {
    const bool last = i + 1 == splits.size();
    make_split(splits[i], std::move(simulated[i]), last ? AfterSolve::release : AfterSolve::keep);
  }
  run_on_rank_zero(ranks_, [&] {
    if (!result_.null_tests.empty()) write_null_tests(null_test_path(config_), result_.null_tests);
  });
}

void SplitMaps::find_structure() {
  first_pass_ = find_subpixel_structure(bands_.data, bands_.within_pixel, settings_, context_.grid, ranks_);
  bands_.within_pixel = {};
  if (ranks_.rank() != 0) return;
  for (std::size_t stream = 0; stream < first_pass_.size(); ++stream) {
    log_info("frequency band {}: first pass, {} iterations", bands_.frequency_bands[stream],
             first_pass_[stream].report.iterations);
  }
}

SplitObservation SplitMaps::describe(std::size_t observation) const {
  const Observation& of_catalogue = context_.observations[observation].observation;
  const SurveyedObservation& surveyed = context_.survey[observation];
  SplitObservation described{of_catalogue.obsid, surveyed.outcome.used, kNan, kNan, surveyed.n_samples};
  if (!described.used) return described;
  try {
    described.start_mjd = parse_utc_start(of_catalogue.utc_start);
    described.sun_elevation_deg = sun_elevation_deg(context_.preparation.pointing.observer, described.start_mjd);
  } catch (const ObservationError& error) {
    if (ranks_.rank() == 0) {
      log_warning("obsid {}: in no map of day_night and seasons: {}", of_catalogue.obsid, error.what());
    }
  }
  return described;
}

std::vector<LabelledSplit> SplitMaps::labelled_splits() const {
  const bool need_times = config_.split != std::vector<std::string>{"none"};
  std::vector<SplitObservation> described(context_.observations.size());
  for (std::size_t i = 0; need_times && i < described.size(); ++i) described[i] = describe(i);
  std::vector<LabelledSplit> splits;
  for (Split& split : make_splits(config_, described)) {
    std::vector<int> labels;
    for (const std::size_t index : bands_.scan_of_segment) {
      const FeedScan& scan = context_.share.scans()[index];
      labels.push_back(split.label(scan.observation, scan.feed, scan.scan));
    }
    splits.push_back({std::move(split), std::move(labels)});
  }
  return splits;
}

std::vector<ScanPlace> SplitMaps::scan_places() const {
  constexpr std::uint64_t kMostScans = 65536;
  std::vector<ScanPlace> places;
  for (const std::size_t index : bands_.scan_of_segment) {
    const FeedScan& scan = context_.share.scans()[index];
    const std::int64_t obsid = context_.observations[scan.observation].observation.obsid;
    places.push_back({scan.observation, scan.scan, static_cast<std::uint64_t>(obsid) * kMostScans + scan.scan});
  }
  return places;
}

/// Why a whole observation is not used.
std::optional<Exclusion> whole_exclusion(const SurveyedObservation& observation) {
  for (const Exclusion reason : kObservationExclusions) {
    if (observation.counts[place_of(reason)] > 0) return reason;
  }
  return std::nullopt;
}

void SplitMaps::gather_cuts_of_bands() {
  for (std::size_t stream = 0; stream < bands_.frequency_bands.size(); ++stream) {
    const int band = bands_.frequency_bands[stream];
    std::vector<ScanCuts> mine;
    for (const SegmentOfBand& segment : bands_.segments[stream]) mine.push_back(segment.cuts);
    for (std::size_t i = 0; i < context_.survey.size(); ++i) {
      std::ranges::copy_if(context_.survey[i].unread, std::back_inserter(mine),
                           [=](const ScanCuts& cuts) { return cuts.frequency_band == band; });
    }
    std::erase_if(mine,
                  [&](const ScanCuts& cuts) { return whole_exclusion(context_.survey[cuts.observation]).has_value(); });
    for (std::size_t i = 0; ranks_.rank() == 0 && i < context_.survey.size(); ++i) {
      const auto reason = whole_exclusion(context_.survey[i]);
      if (!reason) continue;
      mine.push_back({static_cast<std::int64_t>(i), -1, band, -1, static_cast<std::int32_t>(*reason)});
    }
    cuts_.push_back(gather_cuts(mine, ranks_));
    result_.cuts.insert(result_.cuts.end(), cuts_.back().begin(), cuts_.back().end());
  }
}

/// `label` kNoLabel: of all labels.
void SplitMaps::add_cuts(const Split& split, int label, MapRecord& record) const {
  const auto stream = std::ranges::find(bands_.frequency_bands, record.frequency_band) - bands_.frequency_bands.begin();
  if (ranks_.rank() != 0) return;
  std::vector<ScanCuts> cuts;
  for (const ScanCuts& scan : cuts_[stream]) {
    const auto of_scan = [&] { return split.label(scan.observation, scan.feed, scan.scan); };
    const bool inside = scan.scan >= 0 && (label == kNoLabel ? of_scan() != kNoLabel : of_scan() == label);
    if (split.is_whole() || inside) cuts.push_back(scan);
  }
  record.cuts = cut_rows(cuts, context_.observations);
  for (std::string& line : cut_lines(cuts, context_.observations)) record.selection.push_back(std::move(line));
}

MapRecord SplitMaps::record_of(std::size_t stream, const Split& split, const std::vector<bool>& wanted,
                               int label) const {
  BandTally tally = context_.share.tally(bands_, stream, wanted);
  ranks_.sum(std::span<std::int64_t>(tally.samples));
  const PointingSums& mine = tally.pointing;
  std::array<double, 8> sums = {mine.n,   mine.sin_azimuth, mine.cos_azimuth,          mine.elevation_deg,
                                mine.mjd, tally.passband.n, tally.passband.centre_GHz, tally.passband.width_GHz};
  ranks_.sum(std::span<double>(sums));

  std::array<double, 5> track = {tally.track.square_deg2, tally.track.cosine_deg2, tally.track.sine_deg2,
                                 tally.track.n_samples, tally.track.width_sum_deg};
  ranks_.sum(std::span<double>(track));
  ranks_.min(std::span<double>(&tally.first_mjd, 1));
  ranks_.max(std::span<double>(&tally.last_mjd, 1));

  MapRecord record;
  record.track = {track[0], track[1], track[2], track[3], track[4]};
  record.first_mjd = tally.first_mjd;
  record.last_mjd = tally.last_mjd;
  const EarthOrientationTable& orientation = context_.preparation.pointing.observer.orientation;
  record.orientation_source = orientation.source();
  if (record.first_mjd <= record.last_mjd) {
    record.orientation_kind = orientation.worst_kind(record.first_mjd, record.last_mjd);
  }
  record.frequency_band = bands_.frequency_bands[stream];
  record.frame = context_.grid.frame();
  record.n_scans = ranks_.sum(tally.n_scans);
  record.config_text = context_.config_text;
  record.selection = selection_report(context_.survey).lines();
  std::ranges::move(settings_lines(context_.survey), std::back_inserter(record.selection));
  record.mean_azimuth_deg = std::fmod(std::atan2(sums[1], sums[2]) / kDegree_rad + 360.0, 360.0);
  record.mean_elevation_deg = sums[3] / sums[0];
  record.mean_mjd = sums[4] / sums[0];
  record.passband = {sums[6] / sums[5], sums[7] / sums[5]};
  for (std::size_t i = 0; i < tally.samples.size(); ++i) {
    if (tally.samples[i] == 0) continue;
    record.observations.push_back({context_.observations[i].observation.obsid, tally.samples[i]});
    record.n_samples += tally.samples[i];
  }
  add_cuts(split, label, record);
  return record;
}

/// One for each label, then one for all labels together.
std::vector<MapRecord> SplitMaps::records_of(std::size_t stream, const LabelledSplit& labelled) const {
  std::vector<MapRecord> records;
  std::vector<bool> wanted(labelled.labels.size());
  for (int label = 0; label < std::ssize(labelled.split.labels); ++label) {
    std::transform(labelled.labels.begin(), labelled.labels.end(), wanted.begin(),
                   [=](int other) { return other == label; });
    records.push_back(record_of(stream, labelled.split, wanted, label));
  }
  std::transform(labelled.labels.begin(), labelled.labels.end(), wanted.begin(),
                 [](int other) { return other != kNoLabel; });
  records.push_back(record_of(stream, labelled.split, wanted, kNoLabel));
  return records;
}

void SplitMaps::make_split(const LabelledSplit& labelled, std::vector<std::vector<NullStatistic>> simulated,
                           AfterSolve after) {
  const auto start = Clock::now();
  std::vector<std::vector<MapRecord>> records;
  for (std::size_t stream = 0; stream < bands_.frequency_bands.size(); ++stream) {
    records.push_back(records_of(stream, labelled));
  }
  const auto n_labels = static_cast<int>(labelled.split.labels.size());
  const auto maps = solve_labels(bands_.data, labelled.labels, n_labels, settings_, ranks_, after, first_pass_);
  for (std::size_t stream = 0; stream < maps.size(); ++stream) {
    add_last_change(stream, maps[stream].front().map, records[stream].front());
  }
  const double seconds = seconds_since(start) / static_cast<double>(maps.size() * labelled.split.labels.size());
  for (std::size_t stream = 0; stream < maps.size(); ++stream) {
    write_labels(labelled.split, maps[stream], records[stream], simulated[stream], seconds);
  }
}

/// With outer iterations, of which there is one map only: how much the last one changed it.
void SplitMaps::add_last_change(std::size_t stream, const MapPiece& map, MapRecord& record) const {
  if (config_.n_destriper_iterations == 1) return;
  record.changes = outer_.changes[stream];
  record.changes.push_back(map_change(outer_.last[stream], map, ranks_));
  if (ranks_.rank() == 0) log_changes(record.frequency_band, record.changes);
}

/// A result without paths.
BandResult result_of(const Split& split, const MapRecord& record, double seconds) {
  BandResult result;
  result.frequency_band = record.frequency_band;
  result.split = split.name;
  result.solver = record.solver;
  result.n_observations = std::ssize(record.observations);
  result.n_samples = record.n_samples;
  result.seconds = seconds;
  return result;
}

void SplitMaps::write_labels(const Split& split, const std::vector<LabelMap>& solved, std::vector<MapRecord>& records,
                             const std::vector<NullStatistic>& simulated, double seconds) {
  NullTest test{split.name, {}, records.front().frequency_band, {}, simulated};
  std::vector<MapPiece> maps;  // that have data
  for (std::size_t label = 0; label < solved.size(); ++label) {
    records[label].solver = solved[label].report;
    BandResult result = result_of(split, records[label], seconds);
    result.label = split.labels[label];
    if (result.n_samples > 0) {
      MapPiece map = gather_map(solved[label].map, ranks_);
      write_band_map(map, context_.grid, config_, records[label], context_.files, ranks_, result);
      maps.push_back(std::move(map));
      test.labels.push_back(split.labels[label]);
    }
    result_.bands.push_back(std::move(result));
  }
  if (maps.size() < 2) {
    if (!split.is_whole() && ranks_.rank() == 0) {
      log_warning("split {}, frequency band {}: {} of its {} parts have data; no null test", split.name,
                  test.frequency_band, maps.size(), split.labels.size());
    }
    return;
  }
  const bool is_pair = maps.size() == 2;
  records.back().solver = solved.front().report;
  BandResult result = result_of(split, records.back(), 0.0);
  run_on_rank_zero(ranks_, [&] {
    test.data = null_statistic(maps, min_hits_of(maps, config_.hit_percentile), settings_.n_columns);
  });
  if (is_pair) write_difference(maps, test, context_.grid, config_, records.back(), context_.files, ranks_, result);
  if (ranks_.rank() == 0) result_.null_tests.push_back(std::move(test));
  if (is_pair) result_.bands.push_back(std::move(result));
}

}  // namespace

void make_maps(LoadedBands bands, const MapContext& context, MapJobResult& result) {
  SplitMaps(std::move(bands), context, result).run();
}

}  // namespace comap
