#pragma once
/// \file
/// Grids by name, from a TOML file of tables with the FITS keywords NAXIS, CRPIX, CDELT, CRVAL, CTYPE.

#include <map>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace comap {

/// The words for `mapmake.wcs` that mean HEALPix: with the pixels that have a value in FITS files, or all of the sky.
inline constexpr std::string_view kHealpix = "healpix";
inline constexpr std::string_view kHealpixFullSky = "healpix_full_sky";
inline bool is_healpix(const MapmakeConfig& config) { return config.wcs == kHealpix || config.wcs == kHealpixFullSky; }

/// Throws ConfigError with all errors of the text.
std::map<std::string, WcsDefinition> parse_wcs_definitions(std::string_view toml_text, const std::string& file_name);

/// Where `file` is: as it stands, or else beside the configuration, or in the directory configs that was installed or
/// built with the program. `file` itself when it is nowhere, or is an absolute path.
std::string find_wcs_file(const std::string& file, const std::string& config_file);

/// Throws ConfigError when the file cannot be read or has errors.
std::map<std::string, WcsDefinition> read_wcs_definitions(const std::string& file);

}  // namespace comap
