#include "linemap/line_share.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "core/log.hpp"
#include "map/prepare/prepare_scan.hpp"

namespace comap {
namespace {

constexpr std::size_t kExtentStep = 10;  // samples; at 50 Hz and 1 deg/s a fifth of a degree

}  // namespace

LineShare::LineShare(const LineContext& context, const std::vector<MapObservation>& observations,
                     std::vector<MapUnit> units)
    : context_(context),
      observations_(observations),
      units_(std::move(units)),
      samples_(context.lines.size(), std::vector<std::int64_t>(observations.size(), 0)) {}

/// Errors of a file are noted with the reason that `work` has set.
void LineShare::try_to(const MapUnit& unit, int feed, const std::function<void(Exclusion& reason)>& work) {
  const ScopedLogContext log({.rank = log_context().rank,
                              .team = -1,
                              .obsid = observations_[unit.observation].observation.obsid,
                              .stage = "linemap"});
  Exclusion reason = Exclusion::file_unreadable;
  try {
    work(reason);
  } catch (const ReplacedFile& error) {
    failures_.push_back({unit.observation, Exclusion::file_replaced, feed, error.what()});
  } catch (const ObservationError& error) {
    failures_.push_back({unit.observation, reason, feed, error.what()});
  } catch (const IoError& error) {
    failures_.push_back({unit.observation, reason, feed, error.what()});
  }
}

std::vector<PointingSurvey> LineShare::survey(SkyFrame frame) {
  failures_.clear();
  std::vector<PointingSurvey> surveys;
  for (const MapUnit& unit : units_) {
    try_to(unit, 0, [&](Exclusion& reason) {
      LineObservation files(context_.config, observations_[unit.observation], unit.file);
      reason = Exclusion::level1_unusable;
      level1_[unit.observation] = files.open_level1();
      reason = Exclusion::file_unreadable;
      PointingSurvey survey;
      survey.observation = unit.observation;
      for (const int feed : unit.feeds) survey_feed(files, feed, frame, survey);
      surveys.push_back(survey);
    });
  }
  return surveys;
}

void LineShare::survey_feed(const LineObservation& files, int feed, SkyFrame frame, PointingSurvey& survey) const {
  const FeedPointing pointing = context_.pointing(files.level2(), feed);
  const std::vector<double>& mjd = files.level2().mjd();
  for (const auto& [start, end] : files.level2().scans()) {
    const auto first = static_cast<std::size_t>(start), n = static_cast<std::size_t>(end - start);
    if (!elevation_is_valid(std::span(pointing.elevation_deg).subspan(first, n))) continue;
    std::vector<double> times, azimuth_deg, elevation_deg;
    for (std::size_t i = first; i < first + n; i += kExtentStep) {
      times.push_back(mjd[i]);
      azimuth_deg.push_back(pointing.azimuth_deg[i]);
      elevation_deg.push_back(pointing.elevation_deg[i]);
    }
    std::vector<double> longitude_deg(times.size()), latitude_deg(times.size());
    horizontal_to_sky(context_.observer, times, azimuth_deg, elevation_deg, frame, longitude_deg, latitude_deg);
    survey.extent.add(longitude_deg, latitude_deg);
    const std::size_t middle = first + n / 2;
    const auto weight = static_cast<double>(n);
    survey.n_samples += weight;
    survey.mjd_sum += weight * mjd[middle];
    survey.first_mjd = std::min(survey.first_mjd, mjd[middle]);
    survey.last_mjd = std::max(survey.last_mjd, mjd[middle]);
    survey.velocity_sum_km_s += weight * context_.velocity_towards_km_s(mjd[middle], {pointing.azimuth_deg[middle],
                                                                                      pointing.elevation_deg[middle]});
  }
}

void LineShare::drop_observation(std::size_t observation) {
  std::erase_if(units_, [=](const MapUnit& unit) { return unit.observation == observation; });
}

void LineShare::accumulate(const Wcs& wcs, const std::vector<SpectralAxis>& axes) {
  failures_.clear();
  sums_.clear();
  for (const SpectralAxis& axis : axes) sums_.emplace_back(axis.n_channels);
  for (const MapUnit& unit : units_) {
    try_to(unit, 0, [&](Exclusion&) { accumulate_unit(unit, wcs, axes); });
  }
}

void LineShare::accumulate_unit(const MapUnit& unit, const Wcs& wcs, const std::vector<SpectralAxis>& axes) {
  const MapObservation& offered = observations_[unit.observation];
  LineObservation files(context_.config, offered, unit.file);
  files.open_level1();
  check_same_file(offered.observation.level1_path, level1_.at(unit.observation));
  const ScanSelection selection(context_.selection_config(), offered, files.level2());
  for (const int feed : unit.feeds) {
    try_to(unit, feed, [&](Exclusion& reason) {
      reason = Exclusion::level1_unusable;
      const FeedLines lines = FeedLineReader(context_, files, offered, feed, wcs, axes).read(selection);
      files.check_same_files();
      keep(unit.observation, lines);
    });
  }
}

void LineShare::keep(std::size_t observation, const FeedLines& feed) {
  for (std::size_t line = 0; line < sums_.size(); ++line) {
    sums_[line].add(feed.sums[line]);
    samples_[line][observation] += feed.samples[line];
  }
  for (const Exclusion reason : feed.excluded) excluded_.emplace_back(observation, reason);
}

}  // namespace comap
