#include "level2/kept_products.hpp"

#include <array>
#include <optional>

#include "core/error.hpp"
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

template <typename Wanted>
ProductTable read_products(const h5::File& level2, const std::vector<StageRecord>& records, int feed, int feed_row,
                           const Wanted& wanted) {
  ProductTable products;
  for (const StageRecord& record : records) {
    for (const StageOutput& output : record.outputs) {
      const auto axis = axis_of(output.axis);
      if (!axis || !wanted(*axis)) continue;
      const h5::Dataset dataset = level2.open(output.path);
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

std::string_view axis_name(FeedAxis axis) {
  for (const auto& [known, name] : kAxes) {
    if (known == axis) return name;
  }
  throw Bug("a feed axis without a name");
}

}  // namespace comap
