#include "io/map/map_header.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/version.hpp"
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

}  // namespace

std::vector<HeaderCard> celestial_cards(const WcsDefinition& wcs) {
  std::vector<HeaderCard> cards;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::string number = std::to_string(axis + 1);
    cards.push_back({"CTYPE" + number, wcs.ctype[axis], axis == 0 ? "longitude" : "latitude"});
    cards.push_back({"CRPIX" + number, wcs.crpix[axis], "reference pixel"});
    cards.push_back({"CRVAL" + number, wcs.crval_deg[axis], "[deg] coordinate there"});
    cards.push_back({"CDELT" + number, wcs.cdelt_deg[axis], "[deg] pixel size"});
    cards.push_back({"CUNIT" + number, std::string("deg"), ""});
  }
  if (wcs.ctype[0].starts_with("RA")) cards.push_back({"RADESYS", std::string("ICRS"), "frame of the axes"});
  return cards;
}

std::vector<HeaderCard> healpix_cards(const HealpixDefinition& healpix, std::int64_t n_pixels, HealpixRows rows) {
  const bool all = rows == HealpixRows::full_sky;
  const std::int64_t nside = healpix.nside;
  const bool galactic = healpix.frame == SkyFrame::galactic;
  std::vector<HeaderCard> cards = {
      {"PIXTYPE", std::string("HEALPIX"), "pixels of equal area"},
      {"ORDERING", std::string("NESTED"), "numbers of the pixels"},
      {"NSIDE", nside, "resolution parameter"},
      {"FIRSTPIX", std::int64_t{0}, "first pixel number of the whole sky"},
      {"LASTPIX", 12 * nside * nside - 1, "last pixel number of the whole sky"},
      {"INDXSCHM", std::string(all ? "IMPLICIT" : "EXPLICIT"), all ? "row = pixel number" : "pixel numbers in PIXEL"},
      {"GRAIN", std::int64_t{all ? 0 : 1}, "pixels for each pixel number; 0 = implicit"},
      {"OBJECT", std::string(all ? "FULLSKY" : "PARTIAL"), all ? "all pixels of the sky" : "part of the sky"},
      {"OBS_NPIX", n_pixels, "pixels with a value"},
      {"COORDSYS", std::string(galactic ? "G" : "C"), galactic ? "Galactic" : "equatorial, ICRS"}};
  if (all) cards.push_back({"BAD_DATA", static_cast<double>(kUnseen), "where there is no value"});
  if (!galactic) cards.push_back({"RADESYS", std::string("ICRS"), "frame"});
  return cards;
}

std::vector<HeaderCard> origin_cards() {
  return {{"ORIGIN", std::string("COMAP"), "who made this file"},
          {"TELESCOP", std::string("COMAP"), "Owens Valley, 26-34 GHz"},
          {"CREATOR", "comap_mpi " + software_version(), "program that wrote this file"}};
}

std::array<std::int64_t, kCutColumns.size()> numbers_of(const CutRow& row) {
  std::array<std::int64_t, kCutColumns.size()> numbers = {
      row.obsid,  row.feed,      row.frequency_band, row.scan,       row.n_samples,
      row.n_used, row.n_missing, row.n_glitches,     row.n_off_grid, row.n_bright};
  std::ranges::copy(row.n_flagged, numbers.end() - row.n_flagged.size());
  return numbers;
}

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

}  // namespace comap
