#pragma once
/// \file
/// A continuum map in memory, and the table of its images that all who write, read, draw and compare maps go by.
/// In this folder: map_writer and map_reader (FITS and HDF5), map_header (the cards that both know), fits_writer and
/// product_config (of maps and cubes), cube_file and cube_summary (line cubes). Pictures are in lib/io/plot.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "config/mapmake_config.hpp"
#include "data/sample_flag.hpp"
#include "sky/healpix_grid.hpp"

namespace comap {

inline constexpr std::size_t kHistoryColumns = 72;

/// A header card besides the WCS: name of at most 8 characters, value, comment (with unit). A number that is not
/// finite is left out.
struct HeaderCard {
  std::string name;
  std::variant<std::int64_t, double, bool, std::string> value;
  std::string comment;

  static auto members(auto& x) { return std::tie(x.name, x.value, x.comment); }
};

struct ObservationRow {
  std::int64_t obsid = 0;
  std::int64_t n_samples = 0;  ///< samples with weight > 0 in the map

  static auto members(auto& x) { return std::tie(x.obsid, x.n_samples); }
};

/// The fate of the samples of one scan of a feed and band. Numbers that do not apply are -1: a feed that is not in
/// the file has no scans, an observation that was left out as a whole one row without feed and scan.
struct CutRow {
  std::int64_t obsid = 0;
  std::int32_t feed = 0, frequency_band = 0, scan = 0;
  std::int64_t n_samples = 0, n_used = 0, n_missing = 0, n_glitches = 0, n_off_grid = 0, n_bright = 0;
  std::array<std::int64_t, sample_flag::kBits> n_flagged{};  ///< by bits of data/sample_flag.hpp
  std::string_view reason;  ///< why the whole scan was left out (a literal); empty for one that is used
};

/// One kind of image; a line of kMapImages adds it to files, pictures and comparisons (docs/adding-a-map-image.md).
struct MapImage {
  std::string_view name;   ///< EXTNAME or column in FITS; in lower case in HDF5
  std::string_view unit;   ///< BUNIT; empty for counts
  bool is_sky = false;     ///< drawn in colours of the sky; differences are given in units of the noise, too
  std::string_view title;  ///< of its picture
  std::string_view label;  ///< of the colours there; of what is in K they are in mK
};
inline constexpr auto kMapImages = std::to_array<MapImage>({
    {"DESTRIPED", "K", true, "Destriped map", "T_{RJ} [mK]"},
    {"NAIVE", "K", true, "Naive map (no destriping)", "T_{RJ} [mK]"},  // of the same data without offsets
    {"HITS", "", false, "Hits", "samples per pixel"},
    {"RMS", "K", false, "White noise rms", "{/Symbol s} [mK]"},  // 1 / sqrt(sum of weights)
});
/// Maps of all versions have these first ones; those that came later may be missing in a file.
inline constexpr std::size_t kFirstImages = 4;

struct ImageValues : MapImage {
  std::vector<float> values = {};  ///< [y][x], on a HEALPix grid [hit pixel]; NaN where the mask is not 0
};

/// Without values yet.
std::vector<ImageValues> images_of(std::span<const MapImage> kinds);

/// One continuum map.
struct ContinuumMap {
  WcsDefinition wcs;
  std::optional<HealpixDefinition> healpix;  ///< the grid instead of `wcs`
  std::vector<std::int64_t> pixel;           ///< HEALPix only: the hit pixels in ascending order, NESTED
  std::vector<ImageValues> images = images_of(kMapImages);
  std::vector<std::uint8_t> mask;  ///< sum of MaskBit
  std::vector<HeaderCard> cards;
  std::vector<std::string> history;  ///< lines of at most kHistoryColumns
  std::string config_text;           ///< effective configuration, TOML; empty in files that have it in HISTORY
  std::vector<ObservationRow> observations;
  std::vector<CutRow> cuts;

  /// nullptr when there is none of this name.
  const ImageValues* find_image(std::string_view name) const;
  /// Values by name. Throws Bug when there is no such image.
  const std::vector<float>& image(std::string_view name) const;
  std::vector<float>& image(std::string_view name);
  std::vector<float>& destriped_K() { return images.front().values; }
  const std::vector<float>& destriped_K() const { return images.front().values; }

  /// The same kinds of images without values.
  std::vector<ImageValues> empty_images() const;
};

/// How the pixels of a HEALPix map stand in a FITS file.
enum class HealpixRows {
  partial,  ///< those with a value, with their numbers (EXPLICIT)
  full_sky  ///< all of the sky in order, kUnseen where there is no value (IMPLICIT)
};
/// Bits of the mask.
enum MaskBit : std::uint8_t { kNeverHit = 1, kFewHits = 2, kClippedBorder = 4 };

/// HEALPix programs take this for "no value".
inline constexpr float kUnseen = -1.6375e30F;

/// Throws Bug when an image does not have the size of the grid.
void check_images(const ContinuumMap& map);

/// NaN where the mask is not 0.
std::vector<float> masked(const std::vector<float>& values, const std::vector<std::uint8_t>& mask);

/// A card by name; nullptr when the map has none.
const HeaderCard* find_card(const ContinuumMap& map, const std::string& name);

/// The value of a card as text, numbers with 15 digits.
std::string card_text(const HeaderCard& card);

}  // namespace comap
