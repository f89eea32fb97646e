#include <fmt/core.h>

#include "io/fits_writer.hpp"
#include "io/map_file.hpp"
#include "io/map_images.hpp"

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
  const auto images = float_images(map);
  for (const NamedImage& image : images) {
    write_image(file, map.wcs, image.name, image.unit, masked(image.values, map.mask));
    if (&image == &images.front()) write_settings(file, map.cards, map.history);
    file.finish_hdu();
  }
  write_image(file, map.wcs, "MASK", "", map.mask);
  file.finish_hdu();
}

void write_healpix_table(FitsWriter& file, const ContinuumMap& map) {
  file.create_image(BYTE_IMG, {});
  write_settings(file, map.cards, map.history);
  file.finish_hdu();
  const auto images = float_images(map);
  std::vector<TableColumn> columns = {{"PIXEL", "1K", ""}};
  for (const NamedImage& image : images) columns.push_back({std::string(image.name), "1E", std::string(image.unit)});
  columns.push_back({"MASK", "1B", ""});
  file.create_table("HEALPIX", columns, std::ssize(map.pixel));
  for (const HeaderCard& card : healpix_cards(*map.healpix, std::ssize(map.pixel))) file.write_card(card);
  int column = 0;
  file.write_column(++column, map.pixel);
  for (const NamedImage& image : images) file.write_column(++column, masked(image.values, map.mask));
  file.write_column(++column, map.mask);
  file.finish_hdu();
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

void write_map_fits(const std::string& path, const ContinuumMap& map) {
  check_images(map);
  FitsWriter file(path);
  if (map.healpix) {
    write_healpix_table(file, map);
  } else {
    write_images(file, map);
  }
  write_observations(file, map.observations);
  write_cuts(file, map.cuts);
  file.finish();
}

}  // namespace comap
