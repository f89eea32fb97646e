#pragma once
/// \file
/// The configuration that every product keeps of the run that made it.

#include <optional>
#include <string>
#include <string_view>

namespace comap {

/// Attribute of `/` in HDF5 files; in FITS files it is the table CONFIG, line by line.
inline constexpr std::string_view kConfigAttribute = "configuration";

/// An HDF5 file begins with this.
inline constexpr std::string_view kHdf5Signature = "\x89HDF\r\n\x1a\n";
/// Whether a file begins with these bytes.
bool begins_with(const std::string& path, std::string_view signature);

/// The table CONFIG of a FITS file; empty when there is none. Throws IoError.
std::string config_of_fits(const std::string& path);

/// The text as it was written: of a map or cube (FITS), a map or a Level-2 file (HDF5), told by the content of the
/// file. Nothing for files of other kinds. Throws IoError for a product without a configuration.
std::optional<std::string> product_config(const std::string& path);

}  // namespace comap
