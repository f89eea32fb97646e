#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "io/map/fits_writer.hpp"
#include "io/map/map_header.hpp"
#include "io/map/map_writer.hpp"

namespace comap {
namespace {

template <typename T>
void write_image(FitsWriter& file, const WcsDefinition& wcs, std::string_view name, std::string_view unit,
                 const std::vector<T>& values) {
  file.create_image(sizeof(T) == 1 ? BYTE_IMG : FLOAT_IMG, wcs.naxis);
  file.write_card({"EXTNAME", std::string(name), "name of this image"});
  write_celestial_axes(file, wcs);
  if (!unit.empty()) file.write_card({"BUNIT", std::string(unit), "Rayleigh-Jeans"});
  write_range(file, values);
  file.write_pixels(values);
}

void write_images(FitsWriter& file, const ContinuumMap& map) {
  for (const ImageValues& image : map.images) {
    write_image(file, map.wcs, image.name, image.unit, masked(image.values, map.mask));
    if (&image == &map.images.front()) write_settings(file, map.cards, map.history);
    file.finish_hdu();
  }
  write_image(file, map.wcs, "MASK", "", map.mask);
  file.finish_hdu();
}

/// A HEALPix map with pixels that have a value, and no others.
ContinuumMap with_values_alone(const ContinuumMap& map) {
  ContinuumMap part;
  part.healpix = map.healpix;
  part.images = map.empty_images();
  for (std::size_t i = 0; i < map.pixel.size(); ++i) {
    if (map.mask[i] != 0) continue;
    part.pixel.push_back(map.pixel[i]);
    for (std::size_t k = 0; k < map.images.size(); ++k) part.images[k].values.push_back(map.images[k].values[i]);
  }
  return part;
}

/// Column by column, some rows at a time, so that the whole sky is never in memory.
void write_full_sky(FitsWriter& file, const ContinuumMap& part, std::int64_t n_pixels) {
  constexpr std::int64_t kRows = 1 << 20;
  std::size_t next = 0;
  for (std::int64_t first = 0; first < n_pixels; first += kRows) {
    const std::int64_t end = std::min(first + kRows, n_pixels);
    const std::size_t last = std::ranges::lower_bound(part.pixel, end) - part.pixel.begin();
    int column = 0;
    for (const ImageValues& image : part.images) {
      std::vector<float> values(end - first, kUnseen);
      for (std::size_t i = next; i < last; ++i) values[part.pixel[i] - first] = image.values[i];
      file.write_column(++column, std::move(values), first);
    }
    next = last;
  }
}

/// All columns are floating point: readers fill what is not there with UNSEEN, which is no value of another type.
void write_healpix_values(FitsWriter& file, const ContinuumMap& map, HealpixRows rows) {
  const ContinuumMap part = with_values_alone(map);
  const bool all = rows == HealpixRows::full_sky;
  const std::int64_t n_pixels = 12 * std::int64_t{map.healpix->nside} * map.healpix->nside;
  std::vector<TableColumn> columns;
  if (!all) columns.push_back({"PIXEL", "1K", ""});
  for (const ImageValues& image : part.images)
    columns.push_back({std::string(image.name), "1E", std::string(image.unit)});
  file.create_table("HEALPIX", columns, all ? n_pixels : std::ssize(part.pixel));
  for (const HeaderCard& card : healpix_cards(*map.healpix, std::ssize(part.pixel), rows)) file.write_card(card);
  if (all) {
    write_full_sky(file, part, n_pixels);
  } else {
    int column = 0;
    file.write_column(++column, part.pixel);
    for (const ImageValues& image : part.images) file.write_column(++column, image.values);
  }
  file.finish_hdu();
}

/// Hit pixels without a value, and why.
void write_masked_pixels(FitsWriter& file, const ContinuumMap& map) {
  std::vector<std::int64_t> pixel;
  std::vector<std::uint8_t> mask;
  for (std::size_t i = 0; i < map.pixel.size(); ++i) {
    if (map.mask[i] == 0) continue;
    pixel.push_back(map.pixel[i]);
    mask.push_back(map.mask[i]);
  }
  file.create_table("MASKED", {{"PIXEL", "1K", ""}, {"MASK", "1B", ""}}, std::ssize(pixel));
  file.write_column(1, std::move(pixel));
  file.write_column(2, std::move(mask));
  file.finish_hdu();
}

void write_healpix_tables(FitsWriter& file, const ContinuumMap& map, HealpixRows rows) {
  file.create_image(BYTE_IMG, {});
  write_settings(file, map.cards, map.history);
  file.finish_hdu();
  write_healpix_values(file, map, rows);
  write_masked_pixels(file, map);
}

void write_cuts(FitsWriter& file, const std::vector<CutRow>& cuts) {
  std::size_t text_width = 1;
  std::vector<std::string> reasons;
  for (const CutRow& row : cuts) {
    reasons.emplace_back(row.reason);
    text_width = std::max(text_width, row.reason.size());
  }
  std::vector<TableColumn> columns;
  for (const std::string_view name : kCutColumns) columns.push_back({std::string(name), "1K", ""});
  columns.push_back({"REASON", fmt::format("{}A", text_width), ""});
  file.create_table("CUTS", std::move(columns), std::ssize(cuts));
  int number = 0;
  for (std::size_t i = 0; i < kCutColumns.size(); ++i) {
    std::vector<std::int64_t> values;
    for (const CutRow& row : cuts) values.push_back(numbers_of(row)[i]);
    file.write_column(++number, std::move(values));
  }
  file.write_column(++number, reasons);
  file.finish_hdu();
}

}  // namespace

void write_map_fits(const std::string& path, const ContinuumMap& map, HealpixRows rows) {
  check_images(map);
  FitsWriter file(path);
  if (map.healpix) {
    write_healpix_tables(file, map, rows);
  } else {
    write_images(file, map);
  }
  write_observations(file, map.observations);
  write_cuts(file, map.cuts);
  write_config(file, map.config_text);
  file.finish();
}

}  // namespace comap
