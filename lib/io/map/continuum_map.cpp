#include "io/map/continuum_map.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "core/constants.hpp"
#include "core/error.hpp"

namespace comap {

std::vector<ImageValues> images_of(std::span<const MapImage> kinds) {
  std::vector<ImageValues> images;
  for (const MapImage& kind : kinds) images.push_back({kind});
  return images;
}

std::vector<ImageValues> ContinuumMap::empty_images() const {
  std::vector<ImageValues> empty;
  for (const ImageValues& kind : images) empty.push_back({kind, {}});
  return empty;
}

const ImageValues* ContinuumMap::find_image(std::string_view name) const {
  const auto found = std::ranges::find(images, name, &ImageValues::name);
  return found == images.end() ? nullptr : &*found;
}

const std::vector<float>& ContinuumMap::image(std::string_view name) const {
  const ImageValues* found = find_image(name);
  if (found == nullptr) throw Bug(fmt::format("the map has no image {}", name));
  return found->values;
}

std::vector<float>& ContinuumMap::image(std::string_view name) {
  return const_cast<std::vector<float>&>(std::as_const(*this).image(name));
}

void check_images(const ContinuumMap& map) {
  const std::size_t n_pixels = map.healpix ? map.pixel.size() : map.wcs.naxis[0] * map.wcs.naxis[1];
  for (const ImageValues& image : map.images) {
    if (image.values.size() != n_pixels || map.mask.size() != n_pixels) {
      throw Bug(fmt::format("map image {} or its mask does not have the {} pixels of its grid", image.name, n_pixels));
    }
  }
}

std::vector<float> masked(const std::vector<float>& values, const std::vector<std::uint8_t>& mask) {
  std::vector<float> result(values);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (mask[i] != 0) result[i] = kFloatNan;
  }
  return result;
}

const HeaderCard* find_card(const ContinuumMap& map, const std::string& name) {
  const auto found = std::ranges::find(map.cards, name, &HeaderCard::name);
  return found == map.cards.end() ? nullptr : &*found;
}

std::string card_text(const HeaderCard& card) {
  if (const auto* text = std::get_if<std::string>(&card.value)) return *text;
  if (const auto* flag = std::get_if<bool>(&card.value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&card.value)) return fmt::format("{}", *integer);
  return fmt::format("{:.15g}", std::get<double>(card.value));
}

}  // namespace comap
