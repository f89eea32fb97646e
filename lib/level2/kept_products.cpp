#include "level2/kept_products.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <array>
#include <optional>

#include "core/error.hpp"
#include "io/level2/level2_schema.hpp"
#include "level2/feed_slab.hpp"

namespace comap {
namespace {

constexpr std::array<std::pair<FeedAxis, std::string_view>, 3> kAxes = {
    {{FeedAxis::feed_number, "feed"}, {FeedAxis::file_row, "file_row"}, {FeedAxis::none, "observation"}}};

/// Nothing for what is no product: copies and groups.
std::optional<FeedAxis> axis_of(std::string_view name) {
  for (const auto& [axis, known] : kAxes) {
    if (known == name) return axis;
  }
  return std::nullopt;
}

template <typename T>
ProductTable::Array read_slab(const h5::Dataset& dataset, const h5::Slab& slab) {
  std::vector<T> values(slab.size());
  dataset.read(slab, std::span<T>(values));
  return values;
}

ProductTable::Array read_array(const h5::Dataset& dataset, const h5::Slab& slab) {
  const h5::DatasetInfo& info = dataset.info();
  if (info.kind == h5::Kind::floating) {
    return info.element_bytes == sizeof(float) ? read_slab<float>(dataset, slab) : read_slab<double>(dataset, slab);
  }
  return info.element_bytes == 1 ? read_slab<std::uint8_t>(dataset, slab) : read_slab<std::int64_t>(dataset, slab);
}

/// Throws IoError for a dataset that has no such feed.
void check_feed(const h5::File& level2, const std::string& path, FeedAxis axis, const h5::Extent& extent, int feed,
                int feed_row) {
  if (axis == FeedAxis::none) return;
  const std::size_t dimension = axis == FeedAxis::file_row ? 1 : 0;
  const int row = axis == FeedAxis::file_row ? feed_row : feed - 1;
  if (dimension < extent.size() && row >= 0 && static_cast<std::uint64_t>(row) < extent[dimension]) return;
  throw IoError(fmt::format("{}: {}: has no row {} of feeds; make the file anew with --set level2.overwrite=true",
                            level2.path(), path, row));
}

template <typename Wanted>
ProductTable read_products(const h5::File& level2, const std::vector<StageRecord>& records, int feed, int feed_row,
                           const Wanted& wanted) {
  ProductTable products;
  for (const StageRecord& record : records) {
    for (const StageOutput& output : record.outputs) {
      const auto axis = axis_of(output.axis);
      if (!axis || !wanted(*axis)) continue;
      const h5::Dataset dataset = level2.open(output.path);
      check_feed(level2, output.path, *axis, dataset.info().extent, feed, feed_row);
      products.set(output.path, read_array(dataset, feed_slab(*axis, dataset.info().extent, feed, feed_row)));
    }
  }
  return products;
}

}  // namespace

ProductTable read_feed_products(const h5::File& level2, const std::vector<StageRecord>& records, int feed,
                                int feed_row) {
  return read_products(level2, records, feed, feed_row, [](FeedAxis axis) { return axis != FeedAxis::none; });
}

ProductTable read_observation_products(const h5::File& level2, const std::vector<StageRecord>& records) {
  return read_products(level2, records, 1, 0, [](FeedAxis axis) { return axis == FeedAxis::none; });
}

void check_shapes(const h5::File& level2, const std::vector<OutputSpec>& expected) {
  for (const OutputSpec& output : expected) {
    if (!level2.exists(output.path)) continue;
    const h5::Extent extent = level2.info(output.path).extent;
    if (extent == output.dataset.extent) continue;
    throw IoError(
        fmt::format("{}: {}: has the shape {}, expected {}; make the file anew with "
                    "--set level2.overwrite=true",
                    level2.path(), output.path, extent, output.dataset.extent));
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
                      path, level2::kScanEdges, i / 2, n_samples));
    }
    scans.push_back({edges[i], edges[i + 1]});
    previous_end = edges[i + 1];
  }
  return scans;
}

std::string_view axis_name(FeedAxis axis) {
  for (const auto& [known, name] : kAxes) {
    if (known == axis) return name;
  }
  throw Bug("a feed axis without a name");
}

}  // namespace comap
