#include "destripe/components.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/message.hpp"

namespace comap {

namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();  // label of a pixel in no component

/// Union-find over local pixels.
class PixelSets {
 public:
  explicit PixelSets(std::size_t n) : parent_(n), joined_(n, 0) { std::iota(parent_.begin(), parent_.end(), 0U); }

  std::uint32_t root(std::uint32_t pixel) {
    while (parent_[pixel] != pixel) {
      parent_[pixel] = parent_[parent_[pixel]];
      pixel = parent_[pixel];
    }
    return pixel;
  }
  /// Joins `pixel` to the set with root `into`; returns the root of both.
  std::uint32_t join(std::uint32_t into, std::uint32_t pixel) {
    joined_[pixel] = 1;
    if (parent_[pixel] == into) return into;
    const std::uint32_t other = root(pixel);
    const std::uint32_t low = std::min(into, other);
    parent_[std::max(into, other)] = low;
    return low;
  }
  /// Whether any offset has data in the pixel.
  bool used(std::size_t pixel) const { return joined_[pixel] != 0; }

 private:
  std::vector<std::uint32_t> parent_;
  std::vector<char> joined_;
};

PixelSets join_local(const PixelRuns& runs, std::size_t lane) {
  PixelSets sets(runs.n_pixels);
  const LargeVector<float>& factor = runs.factor_of_solver();
  const std::uint32_t mask = (std::uint32_t{1} << runs.pixel_bits) - 1;
  for (std::size_t part = 0; part < runs.parts.size(); ++part) {
    if (!(runs.weight_per_K2[part * runs.n_lanes + lane] > 0.0)) continue;
    const auto [segment, first_offset, first_run] = runs.parts[part];
    const std::size_t n_offsets = runs.layout.first_offset[segment + 1] - runs.layout.first_offset[segment];
    std::size_t run = first_run;
    for (std::size_t o = first_offset; o < first_offset + n_offsets; ++o) {
      const std::size_t end = run + runs.n_runs[o];
      bool first = true;
      std::uint32_t root = 0;
      for (; run < end; ++run) {
        if (!factor.empty() && !(factor[run] > 0.0F)) continue;
        const std::uint32_t pixel = runs.run[run] & mask;
        root = sets.join(first ? sets.root(pixel) : root, pixel);
        first = false;
      }
    }
    runs.passed_part(part);
  }
  return sets;
}

/// Numbers the components by their smallest map pixels, of which this rank has `mine`. Collective.
Components number_components(const std::vector<std::int32_t>& mine, const LargeVector<double>& label,
                             const Communicator& ranks) {
  std::vector<std::int32_t> smallest = joined(all_gather(ranks, mine));
  std::ranges::sort(smallest);
  Components components{std::ssize(smallest), std::vector<std::int32_t>(label.size(), -1)};
  for (std::size_t pixel = 0; pixel < label.size(); ++pixel) {
    if (label[pixel] == kNone) continue;
    const bool again = pixel > 0 && label[pixel] == label[pixel - 1];
    components.of_pixel[pixel] =
        again ? components.of_pixel[pixel - 1]
              : static_cast<std::int32_t>(std::ranges::lower_bound(smallest, label[pixel]) - smallest.begin());
  }
  return components;
}

}  // namespace

// Every set takes the smallest map pixel of itself, then of the sets it meets in shared pixels, until nothing changes:
// as many rounds as ranks in the longest chain.
Components find_components(const PixelRuns& runs, std::size_t lane, std::span<const std::int32_t> map_pixels,
                           SharedPixels& shared, const Communicator& ranks) {
  PixelSets sets = join_local(runs, lane);
  const std::size_t n = map_pixels.size();
  std::vector<std::uint32_t> root(n);
  LargeVector<double> label(n, kNone);
  for (std::size_t pixel = 0; pixel < n; ++pixel) {
    root[pixel] = sets.root(static_cast<std::uint32_t>(pixel));
    if (sets.used(pixel)) label[pixel] = map_pixels[pixel];
  }
  LargeVector<double> smallest(n, kNone);
  std::int64_t changes = 1;
  while (ranks.sum(changes) > 0) {
    shared.min(label);
    for (std::size_t pixel = 0; pixel < n; ++pixel)
      smallest[root[pixel]] = std::min(smallest[root[pixel]], label[pixel]);
    changes = 0;
    for (std::size_t pixel = 0; pixel < n; ++pixel) {
      if (!sets.used(pixel) || label[pixel] == smallest[root[pixel]]) continue;
      label[pixel] = smallest[root[pixel]];
      changes = 1;
    }
  }
  std::vector<std::int32_t> mine;
  for (std::size_t pixel = 0; pixel < n; ++pixel) {
    if (shared.owns(pixel) && label[pixel] == map_pixels[pixel]) {
      mine.push_back(map_pixels[pixel]);
    }
  }
  return number_components(mine, label, ranks);
}

std::int64_t median_component(const Components& components, const SharedPixels& shared, const Communicator& ranks) {
  std::vector<std::int64_t> n_pixels(components.count, 0);
  for (std::size_t pixel = 0; pixel < components.of_pixel.size(); ++pixel) {
    const std::int32_t component = components.of_pixel[pixel];
    if (component >= 0 && shared.owns(pixel)) ++n_pixels[component];
  }
  ranks.sum(std::span<std::int64_t>(n_pixels));
  std::ranges::sort(n_pixels);
  std::int64_t left = std::accumulate(n_pixels.begin(), n_pixels.end(), std::int64_t{0}) / 2;
  for (const std::int64_t n : n_pixels) {
    left -= n;
    if (left < 0) return n;
  }
  return 0;
}

}  // namespace comap
