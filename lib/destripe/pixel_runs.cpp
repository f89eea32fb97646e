#include "destripe/pixel_runs.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "destripe/run_maker.hpp"

namespace comap {

namespace {

bool in_any_stream(const DestriperData& data, std::size_t segment) {
  return std::ranges::any_of(data.streams,
                             [&](const DestriperStream& stream) { return has_data(stream.weight_per_K2[segment]); });
}

void check_lengths(const DestriperData& data) {
  const std::size_t n_samples = data.pixel.size();
  const auto fits = [&](std::size_t length) { return length == 0 || length == n_samples; };
  bool all_fit = fits(data.weight_factor.size()) && fits(data.solver_factor.size()) && fits(data.airmass.size());
  for (const DestriperStream& stream : data.streams) {
    all_fit = all_fit && stream.tod_K.size() == n_samples && fits(stream.subpixel_K.size()) &&
              stream.weight_per_K2.size() == data.segments.size();
  }
  if (!all_fit) throw Bug("the arrays of the destriper differ in length");
  for (const DestriperSegment& segment : data.segments) {
    const bool inside = segment.start >= 0 && segment.n_samples >= 0 &&
                        segment.start + segment.n_samples <= static_cast<std::int64_t>(n_samples);
    if (!inside || (segment.fits_airmass && data.airmass.empty()))
      throw Bug("a segment of the destriper does not fit its samples");
  }
}

}  // namespace

OffsetLayout make_offset_layout(const std::vector<DestriperSegment>& segments, int offset_length) {
  if (offset_length < 1) throw Bug("offset_length must be at least 1");
  OffsetLayout layout;
  layout.offset_length = offset_length;
  for (const DestriperSegment& segment : segments) {
    const std::int64_t n_offsets = (segment.n_samples + offset_length - 1) / offset_length;
    layout.first_offset.push_back(layout.first_offset.back() + static_cast<std::size_t>(n_offsets));
  }
  return layout;
}

void PixelRuns::passed_part(std::size_t part) const {
  const std::size_t end = part + 1 < parts.size() ? parts[part + 1].first_run : run.size();
  const std::size_t per_run = 1 + (airmass_deviation.empty() ? 0 : 1) + (factor_of_solver().empty() ? 0 : 1);
  passed_over(run, per_run * (end - parts[part].first_run));
}

std::size_t PixelRuns::bytes() const {
  return (run.capacity() + n_runs.capacity()) * sizeof(std::uint32_t) +
         (airmass_deviation.capacity() + map_factor.capacity() + solver_factor.capacity()) * sizeof(float) +
         weight_per_K2.capacity() * sizeof(double) + parts.capacity() * sizeof(Part);
}

PixelRuns thinned_out(const PixelRuns& runs, std::size_t n_of_offset) {
  PixelRuns some;
  some.layout = runs.layout;
  some.n_lanes = runs.n_lanes;
  some.n_pixels = runs.n_pixels;
  some.pixel_bits = runs.pixel_bits;
  some.n_runs.reserve(runs.n_runs.size());
  some.run.reserve((n_of_offset + 1) * runs.n_runs.size());
  const LargeVector<float>& factor = runs.factor_of_solver();
  for (std::size_t part = 0; part < runs.parts.size(); ++part) {
    const auto [segment, first_offset, first_run] = runs.parts[part];
    some.parts.push_back({segment, some.n_runs.size(), some.run.size()});
    std::size_t begin = first_run;
    for (std::size_t o = first_offset; o < first_offset + runs.layout.n_offsets(segment); ++o) {
      const std::size_t end = begin + runs.n_runs[o], before = some.run.size();
      const std::size_t stride = std::max<std::size_t>(runs.n_runs[o] / n_of_offset, 1);
      for (std::size_t run = begin + (stride - 1) / 2; run < end; run += stride) {
        some.run.push_back(runs.run[run]);
        if (!factor.empty()) some.map_factor.push_back(factor[run]);
      }
      some.n_runs.push_back(static_cast<std::uint32_t>(some.run.size() - before));
      begin = end;
    }
    const double share = static_cast<double>(some.run.size() - some.parts.back().first_run) /
                         static_cast<double>(std::max<std::size_t>(begin - first_run, 1));
    for (std::size_t l = 0; l < runs.n_lanes; ++l) {
      some.weight_per_K2.push_back(share > 0.0 ? runs.weight_per_K2[part * runs.n_lanes + l] / share : 0.0);
    }
    runs.passed_part(part);
  }
  return some;
}

PixelNumbering number_pixels(const DestriperData& data, const DestriperSettings& settings) {
  check_lengths(data);
  PixelNumbering numbering(settings.n_pixels, settings.n_columns);
  for (std::size_t index = 0; index < data.segments.size(); ++index) {
    if (!in_any_stream(data, index)) continue;
    const DestriperSegment& segment = data.segments[index];
    std::int32_t largest = -1;
    for (const std::int32_t pixel :
         std::span(data.pixel)
             .subspan(static_cast<std::size_t>(segment.start), static_cast<std::size_t>(segment.n_samples))) {
      numbering.mark(pixel);
      largest = std::max(largest, pixel);
    }
    if (largest >= settings.n_pixels) throw Bug("a pixel index of the destriper is outside the map");
    passed_over(data.pixel, static_cast<std::size_t>(segment.n_samples));
  }
  numbering.finish();
  return numbering;
}

PixelRuns make_pixel_runs(const DestriperData& data, std::span<const DestriperStream> streams,
                          const DestriperSettings& settings, const PixelNumbering& numbering, SampleSums& sums) {
  PixelRuns runs;
  runs.layout = make_offset_layout(data.segments, settings.offset_length);
  runs.n_lanes = lanes_for(streams.size());
  runs.n_pixels = numbering.size();
  const auto last_pixel = static_cast<std::uint32_t>(std::max(numbering.size() - 1, 1));
  runs.pixel_bits = static_cast<unsigned>(std::bit_width(last_pixel));
  with_lanes(runs.n_lanes, [&](auto lanes) { RunMaker<lanes>(data, streams, numbering, runs, sums).make(); });
  return runs;
}

}  // namespace comap
