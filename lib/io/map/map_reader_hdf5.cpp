#include <fmt/core.h>

#include <sstream>

#include "core/error.hpp"
#include "core/text.hpp"
#include "io/hdf5/h5.hpp"
#include "io/map/map_header.hpp"
#include "io/map/map_reader.hpp"
#include "io/map/product_config.hpp"

namespace comap {
namespace {

const std::string kConfig(kConfigAttribute);

/// The attributes of `/`.
class Attributes {
 public:
  explicit Attributes(const h5::File& file) : path_(file.path()), values_(file.attributes("/")) {}

  bool has(const std::string& name) const { return values_.contains(name); }
  std::string text(const std::string& name) const { return h5::to_text(value(name)); }
  double number(const std::string& name) const {
    if (const auto number = h5::to_number(value(name))) return *number;
    throw IoError(fmt::format("{}: the attribute {} is no number", path_, name));
  }

  std::vector<HeaderCard> cards() const {
    std::vector<HeaderCard> cards;
    for (const auto& [name, value] : values_) {
      if (!tells_how(name)) continue;
      HeaderCard& card = cards.emplace_back(HeaderCard{name, std::int64_t{0}, ""});
      std::visit([&](const auto& stored) { card.value = stored; }, value);
    }
    return cards;
  }

 private:
  const h5::AttributeValue& value(const std::string& name) const {
    if (const auto found = values_.find(name); found != values_.end()) return found->second;
    throw IoError(fmt::format("{}: no attribute {}; is it a map of comap_mpi?", path_, name));
  }

  std::string path_;
  std::map<std::string, h5::AttributeValue> values_;
};

template <typename T>
std::vector<T> read_image(const h5::File& file, const std::string& name, const h5::Extent& extent) {
  if (file.info(name).extent != extent) {
    throw IoError(fmt::format("{}: {} has another size than the map", file.path(), name));
  }
  return file.read<T>(name);
}

}  // namespace

ContinuumMap read_map_hdf5(const std::string& path, std::span<const MapImage> kinds) {
  const h5::File file = h5::File::open_read(path);
  const Attributes attributes(file);
  ContinuumMap map;
  h5::Extent extent;
  if (attributes.has("NSIDE")) {
    map.healpix =
        healpix_of_cards(path, attributes.number("NSIDE"), attributes.text("ORDERING"), attributes.text("COORDSYS"));
    map.pixel = file.read<std::int64_t>("pixel");
    extent = {map.pixel.size()};
  } else {
    const double n_x = attributes.number("NAXIS1"), n_y = attributes.number("NAXIS2");
    map.wcs = wcs_of_cards(attributes);
    map.wcs.naxis = {static_cast<std::int64_t>(n_x), static_cast<std::int64_t>(n_y)};
    extent = {static_cast<std::uint64_t>(n_y), static_cast<std::uint64_t>(n_x)};
  }
  map.images.clear();
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const std::string name = lower(kinds[k].name);
    if (k < kFirstImages || file.exists(name)) map.images.push_back({kinds[k], read_image<float>(file, name, extent)});
  }
  map.mask = read_image<std::uint8_t>(file, "mask", extent);
  map.cards = attributes.cards();
  if (attributes.has(kConfig)) map.config_text = attributes.text(kConfig);
  if (attributes.has("HISTORY")) {
    std::istringstream history(attributes.text("HISTORY"));
    for (std::string line; std::getline(history, line);) map.history.push_back(line);
  }
  if (!file.exists("observations")) return map;
  const auto obsids = file.read<std::int64_t>("observations/obsid");
  const auto n_samples = read_image<std::int64_t>(file, "observations/n_samples", {obsids.size()});
  for (std::size_t i = 0; i < obsids.size(); ++i) map.observations.push_back({obsids[i], n_samples[i]});
  return map;
}

}  // namespace comap
