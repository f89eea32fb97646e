#include "map/map_share.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "map/noise_model.hpp"
#include "map/offset_prior.hpp"
#include "map/prepare_scan.hpp"
#include "math/glitches.hpp"

namespace comap {
namespace {

constexpr std::size_t kExtentStep = 10;  // samples; at 50 Hz and 1 deg/s a fifth of a degree

void correct(const std::vector<PointingModel>& models, int feed, FeedPointing& pointing) {
  if (models.empty()) return;
  const auto row = static_cast<std::size_t>(feed - 1);
  for (std::size_t i = 0; i < pointing.azimuth_deg.size(); ++i) {
    const Horizontal direction = corrected(models[row], {pointing.azimuth_deg[i], pointing.elevation_deg[i]});
    pointing.azimuth_deg[i] = direction.azimuth_deg;
    pointing.elevation_deg[i] = direction.elevation_deg;
  }
}

template <typename T>
std::span<const T> part(const std::vector<T>& values, std::int64_t start, std::int64_t n) {
  return std::span<const T>(values).subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(n));
}

void add(PointingSums& to, const PointingSums& from) {
  to.n += from.n;
  to.sin_azimuth += from.sin_azimuth;
  to.cos_azimuth += from.cos_azimuth;
  to.elevation_deg += from.elevation_deg;
  to.mjd += from.mjd;
}

PointingSums sums_of(std::span<const double> mjd, std::span<const double> azimuth_deg,
                     std::span<const double> elevation_deg) {
  PointingSums sums;
  for (std::size_t i = 0; i < mjd.size(); ++i) {
    add(sums, {1.0, std::sin(azimuth_deg[i] * kDegree_rad), std::cos(azimuth_deg[i] * kDegree_rad), elevation_deg[i],
               mjd[i]});
  }
  return sums;
}

std::vector<double> every(std::span<const double> values, std::size_t step) {
  std::vector<double> picked;
  for (std::size_t i = 0; i < values.size(); i += step) picked.push_back(values[i]);
  return picked;
}

std::vector<PointingModel> read_models(const MapmakeConfig& config) {
  std::vector<PointingModel> models = read_pointing_models(config.pointing_model);
  for (const int feed : config.feeds) {
    if (feed > std::ssize(models)) {
      throw ConfigError(fmt::format("[mapmake] pointing_model {} has {} lines, none for feed {}", config.pointing_model,
                                    models.size(), feed));
    }
  }
  return models;
}

}  // namespace

PreparationContext::PreparationContext(const MapmakeConfig& settings, const IoConfig& io_settings)
    : config(settings), io(io_settings) {
  observer.site = config.site;
  observer.refraction = config.refraction;
  if (!config.eop_file.empty()) observer.orientation = EarthOrientationTable::with_file(config.eop_file);
  if (!config.pointing_model.empty()) pointing_models = read_models(config);
  if (!config.planck_map.empty()) bright_sky.emplace(config.planck_map);
}

MapShare::MapShare(const PreparationContext& context, const std::vector<MapObservation>& observations,
                   std::vector<MapUnit> units)
    : context_(context), observations_(observations), units_(std::move(units)) {}

Level2Reader MapShare::open(std::size_t observation) const {
  return open_level2(context_.io, observations_[observation].observation.level2_path, context_.config.dataset);
}

/// work(file, unit, feed) for every feed of this rank. Errors of a file end its observation only.
template <typename Work>
void MapShare::for_each_feed(Work&& work) {
  for (const MapUnit& unit : units_) {
    const ScopedLogContext log({.rank = log_context().rank,
                                .team = -1,
                                .obsid = observations_[unit.observation].observation.obsid,
                                .stage = "mapmake"});
    try {
      const Level2Reader file = open(unit.observation);
      for (const int feed : unit.feeds) work(file, unit, feed);
    } catch (const ObservationError& error) {
      failures_.push_back({unit.observation, error.what()});
    } catch (const IoError& error) {
      failures_.push_back({unit.observation, error.what()});
    }
  }
}

PointingExtent MapShare::extent(SkyFrame frame) {
  PointingExtent extent;
  for_each_feed([&](const Level2Reader& file, const MapUnit&, int feed) { add_extent(file, feed, frame, extent); });
  return extent;
}

void MapShare::add_extent(const Level2Reader& file, int feed, SkyFrame frame, PointingExtent& extent) {
  FeedPointing pointing = file.read_pointing(feed);
  correct(context_.pointing_models, feed, pointing);
  for (const auto& [start, end] : file.scans()) {
    const std::span<const double> elevation = part(pointing.elevation_deg, start, end - start);
    if (!elevation_is_valid(elevation)) continue;
    const std::vector<double> mjd = every(part(file.mjd(), start, end - start), kExtentStep);
    const std::vector<double> azimuth = every(part(pointing.azimuth_deg, start, end - start), kExtentStep);
    std::vector<double> longitude(mjd.size());
    std::vector<double> latitude(mjd.size());
    horizontal_to_sky(context_.observer, mjd, azimuth, every(elevation, kExtentStep), frame, longitude, latitude);
    extent.add(longitude, latitude);
  }
}

void MapShare::locate(const Wcs& wcs) {
  for_each_feed([&](const Level2Reader& file, const MapUnit& unit, int feed) { locate_feed(file, unit, feed, wcs); });
}

void MapShare::locate_feed(const Level2Reader& file, const MapUnit& unit, int feed, const Wcs& wcs) {
  FeedPointing pointing = file.read_pointing(feed);
  correct(context_.pointing_models, feed, pointing);
  const std::size_t first_scan = scans_.size();
  first_scan_[{unit.observation, feed}] = first_scan;
  for (std::size_t index = 0; index < file.scans().size(); ++index) {
    const auto [start, end] = file.scans()[index];
    FeedScan& scan = scans_.emplace_back();
    scan.observation = unit.observation;
    scan.feed = feed;
    scan.scan = index;
    scan.file_start = start;
    scan.start = std::ssize(pixel_);
    locate_scan(pointing, file, wcs, scan);
  }
  find_feed_glitches(file, feed, first_scan);
}

void MapShare::locate_scan(const FeedPointing& pointing, const Level2Reader& file, const Wcs& wcs, FeedScan& scan) {
  const std::int64_t n = file.scans()[scan.scan][1] - scan.file_start;
  const auto elevation = part(pointing.elevation_deg, scan.file_start, n);
  const auto azimuth = part(pointing.azimuth_deg, scan.file_start, n);
  if (!elevation_is_valid(elevation)) {
    log_warning("{}: feed {}, samples {} to {}: elevation outside 0-90 deg or not finite; the scan is left out",
                file.path(), scan.feed, scan.file_start, scan.file_start + n);
    scan.bad_elevation = true;
    return;
  }
  scan.n_samples = n;
  const auto mjd = part(file.mjd(), scan.file_start, n);
  std::vector<double> longitude(mjd.size());
  std::vector<double> latitude(mjd.size());
  horizontal_to_sky(context_.observer, mjd, azimuth, elevation, wcs.frame(), longitude, latitude);
  append_pixels(wcs, longitude, latitude);
  if (context_.config.fit_airmass) scan.airmass = airmass_template(elevation, context_.config.min_airmass_range_deg);
  scan.pointing = sums_of(mjd, azimuth, elevation);
}

void MapShare::append_pixels(const Wcs& wcs, const std::vector<double>& longitude_deg,
                             const std::vector<double>& latitude_deg) {
  std::vector<std::int64_t> index(longitude_deg.size());
  std::vector<float> x_within(context_.config.subpixel_pass ? index.size() : 0), y_within(x_within.size());
  wcs.pixel_index(longitude_deg, latitude_deg, index, x_within, y_within);
  for (const std::int64_t pixel : index) pixel_.push_back(static_cast<std::int32_t>(pixel));
  const auto step = [](float within) { return static_cast<std::int8_t>(std::lround(within * kSubpixelSteps)); };
  for (std::size_t i = 0; i < x_within.size(); ++i) {
    within_pixel_.push_back(index[i] < 0 ? WithinPixel{} : WithinPixel{step(x_within[i]), step(y_within[i])});
  }
  if (!context_.bright_sky) return;
  for (std::size_t i = 0; i < index.size(); ++i) {
    const SkyPosition position{longitude_deg[i], latitude_deg[i]};
    const SkyPosition galactic = wcs.frame() == SkyFrame::galactic ? position : icrs_to_galactic(position);
    const bool bright = context_.bright_sky->temperature_K(galactic) > context_.config.bright_cut_K;
    solver_factor_.push_back(bright ? static_cast<float>(context_.config.bright_weight) : 1.0F);
  }
}

void MapShare::find_feed_glitches(const Level2Reader& file, int feed, std::size_t first_scan) {
  if (context_.config.glitch_sigma <= 0.0) return;
  const std::span<FeedScan> scans = std::span(scans_).subspan(first_scan);
  std::vector<HalfBandSum> sums;
  for (const FeedScan& scan : scans) sums.emplace_back(static_cast<std::size_t>(scan.n_samples));
  for (int band = 0; band < file.n_frequency_bands(); ++band) {
    const std::vector<float> stream = file.read_stream(feed, band);
    for (std::size_t i = 0; i < scans.size(); ++i) {
      sums[i].add(part(stream, scans[i].file_start, scans[i].n_samples));
    }
  }
  for (std::size_t i = 0; i < scans.size(); ++i) {
    scans[i].glitches = find_glitches(sums[i].values(), context_.config.glitch_sigma);
  }
}

BandData MapShare::load(int frequency_band, bool last) {
  BandData band;
  band.data.pixel = last ? std::move(pixel_) : pixel_;
  band.within_pixel = last ? std::move(within_pixel_) : within_pixel_;
  band.data.solver_factor = last ? std::move(solver_factor_) : solver_factor_;
  band.data.tod_K.assign(band.data.pixel.size(), 0.0F);
  for_each_feed([&](const Level2Reader& file, const MapUnit& unit, int feed) {
    const ScanSelection selection(context_.config, observations_[unit.observation], file);
    load_feed(file, selection, unit, feed, frequency_band, band);
  });
  return band;
}

void MapShare::load_feed(const Level2Reader& file, const ScanSelection& selection, const MapUnit& unit, int feed,
                         int frequency_band, BandData& band) const {
  std::vector<float> stream = file.read_stream(feed, frequency_band);
  const double factor = observations_[unit.observation].calibration_factor(feed, frequency_band);
  // The weights follow: they are measured on what is divided here.
  if (factor != 1.0) {
    for (float& sample : stream) sample = static_cast<float>(sample / factor);
  }
  const std::size_t first = first_scan_.at({unit.observation, feed});
  for (std::size_t index = 0; index < file.scans().size(); ++index) {
    const FeedScan& scan = scans_[first + index];
    const std::size_t n_before = band.data.segments.size();
    const std::span<const float> samples = part(stream, scan.file_start, scan.n_samples);
    load_scan(first + index, selection.used(feed, frequency_band, index), samples, band);
    if (band.data.segments.size() == n_before) continue;
    DestriperSegment& segment = band.data.segments.back();
    add_prior(file, frequency_band, scan, segment);
    for (auto& variance_K2 : segment.prior_variance_K2) variance_K2 /= factor * factor;
  }
}

void MapShare::add_prior(const Level2Reader& file, int frequency_band, const FeedScan& scan,
                         DestriperSegment& segment) const {
  if (context_.config.noise_prior == "false") return;
  const auto power_K2 = correlated_noise_K2(file, scan.feed, frequency_band, scan.scan);
  if (!power_K2) {
    log_warning("{}: feed {}, frequency band {}, scan {}: no noise model; its offsets have no prior", file.path(),
                scan.feed, frequency_band, scan.scan);
    return;
  }
  const int length = context_.config.offset_length;
  const std::int64_t n_offsets = (segment.n_samples + length - 1) / length;
  segment.prior_variance_K2 =
      offset_mode_variance(*power_K2, static_cast<std::size_t>(n_offsets), length, file.sample_time_s());
}

void MapShare::load_scan(std::size_t scan_index, bool selected, std::span<const float> stream, BandData& band) const {
  const FeedScan& scan = scans_[scan_index];
  const auto start = static_cast<std::size_t>(scan.start);
  const auto pixel = std::span(band.data.pixel).subspan(start, stream.size());
  const auto tod = std::span(band.data.tod_K).subspan(start, stream.size());
  if (!selected) {
    std::ranges::fill(pixel, -1);
    return;
  }
  if (scan.bad_elevation) {
    band.excluded.emplace_back(scan.observation, Exclusion::bad_elevation);
    return;
  }
  std::ranges::copy(stream, tod.begin());
  const PreparedScan prepared = prepare_scan(tod, pixel, scan.glitches, context_.config.min_good_fraction);
  if (prepared.weight_per_K2 == 0.0) {
    band.excluded.emplace_back(scan.observation, Exclusion::too_few_good_samples);
    return;
  }
  band.data.segments.push_back({scan.start, scan.n_samples, prepared.weight_per_K2, scan.airmass});
  band.scan_of_segment.push_back(scan_index);
}

BandTally MapShare::tally(const BandData& band) const {
  BandTally tally;
  tally.samples.assign(observations_.size(), 0);
  for (const std::size_t index : band.scan_of_segment) {
    const FeedScan& scan = scans_[index];
    const auto pixel = part(band.data.pixel, scan.start, scan.n_samples);
    tally.samples[scan.observation] += std::ranges::count_if(pixel, [](std::int32_t hit) { return hit >= 0; });
    ++tally.n_scans;
    add(tally.pointing, scan.pointing);
  }
  return tally;
}

void MapShare::erase_pixels(std::size_t observation, std::vector<std::int32_t>& pixel) const {
  if (pixel.empty()) return;
  for (const FeedScan& scan : scans_) {
    if (scan.observation != observation) continue;
    std::fill_n(pixel.begin() + scan.start, scan.n_samples, -1);
  }
}

void MapShare::drop_observation(std::size_t observation, BandData* loaded) {
  std::erase_if(units_, [=](const MapUnit& unit) { return unit.observation == observation; });
  std::erase_if(failures_, [=](const ReadFailure& failure) { return failure.observation == observation; });
  erase_pixels(observation, pixel_);
  if (loaded == nullptr) return;
  erase_pixels(observation, loaded->data.pixel);
  std::erase_if(loaded->excluded, [=](const auto& scan) { return scan.first == observation; });
  BandData kept;
  for (std::size_t i = 0; i < loaded->scan_of_segment.size(); ++i) {
    if (scans_[loaded->scan_of_segment[i]].observation == observation) continue;
    kept.scan_of_segment.push_back(loaded->scan_of_segment[i]);
    kept.data.segments.push_back(std::move(loaded->data.segments[i]));
  }
  loaded->scan_of_segment = std::move(kept.scan_of_segment);
  loaded->data.segments = std::move(kept.data.segments);
}

}  // namespace comap
