#include "map/null_test/split_solve.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "destripe/destriper.hpp"

namespace comap {
namespace {

/// Labels that are solved together.
struct LabelRange {
  int first = 0, end = 0;
};

/// The pixel number of a sample that takes no part, and back: its own inverse.
constexpr std::int32_t hidden(std::int32_t pixel) { return -2 - pixel; }

void label_pixels(DestriperData& data, std::span<const int> labels, LabelRange range, std::int64_t n_pixels) {
  for (std::size_t i = 0; i < data.segments.size(); ++i) {
    const bool inside = labels[i] >= range.first && labels[i] < range.end;
    const auto shift = static_cast<std::int32_t>(inside ? (labels[i] - range.first) * n_pixels : 0);
    const DestriperSegment& segment = data.segments[i];
    for (std::int32_t& pixel : std::span(data.pixel).subspan(segment.start, segment.n_samples)) {
      if (pixel >= 0) pixel = inside ? pixel + shift : hidden(pixel);
    }
    passed_over(data.pixel, segment.n_samples);
  }
}

void restore_pixels(DestriperData& data, std::int64_t n_pixels) {
  for (std::int32_t& pixel : data.pixel) {
    passed_over(data.pixel, 1);
    pixel = pixel < -1 ? hidden(pixel) : pixel < n_pixels ? pixel : static_cast<std::int32_t>(pixel % n_pixels);
  }
}

/// The part of one label, in pixels of the map.
MapPiece part_of(const MapPiece& all, int label, std::int64_t n_pixels) {
  const auto first = std::ranges::lower_bound(all.pixel, label * n_pixels) - all.pixel.begin();
  const auto end = std::ranges::lower_bound(all.pixel, (label + 1) * n_pixels) - all.pixel.begin();
  const auto part = [=](const auto& values) {
    return std::remove_cvref_t<decltype(values)>(values.begin() + first, values.begin() + end);
  };
  MapPiece piece{part(all.pixel), part(all.destriped_K), part(all.naive_K), part(all.weight_per_K2), part(all.hits)};
  for (std::int64_t& pixel : piece.pixel) pixel -= label * n_pixels;
  return piece;
}

}  // namespace

std::vector<std::vector<LabelMap>> solve_labels(DestriperData& data, std::span<const int> labels, int n_labels,
                                                const DestriperSettings& settings, const Communicator& ranks,
                                                AfterSolve after, std::span<const DestriperResult> start) {
  const std::int64_t n_pixels = settings.n_pixels;
  const auto n_together = static_cast<int>(
      std::min<std::int64_t>(n_labels, std::numeric_limits<std::int32_t>::max() / std::max<std::int64_t>(n_pixels, 1)));
  std::vector<std::vector<LabelMap>> maps(data.streams.size());
  for (LabelRange range{0, 0}; range.first < n_labels; range.first = range.end) {
    range.end = std::min(range.first + n_together, n_labels);
    DestriperSettings of_range = settings;
    of_range.n_pixels = n_pixels * (range.end - range.first);
    of_range.n_pixels_of_map = n_pixels;
    label_pixels(data, labels, range, n_pixels);
    const bool release = after == AfterSolve::release && range.end == n_labels;
    const std::vector<DestriperResult> solved = release ? destripe(std::move(data), of_range, ranks, start)
                                                        : destripe(std::as_const(data), of_range, ranks, start);
    if (!release) restore_pixels(data, n_pixels);
    for (std::size_t stream = 0; stream < solved.size(); ++stream) {
      for (int label = 0; label < range.end - range.first; ++label) {
        maps[stream].push_back({solved[stream].report, part_of(solved[stream].map, label, n_pixels)});
      }
    }
  }
  return maps;
}

}  // namespace comap
