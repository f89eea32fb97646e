#include "map/prepare/map_share.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/constants.hpp"
#include "core/log.hpp"
#include "destripe/offset_prior.hpp"
#include "map/prepare/noise_model.hpp"
#include "map/prepare/prepare_scan.hpp"
#include "math/glitches.hpp"

namespace comap {
namespace {

template <typename Vector>
auto part(const Vector& values, std::int64_t start, std::int64_t n) {
  return std::span(values).subspan(start, n);
}

LoadedBands empty_bands(std::vector<int> frequency_bands, Scratch* scratch) {
  LoadedBands bands;
  bands.data.streams.resize(frequency_bands.size());
  for (DestriperStream& stream : bands.data.streams) stream.tod_K = LargeVector<float>(scratch);
  bands.segments.resize(frequency_bands.size());
  bands.frequency_bands = std::move(frequency_bands);
  return bands;
}

void resize_segments(LoadedBands& bands, std::size_t stream) {
  const std::size_t n = bands.data.segments.size();
  bands.data.streams[stream].weight_per_K2.resize(n, 0.0);
  bands.data.streams[stream].prior_variance_K2.resize(n);
  bands.segments[stream].resize(n);
}

/// The same for any number of ranks.
std::uint64_t noise_key(std::int64_t obsid, const FeedScan& scan, int frequency_band) {
  std::uint64_t key = obsid;
  key = key * 1024 + scan.feed;
  key = key * 1024 + scan.scan;
  return key * 1024 + frequency_band;
}

}  // namespace

MapShare::MapShare(const PreparationContext& context, const std::vector<MapObservation>& observations,
                   std::vector<MapUnit> units)
    : FileShare(observations, std::move(units), "mapmake"), context_(context) {}

void MapShare::keep_on(Scratch* scratch) {
  pixel_ = LargeVector<std::int32_t>(scratch);
  within_pixel_ = LargeVector<WithinPixel>(scratch);
  for (auto* array : {&airmass_, &solver_factor_}) *array = LargeVector<float>(scratch);
}

Level2Reader MapShare::open(const MapUnit& unit) const {
  return open_same_level2(context_.io, path_of(unit), context_.config.dataset, unit.file);
}

/// work(file, unit, feed) for every feed of this rank. Errors of a file end its observation only.
template <typename Work>
void MapShare::for_each_feed(Work&& work) {
  for (const MapUnit& unit : units_) {
    attempt(unit, 0, [&](Exclusion&) {
      const Level2Reader file = open(unit);
      for (const int feed : unit.feeds) work(file, unit, feed);
      check_same_file(path_of(unit), unit.file);
    });
  }
}

void MapShare::for_some_positions(SkyFrame frame, bool first_feeds, const PositionWork& work) {
  for_each_feed([&](const Level2Reader& file, const MapUnit& unit, int feed) {
    if (first_feeds && feed != unit.feeds.front()) return;
    const FeedPointing pointing = context_.pointing.of_feed(file, feed);
    for (const auto& scan : file.scans()) {
      if (!elevation_is_valid(part(pointing.elevation_deg, scan[0], scan[1] - scan[0]))) continue;
      const SkyPositions at = positions_in_scan(context_.pointing.observer, file, pointing, scan, frame, kExtentStep);
      work(at.longitude_deg, at.latitude_deg);
    }
  });
}

PointingExtent MapShare::extent(SkyFrame frame) {
  PointingExtent extent;
  for_some_positions(frame, false, [&](const auto& l_deg, const auto& b_deg) { extent.add(l_deg, b_deg); });
  return extent;
}

LoadedBands MapShare::locate(const MapGrid& grid, std::vector<int> frequency_bands, bool last) {
  LoadedBands bands = empty_bands(std::move(frequency_bands), pixel_.get_allocator().scratch());
  for_each_feed([&](const Level2Reader& file, const MapUnit& unit, int feed) {
    FeedStreams streams;
    if (context_.config.glitch_sigma > 0.0) {
      for (int band = 0; band < file.n_frequency_bands(); ++band) streams[band] = file.read_stream(feed, band);
    }
    locate_feed(file, unit, feed, grid);
    find_feed_glitches(streams, first_scan_.at({unit.observation, feed}));
    load_feed(file, unit, feed, streams, bands);
  });
  finish(bands, last);
  return bands;
}

LoadedBands MapShare::load(std::vector<int> frequency_bands, bool last) {
  LoadedBands bands = empty_bands(std::move(frequency_bands), pixel_.get_allocator().scratch());
  for_each_feed([&](const Level2Reader& file, const MapUnit& unit, int feed) {
    FeedStreams streams;
    load_feed(file, unit, feed, streams, bands);
  });
  finish(bands, last);
  return bands;
}

void MapShare::finish(LoadedBands& bands, bool last) {
  for (std::size_t stream = 0; stream < bands.frequency_bands.size(); ++stream) {
    bands.data.streams[stream].tod_K.resize(pixel_.size(), kFloatNan);
    resize_segments(bands, stream);
  }
  bands.data.pixel = last ? std::move(pixel_) : pixel_;
  bands.data.airmass = last ? std::move(airmass_) : airmass_;
  bands.within_pixel = last ? std::move(within_pixel_) : within_pixel_;
  bands.data.solver_factor = last ? std::move(solver_factor_) : solver_factor_;
}

void MapShare::locate_feed(const Level2Reader& file, const MapUnit& unit, int feed, const MapGrid& grid) {
  const FeedPointing pointing = context_.pointing.of_feed(file, feed);
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
    locate_scan(pointing, file, grid, scan);
  }
}

void MapShare::locate_scan(const FeedPointing& pointing, const Level2Reader& file, const MapGrid& grid,
                           FeedScan& scan) {
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
  const SkyPositions at = horizontal_to_sky(context_.pointing.observer, mjd, azimuth, elevation, grid.frame());
  scan.track = scan_track(at.longitude_deg, at.latitude_deg);
  append_pixels(grid, at);
  if (context_.config.fit_airmass) append_airmass(elevation, scan);
  scan.pointing = sums_of(mjd, azimuth, elevation);
}

void MapShare::append_airmass(std::span<const double> elevation_deg, FeedScan& scan) {
  const std::vector<float> airmass = airmass_template(elevation_deg, context_.config.min_airmass_range_deg);
  scan.fits_airmass = !airmass.empty();
  airmass_.insert(airmass_.end(), airmass.begin(), airmass.end());
  airmass_.resize(pixel_.size(), 0.0F);
}

void MapShare::append_pixels(const MapGrid& grid, const SkyPositions& at) {
  std::vector<std::int64_t> index(at.longitude_deg.size());
  std::vector<float> x_within(context_.config.subpixel_pass ? index.size() : 0), y_within(x_within.size());
  grid.pixel_index(at.longitude_deg, at.latitude_deg, index, x_within, y_within);
  for (const std::int64_t pixel : index) pixel_.push_back(static_cast<std::int32_t>(pixel));
  const auto step = [](float within) { return static_cast<std::int8_t>(std::lround(within * kSubpixelSteps)); };
  for (std::size_t i = 0; i < x_within.size(); ++i) {
    within_pixel_.push_back(index[i] < 0 ? WithinPixel{} : WithinPixel{step(x_within[i]), step(y_within[i])});
  }
  if (!context_.bright_sky) return;
  for (std::size_t i = 0; i < index.size(); ++i) {
    const SkyPosition position{at.longitude_deg[i], at.latitude_deg[i]};
    const SkyPosition galactic = grid.frame() == SkyFrame::galactic ? position : icrs_to_galactic(position);
    const bool bright = context_.bright_sky->temperature_K(galactic) > context_.config.bright_cut_K;
    solver_factor_.push_back(bright ? static_cast<float>(context_.config.bright_weight) : 1.0F);
  }
}

void MapShare::find_feed_glitches(const FeedStreams& streams, std::size_t first_scan) {
  if (streams.empty()) return;
  for (FeedScan& scan : std::span(scans_).subspan(first_scan)) {
    HalfBandSum sum(scan.n_samples);
    for (const auto& [band, stream] : streams) sum.add(part(stream, scan.file_start, scan.n_samples));
    scan.glitches = find_glitches(sum.values(), context_.config.glitch_sigma);
  }
}

/// Adds segments for the scans of a feed, and its samples to every stream.
void MapShare::load_feed(const Level2Reader& file, const MapUnit& unit, int feed, FeedStreams& streams,
                         LoadedBands& bands) const {
  const std::size_t first = first_scan_.at({unit.observation, feed});
  for (std::size_t index = first; index < first + file.scans().size(); ++index) {
    bands.data.segments.push_back({scans_[index].start, scans_[index].n_samples, scans_[index].fits_airmass});
    bands.scan_of_segment.push_back(index);
  }
  bands.sample_time_s = file.sample_time_s();
  const ScanSelection selection(context_.config, observations_[unit.observation], file);
  for (std::size_t stream = 0; stream < bands.frequency_bands.size(); ++stream) {
    const int band = bands.frequency_bands[stream];
    if (!streams.contains(band)) streams[band] = file.read_stream(feed, band);
    if (context_.config.detrend == "polynomial") detrend(file, feed, streams[band]);
    load_band(file, selection, first, streams[band], stream, bands);
    passed_over(bands.data.streams[stream].tod_K, streams[band].size());
  }
}

void MapShare::detrend(const Level2Reader& file, int feed, std::span<float> samples) {
  const FeedPointing pointing = file.read_pointing(feed);
  for (const auto& [start, end] : file.scans()) {
    const std::int64_t n = end - start;
    subtract_polynomials(samples.subspan(start, n), part(pointing.azimuth_deg, start, n),
                         part(pointing.elevation_deg, start, n));
  }
}

void MapShare::load_band(const Level2Reader& file, const ScanSelection& selection, std::size_t first_scan,
                         std::span<float> samples, std::size_t stream, LoadedBands& bands) const {
  const int frequency_band = bands.frequency_bands[stream];
  const std::size_t observation = scans_[first_scan].observation;
  const double factor = observations_[observation].calibration_factor(scans_[first_scan].feed, frequency_band);
  // The weights follow: they are measured on what is divided here.
  if (factor != 1.0) {
    for (float& sample : samples) sample = static_cast<float>(sample / factor);
  }
  LargeVector<float>& tod_K = bands.data.streams[stream].tod_K;
  resize_segments(bands, stream);
  const std::vector<std::uint8_t> flags = file.read_flags(scans_[first_scan].feed, frequency_band);
  for (std::size_t index = 0; index < file.scans().size(); ++index) {
    const FeedScan& scan = scans_[first_scan + index];
    const std::size_t segment = bands.data.segments.size() - file.scans().size() + index;
    const auto tod = samples.subspan(scan.file_start, scan.n_samples);
    tod_K.resize(scan.start, kFloatNan);
    tod_K.insert(tod_K.end(), tod.begin(), tod.end());
    SegmentOfBand& of_band = bands.segments[stream][segment];
    of_band.passband = file.passband(scan.feed, frequency_band);
    ScanCuts& cuts = of_band.cuts;
    cuts.n_samples = file.scans()[index][1] - scan.file_start;
    count_flags(part(flags, scan.file_start, cuts.n_samples), cuts);
    prepare_segment(scan, selection.reason(scan.feed, frequency_band, scan.scan), stream, segment, bands);
    if (bands.data.streams[stream].weight_per_K2[segment] > 0.0) {
      add_noise_model(file, scan, factor, stream, segment, bands);
    }
  }
}

void MapShare::prepare_segment(const FeedScan& scan, std::optional<Exclusion> reason, std::size_t stream,
                               std::size_t segment, LoadedBands& bands) const {
  SegmentOfBand& of_band = bands.segments[stream][segment];
  ScanCuts& cuts = of_band.cuts;
  cuts.observation = scan.observation;
  cuts.feed = scan.feed;
  cuts.frequency_band = bands.frequency_bands[stream];
  cuts.scan = static_cast<std::int32_t>(scan.scan);
  const ScanCuts left_out = cuts;
  DestriperStream& to = bands.data.streams[stream];
  if (!reason && scan.bad_elevation) {
    reason = of_band.excluded = Exclusion::bad_elevation;
  } else if (!reason) {
    const auto tod_K = std::span(to.tod_K).subspan(scan.start);
    const auto factors =
        solver_factor_.empty() ? std::span<const float>() : part(solver_factor_, scan.start, scan.n_samples);
    count_samples(part(pixel_, scan.start, scan.n_samples), tod_K, scan.glitches, factors, cuts);
    to.weight_per_K2[segment] = prepare_scan(tod_K, scan.glitches, context_.config.min_good_fraction);
    if (to.weight_per_K2[segment] > 0.0) return;
    reason = of_band.excluded = Exclusion::too_few_good_samples;
  }
  cuts = left_out;
  cuts.reason = static_cast<std::int32_t>(*reason);
}

void MapShare::add_noise_model(const Level2Reader& file, const FeedScan& scan, double calibration, std::size_t stream,
                               std::size_t segment, LoadedBands& bands) const {
  const bool with_prior = context_.config.noise_prior == "true";
  const bool with_simulations = context_.config.null_test_simulations > 0;
  if (!with_prior && !with_simulations) return;
  const int band = bands.frequency_bands[stream];
  const auto power_K2 = correlated_noise_K2(file, scan.feed, band, scan.scan);
  SegmentNoise& noise = bands.segments[stream][segment].noise;
  noise.sample_time_s = file.sample_time_s();
  noise.key = noise_key(observations_[scan.observation].observation.obsid, scan, band);
  if (!power_K2) {
    log_warning(
        "{}: feed {}, frequency band {}, scan {}: no noise model; its offsets have no prior, simulations white noise "
        "alone",
        file.path(), scan.feed, band, scan.scan);
    return;
  }
  const auto calibrated_K2 = [power = *power_K2, square = calibration * calibration](double frequency_Hz) {
    return power(frequency_Hz) / square;
  };
  if (with_simulations) noise.correlated_K2 = calibrated_K2;
  if (!with_prior) return;
  const int length = context_.config.offset_length;
  const std::int64_t n_offsets = (scan.n_samples + length - 1) / length;
  bands.data.streams[stream].prior_variance_K2[segment] =
      offset_mode_variance(calibrated_K2, n_offsets, length, noise.sample_time_s);
}

BandTally MapShare::tally(const LoadedBands& bands, std::size_t stream, const std::vector<bool>& wanted) const {
  BandTally tally;
  tally.samples.assign(observations_.size(), 0);
  for (std::size_t segment = 0; segment < bands.scan_of_segment.size(); ++segment) {
    if (!wanted[segment] || !(bands.data.streams[stream].weight_per_K2[segment] > 0.0)) continue;
    const FeedScan& scan = scans_[bands.scan_of_segment[segment]];
    const SegmentOfBand& of_band = bands.segments[stream][segment];
    tally.samples[scan.observation] += of_band.cuts.n_used;
    ++tally.n_scans;
    add(tally.pointing, scan.pointing);
    tally.track.add(scan.track);
    tally.first_mjd = std::min(tally.first_mjd, scan.pointing.mjd / scan.pointing.n);
    tally.last_mjd = std::max(tally.last_mjd, scan.pointing.mjd / scan.pointing.n);
    tally.passband.add(of_band.passband, of_band.cuts.n_used);
  }
  return tally;
}

void MapShare::drop_unused(const std::vector<SurveyedObservation>& survey, LoadedBands& bands) const {
  for (std::size_t stream = 0; stream < bands.data.streams.size(); ++stream) {
    for (std::size_t segment = 0; segment < bands.scan_of_segment.size(); ++segment) {
      if (survey[scans_[bands.scan_of_segment[segment]].observation].outcome.used) continue;
      bands.data.streams[stream].weight_per_K2[segment] = 0.0;
      bands.segments[stream][segment].excluded = {};
    }
  }
}

}  // namespace comap
