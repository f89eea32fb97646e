#pragma once
/// \file
/// Continuum maps as files: FITS with the HDUs and headers of docs/mapmaking.md, and their pictures.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "config/mapmake_config.hpp"
#include "data/sample_flag.hpp"
#include "sky/healpix_grid.hpp"

namespace comap {

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

/// What became of the samples of one scan of a feed and band. Numbers that do not apply are -1: a feed that is not in
/// the file has no scans, an observation that was left out as a whole one row without feed and scan.
struct CutRow {
  std::int64_t obsid = 0;
  std::int32_t feed = 0, frequency_band = 0, scan = 0;
  std::int64_t n_samples = 0, n_used = 0, n_missing = 0, n_glitches = 0, n_off_grid = 0, n_bright = 0;
  std::array<std::int64_t, sample_flag::kBits> n_flagged{};  ///< by bits of data/sample_flag.hpp
  std::string_view reason;  ///< why the whole scan was left out (a literal); empty for one that is used
};

/// One continuum map; images are [y][x] with NaN where the mask is not 0. On a HEALPix grid they are [hit pixel].
struct ContinuumMap {
  WcsDefinition wcs;
  std::optional<HealpixDefinition> healpix;  ///< the grid instead of `wcs`
  std::vector<std::int64_t> pixel;           ///< HEALPix only: the hit pixels in ascending order, NESTED
  std::vector<float> destriped_K;
  std::vector<float> naive_K;
  std::vector<float> hits;
  std::vector<float> rms_K;
  std::vector<std::uint8_t> mask;  ///< sum of bits: 1 never hit, 2 below the hit percentile, 4 clipped border
  std::vector<HeaderCard> cards;
  std::vector<std::string> history;
  std::string config_text;  ///< effective configuration, TOML; empty in files that have it in HISTORY
  std::vector<ObservationRow> observations;
  std::vector<CutRow> cuts;
};

/// How the pixels of a HEALPix map stand in a FITS file.
enum class HealpixRows {
  partial,  ///< those with a value, with their numbers (EXPLICIT)
  full_sky  ///< all of the sky in order, kUnseen where there is no value (IMPLICIT)
};
/// What HEALPix programs take for "no value".
inline constexpr float kUnseen = -1.6375e30F;

/// Writes `path` with all HDUs, checksums and the tables OBSIDS, CUTS and CONFIG; the file appears under its name only
/// when complete. A HEALPix map is a table HEALPIX of `rows` instead of images, and MASKED has the bits of hit pixels
/// without value. DATE is the only thing that differs between two runs. Throws IoError.
void write_map_fits(const std::string& path, const ContinuumMap& map, HealpixRows rows = HealpixRows::partial);

/// A PNG of the destriped map beside NAIVE, HITS and RMS, axes in degrees, colour bar with unit, title; drawn by
/// gnuplot. A HEALPix map is shown on a CAR grid, each point with the value of its pixel. Throws IoError when gnuplot
/// is missing or fails.
void plot_map(const std::string& png_path, const ContinuumMap& map, const std::string& title);

/// A PNG of the difference of two maps, in mK and over its noise, with colours symmetric about zero. `difference` has
/// the difference as destriped map, its noise as rms, and no other images; masked pixels are left out. Throws IoError.
void plot_difference(const std::string& png_path, const ContinuumMap& difference, const std::string& title);

}  // namespace comap
