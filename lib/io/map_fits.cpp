#include <fitsio.h>
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/error.hpp"
#include "core/version.hpp"
#include "io/map_file.hpp"
#include "io/map_images.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

constexpr int kSignificantDigits = -15;   // negative: digits of %G in CFITSIO
constexpr std::size_t kShortString = 68;  // characters of a string value that fit on one card

/// A FITS file being written as `<path>.partial`; gone unless finish() was reached.
class FitsWriter {
 public:
  explicit FitsWriter(const std::string& path) : path_(path), partial_(path + ".partial") {
    std::error_code ignored;
    if (const auto folder = fs::path(path).parent_path(); !folder.empty()) fs::create_directories(folder, ignored);
    fs::remove(partial_, ignored);
    fits_create_diskfile(&file_, partial_.c_str(), &status_);
    check("cannot create the file");
  }
  FitsWriter(const FitsWriter&) = delete;
  FitsWriter& operator=(const FitsWriter&) = delete;
  ~FitsWriter() {
    if (file_ == nullptr) return;
    int ignored_status = 0;
    fits_close_file(file_, &ignored_status);
    std::error_code ignored;
    fs::remove(partial_, ignored);
  }

  void create_image(int bits_per_pixel, const WcsDefinition& wcs) {
    LONGLONG sizes[2] = {wcs.naxis[0], wcs.naxis[1]};
    fits_create_imgll(file_, bits_per_pixel, 2, sizes, &status_);
    check("cannot create an image");
  }

  void write_pixels(const std::vector<float>& values) { write_pixels(TFLOAT, values); }
  void write_pixels(const std::vector<std::uint8_t>& values) { write_pixels(TBYTE, values); }

  void create_table(const std::string& name, std::vector<std::string> columns, std::int64_t n_rows) {
    std::vector<char*> names;
    for (std::string& column : columns) names.push_back(column.data());
    std::string format = "1K";
    std::vector<char*> formats(columns.size(), format.data());
    fits_create_tbl(file_, BINARY_TBL, n_rows, static_cast<int>(columns.size()), names.data(), formats.data(), nullptr,
                    name.c_str(), &status_);
    check("cannot create a table");
  }

  void write_column(int number, std::vector<std::int64_t> values) {
    static_assert(sizeof(LONGLONG) == sizeof(std::int64_t));
    if (values.empty()) return;
    fits_write_col(file_, TLONGLONG, number, 1, 1, static_cast<LONGLONG>(values.size()), values.data(), &status_);
    check("cannot write a table column");
  }

  /// A number that is not finite has no place on a card (fitsverify warns of an undefined value): left out.
  void write_card(const HeaderCard& card) {
    const std::string comment = printable(card.comment);
    const char* name = card.name.c_str();
    if (const auto* number = std::get_if<std::int64_t>(&card.value)) {
      fits_update_key_lng(file_, name, *number, comment.c_str(), &status_);
    } else if (const auto* flag = std::get_if<bool>(&card.value)) {
      fits_update_key_log(file_, name, *flag ? 1 : 0, comment.c_str(), &status_);
    } else if (const auto* text = std::get_if<std::string>(&card.value)) {
      const std::string value = printable(*text);
      if (value.size() > kShortString) fits_write_key_longwarn(file_, &status_);
      fits_update_key_longstr(file_, name, value.c_str(), comment.c_str(), &status_);
    } else if (const double value = std::get<double>(card.value); std::isfinite(value)) {
      fits_update_key_dbl(file_, name, value, kSignificantDigits, comment.c_str(), &status_);
    }
    check("cannot write the header card " + card.name);
  }

  void write_history(const std::string& line) {
    fits_write_history(file_, printable(line).c_str(), &status_);
    check("cannot write HISTORY");
  }

  /// DATE, CHECKSUM and DATASUM: the last things in an HDU.
  void finish_hdu() {
    fits_write_date(file_, &status_);
    fits_write_chksum(file_, &status_);
    check("cannot write a checksum");
  }

  void finish() {
    fitsfile* file = std::exchange(file_, nullptr);
    fits_close_file(file, &status_);
    std::error_code error;
    if (status_ == 0) fs::rename(partial_, path_, error);
    if (status_ == 0 && !error) return;
    std::error_code ignored;
    fs::remove(partial_, ignored);
    check("cannot finish the file");
    throw IoError(fmt::format("{}: cannot give the map its name: {}", path_, error.message()));
  }

 private:
  template <typename T>
  void write_pixels(int type, const std::vector<T>& values) {
    long first[2] = {1, 1};
    auto* data = const_cast<T*>(values.data());  // CFITSIO only reads it
    fits_write_pix(file_, type, first, static_cast<LONGLONG>(values.size()), data, &status_);
    check("cannot write an image");
  }

  static std::string printable(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
  }

  void check(const std::string& what) {
    if (status_ == 0) return;
    char text[FLEN_STATUS] = {};
    fits_get_errstatus(status_, text);
    throw IoError(fmt::format("{}: {}: {} (CFITSIO {}); is the disk full or the directory not writable?", path_, what,
                              text, status_));
  }

  std::string path_, partial_;
  fitsfile* file_ = nullptr;
  int status_ = 0;
};

void write_wcs(FitsWriter& file, const WcsDefinition& wcs) {
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::string number = std::to_string(axis + 1);
    file.write_card({"CTYPE" + number, wcs.ctype[axis], axis == 0 ? "longitude" : "latitude"});
    file.write_card({"CRPIX" + number, wcs.crpix[axis], "reference pixel"});
    file.write_card({"CRVAL" + number, wcs.crval_deg[axis], "[deg] coordinate there"});
    file.write_card({"CDELT" + number, wcs.cdelt_deg[axis], "[deg] pixel size"});
    file.write_card({"CUNIT" + number, std::string("deg"), ""});
  }
  if (wcs.ctype[0].starts_with("RA")) file.write_card({"RADESYS", std::string("ICRS"), "frame of the axes"});
}

struct Range {
  double min, max;
};

template <typename T>
std::optional<Range> finite_range(const std::vector<T>& values) {
  std::optional<Range> range;
  for (const T value : values) {
    const auto number = static_cast<double>(value);
    if (!std::isfinite(number)) continue;
    if (!range) range = Range{number, number};
    range->min = std::min(range->min, number);
    range->max = std::max(range->max, number);
  }
  return range;
}

template <typename T>
void write_image(FitsWriter& file, const WcsDefinition& wcs, std::string_view name, std::string_view unit,
                 const std::vector<T>& values) {
  file.create_image(sizeof(T) == 1 ? BYTE_IMG : FLOAT_IMG, wcs);
  file.write_card({"EXTNAME", std::string(name), "name of this image"});
  write_wcs(file, wcs);
  if (!unit.empty()) file.write_card({"BUNIT", std::string(unit), "Rayleigh-Jeans"});
  if (const auto range = finite_range(values)) {
    file.write_card({"DATAMIN", range->min, "smallest value"});
    file.write_card({"DATAMAX", range->max, "largest value"});
  }
  file.write_pixels(values);
}

void write_settings(FitsWriter& file, const ContinuumMap& map) {
  file.write_card({"ORIGIN", std::string("COMAP"), "who made this file"});
  file.write_card({"TELESCOP", std::string("COMAP"), "Owens Valley, 26-34 GHz"});
  file.write_card({"CREATOR", "comap_mpi " + software_version(), "program that wrote this file"});
  for (const HeaderCard& card : map.cards) file.write_card(card);
  for (const std::string& line : map.history) file.write_history(line);
}

void write_observations(FitsWriter& file, const std::vector<ObservationRow>& observations) {
  std::vector<std::int64_t> obsids, n_samples;
  for (const ObservationRow& row : observations) {
    obsids.push_back(row.obsid);
    n_samples.push_back(row.n_samples);
  }
  file.create_table("OBSIDS", {"OBSID", "N_SAMPLES"}, static_cast<std::int64_t>(observations.size()));
  file.write_column(1, obsids);
  file.write_column(2, n_samples);
  file.finish_hdu();
}

}  // namespace

void write_map_fits(const std::string& path, const ContinuumMap& map) {
  check_images(map);
  FitsWriter file(path);
  const auto images = float_images(map);
  for (const NamedImage& image : images) {
    write_image(file, map.wcs, image.name, image.unit, masked(image.values, map.mask));
    if (&image == &images.front()) write_settings(file, map);
    file.finish_hdu();
  }
  write_image(file, map.wcs, "MASK", "", map.mask);
  file.finish_hdu();
  write_observations(file, map.observations);
  file.finish();
}

}  // namespace comap
