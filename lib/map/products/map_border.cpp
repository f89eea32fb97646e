#include "map/products/map_border.hpp"

#include <unordered_set>
#include <utility>

namespace comap {
namespace {

/// An image of yes and no, [y][x].
struct Region {
  std::size_t n_x = 0;
  std::size_t n_y = 0;
  bool is_closed = false;  ///< the last column is beside the first
  std::vector<bool> inside;
};

/// One row or column: true within `width` of a true element; `is_closed`: the last element is beside the first.
void spread(const std::vector<bool>& line, std::size_t width, bool is_closed, std::vector<bool>& near) {
  const std::size_t n = line.size();
  const std::size_t n_steps = is_closed ? 2 * n : n;
  near.assign(n, false);
  std::size_t distance = n_steps + width + 1;  // to the last true element
  for (std::size_t step = 0; step < n_steps; ++step) {
    const std::size_t i = step % n;
    distance = line[i] ? 0 : distance + 1;
    near[i] = near[i] || distance <= width;
  }
  distance = n_steps + width + 1;
  for (std::size_t step = n_steps; step-- > 0;) {
    const std::size_t i = step % n;
    distance = line[i] ? 0 : distance + 1;
    near[i] = near[i] || distance <= width;
  }
}

/// Pixels within `width` in x and y of the region: rows first, then columns.
Region grown(const Region& region, std::size_t width) {
  Region result = region;
  std::vector<bool> line(region.n_x), near(region.n_x);
  for (std::size_t y = 0; y < region.n_y; ++y) {
    for (std::size_t x = 0; x < region.n_x; ++x) line[x] = region.inside[y * region.n_x + x];
    spread(line, width, region.is_closed, near);
    for (std::size_t x = 0; x < region.n_x; ++x) result.inside[y * region.n_x + x] = near[x];
  }
  line.resize(region.n_y);
  for (std::size_t x = 0; x < region.n_x; ++x) {
    for (std::size_t y = 0; y < region.n_y; ++y) line[y] = result.inside[y * region.n_x + x];
    spread(line, width, false, near);
    for (std::size_t y = 0; y < region.n_y; ++y) result.inside[y * region.n_x + x] = near[y];
  }
  return result;
}

/// The part of `region` that hangs together, by common sides, with the first pixel.
Region connected_to_corner(const Region& region) {
  Region result{region.n_x, region.n_y, region.is_closed, std::vector<bool>(region.inside.size(), false)};
  std::vector<std::size_t> open;
  const auto visit = [&](std::size_t pixel) {
    if (!region.inside[pixel] || result.inside[pixel]) return;
    result.inside[pixel] = true;
    open.push_back(pixel);
  };
  visit(0);
  while (!open.empty()) {
    const std::size_t pixel = open.back();
    open.pop_back();
    const std::size_t x = pixel % region.n_x, last = region.n_x - 1;
    if (x > 0) visit(pixel - 1);
    if (x < last) visit(pixel + 1);
    if (region.is_closed && x == 0) visit(pixel + last);
    if (region.is_closed && x == last) visit(pixel - last);
    if (pixel >= region.n_x) visit(pixel - region.n_x);
    if (pixel + region.n_x < region.inside.size()) visit(pixel + region.n_x);
  }
  return result;
}

/// Adds the pixels up to `n_steps` steps from those of `reached`, whose outermost are `front`; returns the last ring.
std::vector<std::int64_t> spread(const MapGrid& grid, std::unordered_set<std::int64_t>& reached,
                                 std::vector<std::int64_t> front, int n_steps) {
  for (int step = 1; step <= n_steps; ++step) {
    std::vector<std::int64_t> next;
    for (const std::int64_t pixel : front) {
      for (const std::int64_t neighbour : grid.neighbours(pixel)) {
        if (neighbour >= 0 && reached.insert(neighbour).second) next.push_back(neighbour);
      }
    }
    front = std::move(next);
  }
  return front;
}

}  // namespace

std::vector<bool> border_of_image(const std::vector<std::uint8_t>& mask, std::size_t n_x, std::size_t n_y,
                                  std::size_t width, bool is_closed) {
  const std::size_t margin_y = width + 1, margin_x = is_closed ? 0 : margin_y;
  Region mapped{n_x + 2 * margin_x, n_y + 2 * margin_y, is_closed, {}};
  mapped.inside.assign(mapped.n_x * mapped.n_y, false);
  const auto padded = [&](std::size_t x, std::size_t y) { return (y + margin_y) * mapped.n_x + x + margin_x; };
  for (std::size_t i = 0; i < mask.size(); ++i) mapped.inside[padded(i % n_x, i / n_x)] = mask[i] == 0;
  Region unmapped = grown(mapped, width);
  unmapped.inside.flip();
  unmapped = grown(unmapped, width);
  const Region near = grown(connected_to_corner(unmapped), width);
  std::vector<bool> border(mask.size());
  for (std::size_t i = 0; i < mask.size(); ++i) border[i] = near.inside[padded(i % n_x, i / n_x)];
  return border;
}

std::vector<bool> border_of_pixels(const MapGrid& grid, const HitPixels& hit, const std::vector<std::uint8_t>& mask,
                                   int width) {
  // Steps from the mapped area outwards, then from what lies beyond the closed gaps back inwards.
  std::vector<std::int64_t> front;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == 0) front.push_back(hit.pixel()[i]);
  }
  std::unordered_set<std::int64_t> from_mapped(front.begin(), front.end());
  const std::vector<std::int64_t> around = spread(grid, from_mapped, std::move(front), width + 1);
  std::unordered_set<std::int64_t> from_around(around.begin(), around.end());
  spread(grid, from_around, around, 2 * width);
  std::vector<bool> border(mask.size());
  for (std::size_t i = 0; i < mask.size(); ++i) border[i] = mask[i] == 0 && from_around.contains(hit.pixel()[i]);
  return border;
}

}  // namespace comap
