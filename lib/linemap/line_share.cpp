#include "linemap/line_share.hpp"

#include <algorithm>

#include "map/prepare/prepare_scan.hpp"

namespace comap {

LineShare::LineShare(const LineContext& context, const std::vector<MapObservation>& observations,
                     std::vector<MapUnit> units)
    : FileShare(observations, std::move(units), "linemap"),
      context_(context),
      samples_(context.lines.size(), std::vector<std::int64_t>(observations.size(), 0)) {}

std::vector<PointingSurvey> LineShare::survey(SkyFrame frame) {
  std::vector<PointingSurvey> surveys;
  for (const MapUnit& unit : units_) {
    attempt(unit, 0, [&](Exclusion& reason) {
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
  const FeedPointing pointing = context_.pointing.of_feed(files.level2(), feed);
  const std::vector<double>& mjd = files.level2().mjd();
  for (const auto& scan : files.level2().scans()) {
    const auto first = static_cast<std::size_t>(scan[0]), n = static_cast<std::size_t>(scan[1] - scan[0]);
    if (!elevation_is_valid(std::span(pointing.elevation_deg).subspan(first, n))) continue;
    const SkyPositions at =
        positions_in_scan(context_.pointing.observer, files.level2(), pointing, scan, frame, kExtentStep);
    survey.extent.add(at.longitude_deg, at.latitude_deg);
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

void LineShare::accumulate(const Wcs& wcs, const std::vector<SpectralAxis>& axes) {
  sums_.clear();
  for (const SpectralAxis& axis : axes) sums_.emplace_back(axis.n_channels);
  for (const MapUnit& unit : units_) {
    attempt(unit, 0, [&](Exclusion&) { accumulate_unit(unit, wcs, axes); });
  }
}

void LineShare::accumulate_unit(const MapUnit& unit, const Wcs& wcs, const std::vector<SpectralAxis>& axes) {
  const MapObservation& offered = observations_[unit.observation];
  LineObservation files(context_.config, offered, unit.file);
  files.open_level1();
  check_same_file(offered.observation.level1_path, level1_.at(unit.observation));
  const ScanSelection selection(context_.selection_config(), offered, files.level2());
  for (const int feed : unit.feeds) {
    attempt(unit, feed, [&](Exclusion& reason) {
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
