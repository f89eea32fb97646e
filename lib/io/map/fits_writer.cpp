#include "io/map/fits_writer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <utility>

#include "core/error.hpp"
#include "io/map/map_header.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

constexpr int kSignificantDigits = -15;   // negative: digits of %G in CFITSIO
constexpr std::size_t kShortString = 68;  // characters of a string value that fit on one card

std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

const std::string& with_directory(const std::string& path) {
  std::error_code ignored;
  if (const auto folder = fs::path(path).parent_path(); !folder.empty()) fs::create_directories(folder, ignored);
  return path;
}

}  // namespace

FitsWriter::FitsWriter(const std::string& path) : partial_(with_directory(path)) {
  try {
    create();
  } catch (const IoError&) {
    close_unfinished();
    throw;
  }
}

/// CFITSIO only writes to what it has created, and through a link, if there is one: it creates the file in a directory
/// of our own.
void FitsWriter::create() {
  std::string folder = partial_.name() + ".XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) {
    throw IoError(fmt::format("{}: cannot make the directory {}: {}", partial_.path(), folder, std::strerror(errno)));
  }
  const std::string created = folder + "/file";
  fits_create_diskfile(&file_, created.c_str(), &status_);
  std::error_code ignored;
  try {
    check("cannot create the file");
    partial_.adopt(created);
  } catch (const IoError&) {
    fs::remove_all(folder, ignored);
    throw;
  }
  fs::remove(folder, ignored);
}

FitsWriter::~FitsWriter() { close_unfinished(); }

void FitsWriter::close_unfinished() {
  if (file_ == nullptr) return;
  int ignored_status = 0;
  fits_close_file(file_, &ignored_status);
}

void FitsWriter::create_image(int bits_per_pixel, std::span<const std::int64_t> sizes) {
  std::vector<LONGLONG> lengths(sizes.begin(), sizes.end());
  fits_create_imgll(file_, bits_per_pixel, static_cast<int>(lengths.size()), lengths.data(), &status_);
  check("cannot create an image");
}

template <typename T>
void FitsWriter::write_pixels(int type, std::span<const T> values, std::int64_t first) {
  auto* data = const_cast<T*>(values.data());  // CFITSIO only reads it
  fits_write_img(file_, type, first + 1, std::ssize(values), data, &status_);
  check("cannot write an image");
}
template void FitsWriter::write_pixels(int, std::span<const float>, std::int64_t);
template void FitsWriter::write_pixels(int, std::span<const std::uint8_t>, std::int64_t);

void FitsWriter::create_table(const std::string& name, std::vector<TableColumn> columns, std::int64_t n_rows) {
  std::vector<char*> names, formats, units;
  for (TableColumn& column : columns) {
    names.push_back(column.name.data());
    formats.push_back(column.format.data());
    units.push_back(column.unit.data());
  }
  fits_create_tbl(file_, BINARY_TBL, n_rows, static_cast<int>(columns.size()), names.data(), formats.data(),
                  units.data(), name.c_str(), &status_);
  check("cannot create a table");
}

template <typename T>
void FitsWriter::write_values(int type, int column, std::vector<T>& values, std::int64_t first_row) {
  if (values.empty()) return;
  fits_write_col(file_, type, column, first_row + 1, 1, std::ssize(values), values.data(), &status_);
  check("cannot write a table column");
}
static_assert(sizeof(LONGLONG) == sizeof(std::int64_t));
template void FitsWriter::write_values(int, int, std::vector<std::int64_t>&, std::int64_t);
template void FitsWriter::write_values(int, int, std::vector<float>&, std::int64_t);
template void FitsWriter::write_values(int, int, std::vector<std::uint8_t>&, std::int64_t);

void FitsWriter::write_column(int number, std::vector<std::string> values) {
  if (values.empty()) return;
  std::vector<char*> texts;
  for (std::string& value : values) texts.push_back(value.data());
  fits_write_col(file_, TSTRING, number, 1, 1, std::ssize(texts), texts.data(), &status_);
  check("cannot write a table column");
}

void FitsWriter::write_card(const HeaderCard& card) {
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

void FitsWriter::write_history(const std::string& line) {
  // CFITSIO writes no card for an empty text, and some readers take "= " behind a keyword for the mark of a value.
  std::string text = printable(line);
  if (text.empty() || text.front() == '=') text.insert(text.begin(), ' ');
  fits_write_history(file_, text.c_str(), &status_);
  check("cannot write HISTORY");
}

void FitsWriter::finish_hdu() {
  fits_write_date(file_, &status_);
  fits_write_chksum(file_, &status_);
  check("cannot write a checksum");
}

bool FitsWriter::finish() {
  fitsfile* file = std::exchange(file_, nullptr);
  fits_close_file(file, &status_);
  check("cannot finish the file");
  return partial_.publish();
}

void FitsWriter::check(const std::string& what) {
  if (status_ == 0) return;
  char text[FLEN_STATUS] = {};
  fits_get_errstatus(status_, text);
  throw IoError(fmt::format("{}: {}: {} (CFITSIO {}); is the disk full or the directory not writable?", partial_.path(),
                            what, text, status_));
}

void write_celestial_axes(FitsWriter& file, const WcsDefinition& wcs) {
  for (const HeaderCard& card : celestial_cards(wcs)) file.write_card(card);
}

void write_settings(FitsWriter& file, const std::vector<HeaderCard>& cards, const std::vector<std::string>& history) {
  for (const HeaderCard& card : origin_cards()) file.write_card(card);
  for (const HeaderCard& card : cards) file.write_card(card);
  for (const std::string& line : history) file.write_history(line);
}

void write_observations(FitsWriter& file, const std::vector<ObservationRow>& observations) {
  std::vector<std::int64_t> obsids, n_samples;
  for (const ObservationRow& row : observations) {
    obsids.push_back(row.obsid);
    n_samples.push_back(row.n_samples);
  }
  file.create_table("OBSIDS", {{"OBSID", "1K", ""}, {"N_SAMPLES", "1K", ""}}, std::ssize(observations));
  file.write_column(1, obsids);
  file.write_column(2, n_samples);
  file.finish_hdu();
}

void write_config(FitsWriter& file, const std::string& config_text) {
  std::vector<std::string> lines;
  std::size_t width = 1;
  std::istringstream stream(config_text);
  for (std::string line; std::getline(stream, line); lines.push_back(line)) width = std::max(width, line.size());
  file.create_table("CONFIG", {{"LINE", fmt::format("{}A", width), ""}}, std::ssize(lines));
  file.write_column(1, lines);
  file.finish_hdu();
}

}  // namespace comap
