#include "linemap/feed_lines.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "linemap/spectral_axis.hpp"
#include "map/prepare/prepare_scan.hpp"
#include "math/glitches.hpp"
#include "stages/gain_filter/gain_filter_worker.hpp"

namespace comap {
namespace {

template <typename T>
std::span<const T> part(const std::vector<T>& values, std::int64_t start, std::int64_t n) {
  return std::span<const T>(values).subspan(start, n);
}

/// Bands that are read at once: chunks hold all bands, so that those between the first and the last cost nothing.
std::vector<std::pair<int, int>> read_groups(const std::set<int>& bands, bool chunked) {
  if (chunked) return {{*bands.begin(), *bands.rbegin()}};
  std::vector<std::pair<int, int>> groups;
  for (const int band : bands) groups.emplace_back(band, band);
  return groups;
}

}  // namespace

FeedLineReader::FeedLineReader(const LineContext& context, LineObservation& files, const MapObservation& offered,
                               int feed, const Wcs& wcs, const std::vector<SpectralAxis>& axes)
    : context_(context),
      files_(files),
      offered_(offered),
      feed_(feed),
      wcs_(wcs),
      axes_(axes),
      pointing_(context.pointing.of_feed(files.level2(), feed)),
      white_variance_(radiometer_variance(files.metadata())),
      screen_(files.metadata(), context.config.level2.check_level1) {
  for (const SpectralAxis& axis : axes) result_.sums.emplace_back(axis.n_channels);
  result_.samples.assign(axes.size(), 0);
}

FeedLines FeedLineReader::read(const ScanSelection& selection) {
  files_.select_feed(feed_);
  if (context_.config.mapmake.glitch_sigma > 0.0) {
    for (int band = 0; band < files_.level2().n_frequency_bands(); ++band) {
      streams_.push_back(files_.level2().read_stream(feed_, band));
    }
  }
  for (std::size_t scan = 0; scan < files_.level2().scans().size(); ++scan) {
    Lines lines;
    for (std::size_t line = 0; line < context_.lines.size(); ++line) {
      if (selection.used(feed_, context_.lines[line].frequency_band, scan)) lines.push_back(line);
    }
    if (!lines.empty()) read_scan(scan, lines);
  }
  return std::move(result_);
}

void FeedLineReader::read_scan(std::size_t scan, const Lines& lines) {
  const auto [start, end] = files_.level2().scans()[scan];
  if (!elevation_is_valid(part(pointing_.elevation_deg, start, end - start))) {
    log_warning("{}: feed {}, samples {} to {}: elevation outside 0-90 deg or not finite; the scan is left out",
                files_.level2().path(), feed_, start, end);
    return exclude(Exclusion::bad_elevation, lines);
  }
  std::vector<std::int64_t> pixel = pixels_of(start, end);
  leave_out_glitches(start, pixel);
  const std::int64_t n_blocks = 1 + (end - start - 1) / context_.config.level2.find_scans.max_block_samples;
  std::set<int> filtered;
  for (std::int64_t i = 0; i < n_blocks; ++i) {
    const std::int64_t first = i * (end - start) / n_blocks, last = (i + 1) * (end - start) / n_blocks;
    filtered.merge(
        add_block({static_cast<int>(scan), start + first, last - first, part(pixel, first, last - first)}, lines));
  }
  Lines empty;
  std::ranges::copy_if(lines, std::back_inserter(empty),
                       [&](std::size_t line) { return !filtered.contains(context_.lines[line].band); });
  exclude(Exclusion::too_few_good_samples, empty);
}

std::vector<std::int64_t> FeedLineReader::pixels_of(std::int64_t start, std::int64_t end) const {
  const SkyPositions at =
      positions_in_scan(context_.pointing.observer, files_.level2(), pointing_, {start, end}, wcs_.frame());
  std::vector<std::int64_t> pixel(at.longitude_deg.size());
  wcs_.pixel_index(at.longitude_deg, at.latitude_deg, pixel);
  return pixel;
}

void FeedLineReader::leave_out_glitches(std::int64_t start, std::span<std::int64_t> pixel) const {
  HalfBandSum sum(pixel.size());
  for (const std::vector<float>& stream : streams_) sum.add(part(stream, start, std::ssize(pixel)));
  for (const std::int64_t sample : find_glitches(sum.values(), context_.config.mapmake.glitch_sigma)) {
    pixel[sample] = -1;
  }
}

/// Returns the bands that could be filtered.
std::set<int> FeedLineReader::add_block(const Block& block, const Lines& lines) {
  std::set<int> bands, filtered;
  for (const std::size_t line : lines) bands.insert(context_.lines[line].band);
  const auto n_channels = static_cast<int>(files_.n_channels());
  for (const auto& [first, last] : read_groups(bands, files_.reads_raw_chunks())) {
    const std::span<float> tod = files_.read_tod(feed_, first, last - first + 1, block.start, block.n_samples);
    for (const int band : bands) {
      if (band < first || band > last) continue;
      FeedBlock samples;
      samples.feed = feed_;
      samples.band = band;
      samples.scan = block.scan;
      samples.start = block.start;
      samples.n_samples = block.n_samples;
      samples.n_channels = n_channels;
      samples.stride = block.n_samples;
      float* const counts = tod.data() + static_cast<std::int64_t>(band - first) * n_channels * block.n_samples;
      samples.tod = counts;
      std::vector<std::int64_t> pixel(block.pixel.begin(), block.pixel.end());
      const std::vector<std::uint8_t> flags = screen(samples, counts, pixel);
      samples.flags = flags;
      if (add_band(samples, {block.scan, block.start, block.n_samples, pixel}, lines)) filtered.insert(band);
    }
  }
  return filtered;
}

std::vector<std::uint8_t> FeedLineReader::screen(const FeedBlock& block, float* tod, std::span<std::int64_t> pixel) {
  std::vector<std::uint8_t> flags(pixel.size());
  screen_.screen(block, tod, flags);
  const std::vector<std::uint8_t> known = files_.level2().read_flags(feed_, block.band * files_.level2().n_freq_bin());
  const auto in_block = part(known, block.start, block.n_samples);
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if ((flags[i] | in_block[i]) != 0) pixel[i] = -1;
  }
  return flags;
}

bool FeedLineReader::add_band(const FeedBlock& block, const Block& where, const Lines& lines) {
  const auto middle = static_cast<std::size_t>(block.start + block.n_samples / 2);
  const double mjd = files_.level2().mjd()[middle];
  const double velocity_km_s =
      context_.velocity_towards_km_s(mjd, {pointing_.azimuth_deg[middle], pointing_.elevation_deg[middle]});
  const std::span<const double> frequency_GHz = files_.frequencies_GHz(block.band);
  BandPlace place{regular_axis(frequency_GHz, files_.level2().path()), 1.0 + velocity_km_s / kLightSpeed_km_s, 1.0};

  GainFilterConfig filter = context_.config.level2.gain_filter;
  for (const Line& line : context_.lines) {
    const auto [middle_GHz, half_GHz] = window_GHz(line.rest_GHz, context_.config.linemap.line_window_km_s);
    filter.line_mask.push_back({middle_GHz * place.doppler, half_GHz * place.doppler});
  }
  const VaneCalibration calibration = files_.calibration(mjd);
  const LineBand band =
      filter_line_band(block, calibration.gain_counts_per_K.row(block.band), frequency_GHz, white_variance_, filter);
  if (band.channels.empty()) return false;
  const std::int64_t n_on_grid = std::ranges::count_if(where.pixel, [](std::int64_t pixel) { return pixel >= 0; });
  for (const std::size_t line : lines) {
    if (context_.lines[line].band != block.band) continue;
    place.calibration_factor = offered_.calibration_factor(feed_, context_.lines[line].frequency_band);
    if (comap::add_band(band, place, where.pixel, axes_[line], result_.sums[line]) > 0) {
      result_.samples[line] += n_on_grid;
    }
  }
  return true;
}

/// Counts each frequency_band once, however many of its lines are wanted.
void FeedLineReader::exclude(Exclusion reason, const Lines& lines) {
  std::set<int> frequency_bands;
  for (const std::size_t line : lines) frequency_bands.insert(context_.lines[line].frequency_band);
  result_.excluded.insert(result_.excluded.end(), frequency_bands.size(), reason);
}

}  // namespace comap
