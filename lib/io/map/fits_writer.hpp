#pragma once
/// \file
/// Writing FITS files with CFITSIO; only for the sources of lib/io.

#include <fitsio.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/final_name.hpp"
#include "io/map/continuum_map.hpp"

namespace comap {

/// A column of a binary table; `format` is a TFORM: 1K, 1J, 1E, 1B, 12A.
struct TableColumn {
  std::string name;
  std::string format;
  std::string unit;
};

/// A FITS file in the making (core/final_name.hpp); gone unless finish() was reached. Every function throws IoError.
class FitsWriter {
 public:
  explicit FitsWriter(const std::string& path);
  FitsWriter(const FitsWriter&) = delete;
  FitsWriter& operator=(const FitsWriter&) = delete;
  ~FitsWriter();

  /// `sizes` of the axes, fastest first.
  void create_image(int bits_per_pixel, std::span<const std::int64_t> sizes);
  /// Pixels of the image in hand from number `first` on, counted from 0 in the order of the file.
  void write_pixels(std::span<const float> values, std::int64_t first = 0) { write_pixels(TFLOAT, values, first); }
  void write_pixels(std::span<const std::uint8_t> values) { write_pixels(TBYTE, values, 0); }

  void create_table(const std::string& name, std::vector<TableColumn> columns, std::int64_t n_rows);
  void write_column(int number, std::vector<std::int64_t> values) { write_values(TLONGLONG, number, values, 0); }
  /// In the rows from `first_row` on, counted from 0.
  void write_column(int number, std::vector<float> values, std::int64_t first_row = 0) {
    write_values(TFLOAT, number, values, first_row);
  }
  void write_column(int number, std::vector<std::uint8_t> values) { write_values(TBYTE, number, values, 0); }
  void write_column(int number, std::vector<std::string> values);

  /// A number that is not finite has no place on a card (fitsverify warns of an undefined value): left out.
  void write_card(const HeaderCard& card);
  void write_history(const std::string& line);

  /// DATE, CHECKSUM and DATASUM: the last things in an HDU.
  void finish_hdu();
  /// False when another run has made the file meanwhile.
  bool finish();

 private:
  template <typename T>
  void write_pixels(int type, std::span<const T> values, std::int64_t first);
  template <typename T>
  void write_values(int type, int column, std::vector<T>& values, std::int64_t first_row);
  void create();
  void close_unfinished();
  void check(const std::string& what);

  PartialFile partial_;
  fitsfile* file_ = nullptr;
  int status_ = 0;
};

/// CTYPE, CRPIX, CRVAL, CDELT, CUNIT of axes 1 and 2.
void write_celestial_axes(FitsWriter& file, const WcsDefinition& wcs);

/// DATAMIN and DATAMAX of the finite values, if there are any.
template <typename T>
void write_range(FitsWriter& file, const std::vector<T>& values) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const T value : values) {
    const auto number = static_cast<double>(value);
    if (!std::isfinite(number)) continue;
    low = std::min(low, number);
    high = std::max(high, number);
  }
  if (low > high) return;
  file.write_card({"DATAMIN", low, "smallest value"});
  file.write_card({"DATAMAX", high, "largest value"});
}

/// ORIGIN, TELESCOP, CREATOR, the cards and the HISTORY.
void write_settings(FitsWriter& file, const std::vector<HeaderCard>& cards, const std::vector<std::string>& history);

/// The table OBSIDS.
void write_observations(FitsWriter& file, const std::vector<ObservationRow>& observations);

/// The table CONFIG: a configuration line by line (io/map/product_config.hpp reads it).
void write_config(FitsWriter& file, const std::string& config_text);

}  // namespace comap
