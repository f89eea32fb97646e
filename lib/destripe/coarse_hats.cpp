#include "destripe/coarse_hats.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/message.hpp"

namespace comap {
namespace {

constexpr double kWider = 1.5;  ///< step of the nodes while there are too many

using NodeIds = std::vector<std::int64_t>;

/// The ids of all ranks, sorted, each once. Collective.
NodeIds union_over_ranks(NodeIds ids, const Communicator& ranks) {
  const auto sort = [&] {
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  };
  sort();
  ids = joined(all_gather(ranks, ids));
  sort();
  return ids;
}

/// Ids of the nodes around a pixel, and their weights.
struct Corners {
  std::array<std::int64_t, 4> id{};
  std::array<float, 4> weight{};
};

Corners corners_of(std::int64_t pixel, std::int64_t step, const DestriperSettings& settings) {
  const std::int64_t n_columns = settings.n_columns;
  if (n_columns == 0) {
    // The squares of NESTED numbering have a power of four pixels.
    const auto side_bits = std::bit_width(static_cast<std::uint64_t>(step - 1));
    return {{pixel >> (2 * side_bits), 0, 0, 0}, {1.0F, 0.0F, 0.0F, 0.0F}};
  }
  const std::int64_t n_pixels = settings.n_pixels_of_map > 0 ? settings.n_pixels_of_map : settings.n_pixels;
  const std::int64_t map = pixel / n_pixels, column = pixel % n_pixels % n_columns, row = pixel % n_pixels / n_columns;
  const std::int64_t n_in_row = n_columns / step + 2, n_of_map = n_in_row * (n_pixels / n_columns / step + 2);
  const std::int64_t first = map * n_of_map + row / step * n_in_row + column / step;
  const auto x = static_cast<float>(column % step) / static_cast<float>(step);
  const auto y = static_cast<float>(row % step) / static_cast<float>(step);
  return {{first, first + 1, first + n_in_row, first + n_in_row + 1},
          {(1.0F - x) * (1.0F - y), x * (1.0F - y), (1.0F - x) * y, x * y}};
}

}  // namespace

CoarseHats::CoarseHats(std::span<const std::int32_t> map_pixels, const DestriperSettings& settings,
                       const Communicator& ranks) {
  std::int64_t step = std::max(settings.coarse_step, 1);
  while (!place_nodes(map_pixels, step, settings, ranks)) {
    step = static_cast<std::int64_t>(std::ceil(kWider * static_cast<double>(step)));
    if (step <= settings.n_pixels) continue;
    // So many maps that even their corners are too many: one node that nothing weighs.
    n_nodes_ = 1;
    hats_.assign(map_pixels.size(), Hat());
    break;
  }
}

/// False when there would be too many.
bool CoarseHats::place_nodes(std::span<const std::int32_t> map_pixels, std::int64_t step,
                             const DestriperSettings& settings, const Communicator& ranks) {
  NodeIds ids;
  std::int64_t last = -1;
  for (const std::int32_t pixel : map_pixels) {
    const Corners corners = corners_of(pixel, step, settings);
    if (corners.id[0] == last) continue;
    last = corners.id[0];
    for (std::size_t i = 0; i < 4; ++i) {
      if (settings.n_columns > 0 || i == 0) ids.push_back(corners.id[i]);
    }
  }
  ids = union_over_ranks(std::move(ids), ranks);
  if (ids.size() > kMaxNodes) return false;
  n_nodes_ = ids.size();
  hats_.reserve(map_pixels.size());
  last = -1;
  for (const std::int32_t pixel : map_pixels) {
    const Corners corners = corners_of(pixel, step, settings);
    Hat& hat = hats_.emplace_back();
    hat.weight = corners.weight;
    if (corners.id[0] == last) {
      hat.node = hats_[hats_.size() - 2].node;
      continue;
    }
    last = corners.id[0];
    for (std::size_t i = 0; i < 4; ++i) {
      if (settings.n_columns > 0 || i == 0) {
        hat.node[i] = static_cast<std::uint16_t>(std::ranges::lower_bound(ids, corners.id[i]) - ids.begin());
      }
    }
  }
  return true;
}

void CoarseHats::restrict(std::size_t n_lanes, const SharedPixels& shared, std::span<const double> r,
                          std::span<double> nodes) const {
  std::ranges::fill(nodes, 0.0);
  with_lanes(n_lanes, [&](auto lanes) {
    for (std::size_t pixel = 0; pixel < hats_.size(); ++pixel) {
      if (!shared.owns(pixel)) continue;
      const Hat& hat = hats_[pixel];
      for (std::size_t i = 0; i < hat.node.size(); ++i) {
        for (std::size_t l = 0; l < lanes; ++l) {
          nodes[hat.node[i] * lanes + l] += double{hat.weight[i]} * r[pixel * lanes + l];
        }
      }
    }
  });
}

void CoarseHats::prolong(std::size_t n_lanes, std::span<const double> nodes, std::span<double> z) const {
  with_lanes(n_lanes, [&](auto lanes) {
    for (std::size_t pixel = 0; pixel < hats_.size(); ++pixel) {
      const Hat& hat = hats_[pixel];
      for (std::size_t i = 0; i < hat.node.size(); ++i) {
        for (std::size_t l = 0; l < lanes; ++l) {
          z[pixel * lanes + l] += double{hat.weight[i]} * nodes[hat.node[i] * lanes + l];
        }
      }
    }
  });
}

}  // namespace comap
