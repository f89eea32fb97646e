#include "io/map/map_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>

#include "core/error.hpp"
#include "io/map/product_config.hpp"

namespace comap {

ContinuumMap read_map(const std::string& path, std::span<const MapImage> kinds) {
  if (!std::filesystem::is_regular_file(path)) throw IoError(path + ": there is no such file");
  ContinuumMap map = begins_with(path, kHdf5Signature) ? read_map_hdf5(path, kinds) : read_map_fits(path, kinds);
  if (std::ranges::adjacent_find(map.pixel, std::greater_equal<>()) != map.pixel.end()) {
    throw IoError(path + ": the HEALPix pixels are not in ascending order; maps have each once, in order");
  }
  return map;
}

}  // namespace comap
