#include "level2/kept_products.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.hpp"
#include "data/level2_datasets.hpp"
#include "level2/feed_slab.hpp"

namespace comap {
namespace {

template <typename T>
ProductTable::Values read_slab(const h5::Dataset& dataset, const h5::Slab& slab) {
  std::vector<T> values(slab.size());
  dataset.read(slab, std::span<T>(values));
  return values;
}

ProductTable::Values read_values(const h5::Dataset& dataset, ElementType type, const h5::Slab& slab) {
  switch (type) {
    case ElementType::float32:
      return read_slab<float>(dataset, slab);
    case ElementType::float64:
      return read_slab<double>(dataset, slab);
    case ElementType::uint8:
      return read_slab<std::uint8_t>(dataset, slab);
    default:
      return read_slab<std::int64_t>(dataset, slab);
  }
}

/// Throws IoError for a dataset that has no such feed.
void check_feed(const h5::File& level2, const level2::Dataset& line, const h5::Extent& extent, int feed, int feed_row) {
  const level2::FeedAxis axis = line.feed_axis();
  if (axis == level2::FeedAxis::none) return;
  const std::size_t dimension = axis == level2::FeedAxis::file_row ? 1 : 0;
  const int row = axis == level2::FeedAxis::file_row ? feed_row : feed - 1;
  if (extent.size() == line.axes().size() && row >= 0 && static_cast<std::uint64_t>(row) < extent[dimension]) return;
  throw IoError(fmt::format("{}: {}: has no row {} of feeds; make the file anew with --set level2.overwrite=true",
                            level2.path(), line.path, row));
}

ProductTable::Product read_product(const h5::File& level2, const level2::Dataset& line, int feed, int feed_row) {
  const h5::Dataset dataset = level2.open(line.path);
  const h5::Extent& extent = dataset.info().extent;
  check_feed(level2, line, extent, feed, feed_row);
  ProductTable::Product product;
  product.values = read_values(dataset, line.type, feed_slab(line.feed_axis(), extent, feed, feed_row));
  for (std::size_t i = 0; i < extent.size(); ++i) {
    if (!level2::is_feed_axis(line.axes()[i])) product.shape.push_back(extent[i]);
  }
  return product;
}

ProductTable read_products(const h5::File& level2, const DatasetList& datasets, bool of_feeds, int feed, int feed_row) {
  ProductTable products;
  for (const level2::Dataset* line : datasets) {
    if ((line->feed_axis() != level2::FeedAxis::none) != of_feeds) continue;
    products.set(line->path, read_product(level2, *line, feed, feed_row));
  }
  return products;
}

}  // namespace

ProductTable read_feed_products(const h5::File& level2, const DatasetList& datasets, int feed, int feed_row) {
  return read_products(level2, datasets, true, feed, feed_row);
}

ProductTable read_observation_products(const h5::File& level2, const DatasetList& datasets) {
  return read_products(level2, datasets, false, 1, 0);
}

void check_shapes(const h5::File& level2, const DatasetList& expected, const level2::AxisLengths& lengths) {
  for (const level2::Dataset* dataset : expected) {
    if (!level2.exists(dataset->path)) continue;
    const h5::Extent extent = level2.info(dataset->path).extent;
    const std::vector<Index> shape = dataset->shape(lengths);
    if (std::ranges::equal(extent, shape,
                           [](std::uint64_t a, Index b) { return a == static_cast<std::uint64_t>(b); })) {
      continue;
    }
    throw IoError(
        fmt::format("{}: {}: has the shape {}, expected {}; make the file anew with "
                    "--set level2.overwrite=true",
                    level2.path(), dataset->path, extent, shape));
  }
}

std::vector<std::array<std::int64_t, 2>> checked_scans(const std::string& path, std::span<const std::int64_t> edges,
                                                       std::int64_t n_samples) {
  std::vector<std::array<std::int64_t, 2>> scans;
  std::int64_t previous_end = 0;
  for (std::size_t i = 0; i + 1 < edges.size(); i += 2) {
    if (edges[i] < previous_end || edges[i + 1] < edges[i] || edges[i + 1] > n_samples) {
      throw IoError(
          fmt::format("{}: {}: scan {} is no part of the {} samples; make the file anew with "
                      "--set level2.overwrite=true",
                      path, level2::kScanEdges.path, i / 2, n_samples));
    }
    scans.push_back({edges[i], edges[i + 1]});
    previous_end = edges[i + 1];
  }
  return scans;
}

}  // namespace comap
