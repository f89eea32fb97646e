#include "stages/output_spec.hpp"

#include "core/constants.hpp"
#include "io/level2/level2_schema.hpp"

namespace comap {
namespace {

OutputSpec output(std::string_view path, FeedAxis axis, h5::StoredType type, h5::Extent extent,
                  const std::string& unit) {
  OutputSpec result;
  result.path = std::string(path);
  result.axis = axis;
  result.dataset.type = type;
  result.dataset.extent = std::move(extent);
  result.dataset.unit = unit;
  return result;
}

}  // namespace

OutputSpec feed_output(std::string_view path, h5::StoredType type, const h5::Extent& extent, const std::string& unit) {
  h5::Extent whole = {kScienceFeeds};
  whole.insert(whole.end(), extent.begin(), extent.end());
  return output(path, FeedAxis::feed_number, type, std::move(whole), unit);
}

OutputSpec observation_output(std::string_view path, h5::StoredType type, const h5::Extent& extent,
                              const std::string& unit) {
  return output(path, FeedAxis::none, type, extent, unit);
}

OutputSpec vane_output(std::string_view path, const ObservationContext& observation, const std::string& unit) {
  const h5::Extent extent = {observation.products.get<double>(level2::kVaneEventMjd).size(),
                             static_cast<std::uint64_t>(observation.level1.n_feeds), kBands,
                             static_cast<std::uint64_t>(observation.level1.n_channels)};
  return output(path, FeedAxis::file_row, h5::StoredType::float32, extent, unit);
}

}  // namespace comap
