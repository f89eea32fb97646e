#include "io/map/map_reader.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string_view>

#include "core/error.hpp"
#include "io/map/map_reading.hpp"
#include "io/map/product_config.hpp"

namespace comap {
namespace {

constexpr auto kOtherCards = std::to_array<std::string_view>(
    {"SIMPLE",   "BITPIX",  "EXTEND", "DATE",     "CHECKSUM", "DATASUM",  "EXTNAME",       "BUNIT",
     "DATAMIN",  "DATAMAX", "ORIGIN", "TELESCOP", "RADESYS",  "LONGSTRN", "CONTINUE",      "COMMENT",
     "HISTORY",  "END",     "",       "PIXTYPE",  "ORDERING", "NSIDE",    "FIRSTPIX",      "LASTPIX",
     "INDXSCHM", "GRAIN",   "OBJECT", "OBS_NPIX", "COORDSYS", "BAD_DATA", kConfigAttribute});
constexpr auto kOtherPrefixes =
    std::to_array<std::string_view>({"NAXIS", "CTYPE", "CRPIX", "CRVAL", "CDELT", "CUNIT", "LONPOLE", "LATPOLE"});

bool is_hdf5(const std::string& path) {
  std::array<char, kHdf5Signature.size()> begin{};
  std::ifstream file(path, std::ios::binary);
  file.read(begin.data(), begin.size());
  return std::string_view(begin.data(), begin.size()) == kHdf5Signature;
}

}  // namespace

bool tells_how(std::string_view card) {
  return std::ranges::find(kOtherCards, card) == kOtherCards.end() &&
         std::ranges::none_of(kOtherPrefixes, [&](std::string_view prefix) { return card.starts_with(prefix); });
}

HealpixDefinition healpix_of_cards(const std::string& path, double nside, const std::string& ordering,
                                   const std::string& coordinates) {
  if (ordering != "NESTED") throw IoError(fmt::format("{}: ORDERING is {}; maps have NESTED", path, ordering));
  if (coordinates != "G" && coordinates != "C") {
    throw IoError(fmt::format("{}: COORDSYS is {}; maps have G or C", path, coordinates));
  }
  return {static_cast<int>(nside), coordinates == "G" ? SkyFrame::galactic : SkyFrame::icrs};
}

ContinuumMap read_map(const std::string& path) {
  if (!std::filesystem::is_regular_file(path)) throw IoError(path + ": there is no such file");
  ContinuumMap map = is_hdf5(path) ? read_map_hdf5(path) : read_map_fits(path);
  if (std::ranges::adjacent_find(map.pixel, std::greater_equal<>()) != map.pixel.end()) {
    throw IoError(path + ": the HEALPix pixels are not in ascending order; maps have each once, in order");
  }
  return map;
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
