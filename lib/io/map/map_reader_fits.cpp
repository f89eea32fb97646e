#include <fitsio.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <string_view>
#include <utility>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/memory.hpp"
#include "io/map/map_header.hpp"
#include "io/map/map_reader.hpp"
#include "io/map/product_config.hpp"

namespace comap {
namespace {

/// An open FITS file. Errors of CFITSIO become IoError naming the file.
class FitsReader {
 public:
  explicit FitsReader(const std::string& path) : path_(path) {
    fits_open_diskfile(&file_, path.c_str(), READONLY, &status_);
    check("cannot be opened as a FITS file");
  }
  FitsReader(const FitsReader&) = delete;
  FitsReader& operator=(const FitsReader&) = delete;
  ~FitsReader() {
    int ignored = 0;
    fits_close_file(file_, &ignored);
  }

  /// False when there is none of this name.
  bool go_to(const std::string& hdu) {
    std::string name = hdu;
    fits_movnam_hdu(file_, ANY_HDU, name.data(), 0, &status_);
    if (status_ != BAD_HDU_NUM) {
      check(fmt::format("cannot read HDU {}", hdu));
      return true;
    }
    status_ = 0;
    return false;
  }

  int n_axes() {
    int n = 0;
    fits_get_img_dim(file_, &n, &status_);
    check("is no image");
    return n;
  }

  std::array<std::int64_t, 2> image_size() {
    if (const int n_axes = this->n_axes(); n_axes != 2)
      throw IoError(fmt::format("{}: an image of {} axes; a map has two", path_, n_axes));
    std::array<long, 2> size{};
    fits_get_img_size(file_, 2, size.data(), &status_);
    check("cannot read the size of an image");
    return {size[0], size[1]};
  }

  template <typename T>
  std::vector<T> read_image(const std::string& name, std::array<std::int64_t, 2> size) {
    if (image_size() != size) {
      throw IoError(fmt::format("{}: the image {} has another size than the map", path_, name));
    }
    require_plausible(name, static_cast<double>(size[0]) * static_cast<double>(size[1]) * sizeof(T));
    std::vector<T> values(size[0] * size[1]);
    fits_read_img(file_, sizeof(T) == 1 ? TBYTE : TFLOAT, 1, std::ssize(values), nullptr, values.data(), nullptr,
                  &status_);
    check(fmt::format("cannot read the image {}", name));
    return values;
  }

  double number(const std::string& name) {
    double value = 0.0;
    fits_read_key(file_, TDOUBLE, name.c_str(), &value, nullptr, &status_);
    check(fmt::format("the header card {} is missing or no number", name));
    return value;
  }

  std::string text(const std::string& name) {
    char* value = nullptr;
    fits_read_key_longstr(file_, name.c_str(), &value, nullptr, &status_);
    std::string copy = value == nullptr ? "" : value;
    copy.erase(copy.find_last_not_of(' ') + 1);  // blanks at the end mean nothing in FITS
    int ignored = 0;
    fits_free_memory(value, &ignored);
    check(fmt::format("the header card {} is missing", name));
    return copy;
  }

  void read_cards(ContinuumMap& map) {
    int n_cards = 0;
    fits_get_hdrspace(file_, &n_cards, nullptr, &status_);
    check("cannot read the header");
    for (int number = 1; number <= n_cards; ++number) read_card(number, map);
  }

  bool has_column(const std::string& name) {
    int column = 0;
    std::string title = name;
    fits_get_colnum(file_, CASEINSEN, title.data(), &column, &status_);
    return std::exchange(status_, 0) == 0;
  }

  template <typename T>
  std::vector<T> read_column(const std::string& name) {
    constexpr int kType = sizeof(T) == 1 ? TBYTE : sizeof(T) == sizeof(float) ? TFLOAT : TLONGLONG;
    const auto [column, n_rows] = find_column(name);
    require_plausible(name, static_cast<double>(n_rows) * sizeof(T));
    std::vector<T> values(status_ == 0 ? n_rows : 0);
    if (!values.empty()) fits_read_col(file_, kType, column, 1, 1, n_rows, nullptr, values.data(), nullptr, &status_);
    check(fmt::format("cannot read the column {}; is it a map of comap_mpi?", name));
    return values;
  }

  /// Blanks at the end of a text mean nothing in FITS.
  std::vector<std::string> read_texts(const std::string& name) {
    const auto [column, n_rows] = find_column(name);
    int width = 0;
    fits_get_col_display_width(file_, column, &width, &status_);
    std::vector<std::string> texts;
    for (LONGLONG row = 1; row <= n_rows && status_ == 0; ++row) {
      std::string text(width + 1, '\0');
      char* begin = text.data();
      fits_read_col(file_, TSTRING, column, row, 1, 1, nullptr, &begin, nullptr, &status_);
      text.resize(text.find('\0'));
      text.erase(text.find_last_not_of(' ') + 1);
      texts.push_back(std::move(text));
    }
    check(fmt::format("cannot read the column {}", name));
    return texts;
  }

 private:
  struct Column {
    int number = 0;
    LONGLONG n_rows = 0;
  };

  Column find_column(const std::string& name) {
    Column column;
    std::string title = name;
    fits_get_num_rowsll(file_, &column.n_rows, &status_);
    fits_get_colnum(file_, CASEINSEN, title.data(), &column.number, &status_);
    return column;
  }

  /// Before memory is taken: a header may say anything.
  void require_plausible(const std::string& what, double bytes) const {
    constexpr double kMostCompressed = 1000.0;  // FITS of zeros in gzip
    std::error_code error;
    const auto stored = static_cast<double>(std::filesystem::file_size(path_, error));
    if (error || bytes <= std::min(kMostCompressed * stored, available_memory_bytes())) return;
    throw IoError(
        fmt::format("{}: {} would take {:.3g} GB by its header; the file has {:.3g} GB, and there are {:.3g} GB "
                    "of memory",
                    path_, what, bytes * 1e-9, stored * 1e-9, available_memory_bytes() * 1e-9));
  }

  void read_card(int number, ContinuumMap& map) {
    std::array<char, FLEN_KEYWORD> name{};
    std::array<char, FLEN_VALUE> value{};
    std::array<char, FLEN_COMMENT> comment{};
    fits_read_keyn(file_, number, name.data(), value.data(), comment.data(), &status_);
    check("cannot read the header");
    if (std::string_view(name.data()) == "HISTORY") map.history.emplace_back(comment.data());
    if (!tells_how(name.data()) || value[0] == '\0') return;
    map.cards.push_back({name.data(), value_of(name.data(), value.data()), comment.data()});
  }

  decltype(HeaderCard::value) value_of(const std::string& name, const char* value) {
    char type = 'C';
    fits_get_keytype(value, &type, &status_);
    check(fmt::format("cannot read the header card {}", name));
    if (type == 'C') return text(name);
    if (type == 'L') return value[0] == 'T';
    if (type == 'F') return number(name);
    LONGLONG integer = 0;
    fits_read_key(file_, TLONGLONG, name.c_str(), &integer, nullptr, &status_);
    check(fmt::format("cannot read the header card {}", name));
    return std::int64_t{integer};
  }

  void check(const std::string& what) const {
    if (status_ == 0) return;
    std::array<char, FLEN_STATUS> words{};
    fits_get_errstatus(status_, words.data());
    throw IoError(fmt::format("{}: {}: {} (CFITSIO {})", path_, what, words.data(), status_));
  }

  std::string path_;
  fitsfile* file_ = nullptr;
  int status_ = 0;
};

template <typename T>
std::vector<T> read_named(FitsReader& file, const std::string& path, const std::string& name,
                          const WcsDefinition& wcs) {
  if (!file.go_to(name)) throw IoError(fmt::format("{}: no image {}; is it a map of comap_mpi?", path, name));
  return file.read_image<T>(name, wcs.naxis);
}

void read_images(FitsReader& file, const std::string& path, std::span<const MapImage> kinds, ContinuumMap& map) {
  const auto naxis = file.image_size();
  map.wcs = wcs_of_cards(file);
  map.wcs.naxis = naxis;
  map.images.push_back({kinds.front(), file.read_image<float>("of the destriped map", map.wcs.naxis)});
  for (std::size_t k = 1; k < kinds.size(); ++k) {
    const std::string name(kinds[k].name);
    if (k < kFirstImages || file.go_to(name)) {
      map.images.push_back({kinds[k], read_named<float>(file, path, name, map.wcs)});
    }
  }
  map.mask = read_named<std::uint8_t>(file, path, "MASK", map.wcs);
}

/// Keeps those pixels of a full sky that have a value.
void keep_seen(ContinuumMap& map) {
  for (std::int64_t i = 0; i < std::ssize(map.destriped_K()); ++i) {
    if (map.destriped_K()[i] != kUnseen) map.pixel.push_back(i);
  }
  for (ImageValues& image : map.images) {
    std::ranges::transform(map.pixel, image.values.begin(), [&](std::int64_t i) { return image.values[i]; });
    image.values.resize(map.pixel.size());
  }
}

void read_values(FitsReader& file, std::span<const MapImage> kinds, ContinuumMap& map) {
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const std::string name(kinds[k].name);
    if (k < kFirstImages || file.has_column(name)) map.images.push_back({kinds[k], file.read_column<float>(name)});
  }
  if (file.has_column("PIXEL")) {
    map.pixel = file.read_column<std::int64_t>("PIXEL");
  } else {
    keep_seen(map);
  }
}

/// Puts the pixels of the table MASKED, which have no value, among the others.
void add_masked_pixels(FitsReader& file, ContinuumMap& map) {
  std::map<std::int64_t, std::uint8_t> masked;
  if (file.go_to("MASKED")) {
    const auto pixel = file.read_column<std::int64_t>("PIXEL");
    const auto bits = file.read_column<std::uint8_t>("MASK");
    for (std::size_t i = 0; i < pixel.size(); ++i) masked[pixel[i]] = bits[i];
  }
  const std::vector<std::int64_t> pixel = std::exchange(map.pixel, {});
  const std::vector<ImageValues> images = std::exchange(map.images, map.empty_images());
  const auto add = [&](std::int64_t number, std::uint8_t mask, const auto& value_of) {
    map.pixel.push_back(number);
    map.mask.push_back(mask);
    for (std::size_t k = 0; k < images.size(); ++k) map.images[k].values.push_back(value_of(images[k].values));
  };
  const auto nothing = [](const std::vector<float>&) { return kFloatNan; };
  auto next = masked.begin();
  for (std::size_t i = 0; i < pixel.size(); ++i) {
    for (; next != masked.end() && next->first < pixel[i]; ++next) add(next->first, next->second, nothing);
    add(pixel[i], 0, [i](const std::vector<float>& image) { return image[i]; });
  }
  for (; next != masked.end(); ++next) add(next->first, next->second, nothing);
}

void read_healpix_table(FitsReader& file, const std::string& path, std::span<const MapImage> kinds, ContinuumMap& map) {
  if (!file.go_to("HEALPIX")) {
    throw IoError(fmt::format("{}: neither an image nor a table HEALPIX; is it a map of comap_mpi?", path));
  }
  map.healpix = healpix_of_cards(path, file.number("NSIDE"), file.text("ORDERING"), file.text("COORDSYS"));
  read_values(file, kinds, map);
  if (!file.has_column("MASK")) return add_masked_pixels(file, map);
  map.mask = file.read_column<std::uint8_t>("MASK");  // of versions before 0.3
}

std::string read_config(FitsReader& file) {
  std::string text;
  if (!file.go_to("CONFIG")) return text;
  for (const std::string& line : file.read_texts("LINE")) text += line + "\n";
  return text;
}

}  // namespace

std::string config_of_fits(const std::string& path) {
  FitsReader file(path);
  return read_config(file);
}

ContinuumMap read_map_fits(const std::string& path, std::span<const MapImage> kinds) {
  FitsReader file(path);
  ContinuumMap map;
  map.images.clear();
  file.read_cards(map);
  if (file.n_axes() == 0) {
    read_healpix_table(file, path, kinds, map);
  } else {
    read_images(file, path, kinds, map);
  }
  map.config_text = read_config(file);
  if (!file.go_to("OBSIDS")) return map;
  const auto obsids = file.read_column<std::int64_t>("OBSID"), n_samples = file.read_column<std::int64_t>("N_SAMPLES");
  for (std::size_t i = 0; i < obsids.size(); ++i) map.observations.push_back({obsids[i], n_samples[i]});
  return map;
}

}  // namespace comap
