#include "io/map_reader.hpp"

#include <fitsio.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "core/error.hpp"

namespace comap {
namespace {

/// Cards of the WCS, of FITS and of the file; everything else tells how the map was made.
constexpr auto kOtherCards = std::to_array<std::string_view>(
    {"SIMPLE", "BITPIX", "EXTEND", "DATE", "CHECKSUM", "DATASUM", "EXTNAME", "BUNIT", "DATAMIN", "DATAMAX", "ORIGIN",
     "TELESCOP", "RADESYS", "LONGSTRN", "CONTINUE", "COMMENT", "HISTORY", "END", ""});
constexpr auto kOtherPrefixes =
    std::to_array<std::string_view>({"NAXIS", "CTYPE", "CRPIX", "CRVAL", "CDELT", "CUNIT", "LONPOLE", "LATPOLE"});

bool tells_how(std::string_view name) {
  return std::ranges::find(kOtherCards, name) == kOtherCards.end() &&
         std::ranges::none_of(kOtherPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

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

  std::array<std::int64_t, 2> image_size() {
    int n_axes = 0;
    fits_get_img_dim(file_, &n_axes, &status_);
    check("is no image");
    if (n_axes == 0) throw IoError(fmt::format("{}: no image; maps on HEALPix grids cannot be read", path_));
    if (n_axes != 2) throw IoError(fmt::format("{}: an image of {} axes; a map has two", path_, n_axes));
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
    std::vector<T> values(static_cast<std::size_t>(size[0] * size[1]));
    fits_read_img(file_, sizeof(T) == 1 ? TBYTE : TFLOAT, 1, static_cast<LONGLONG>(values.size()), nullptr,
                  values.data(), nullptr, &status_);
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

  std::vector<std::int64_t> read_column(const std::string& name) {
    LONGLONG n_rows = 0;
    int column = 0;
    std::string title = name;
    fits_get_num_rowsll(file_, &n_rows, &status_);
    fits_get_colnum(file_, CASEINSEN, title.data(), &column, &status_);
    std::vector<std::int64_t> values(static_cast<std::size_t>(status_ == 0 ? n_rows : 0));
    if (!values.empty())
      fits_read_col(file_, TLONGLONG, column, 1, 1, n_rows, nullptr, values.data(), nullptr, &status_);
    check(fmt::format("cannot read the column {} of OBSIDS", name));
    return values;
  }

 private:
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

WcsDefinition read_wcs(FitsReader& file) {
  WcsDefinition wcs;
  wcs.naxis = file.image_size();
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::string number = std::to_string(axis + 1);
    wcs.ctype[axis] = file.text("CTYPE" + number);
    wcs.crpix[axis] = file.number("CRPIX" + number);
    wcs.crval_deg[axis] = file.number("CRVAL" + number);
    wcs.cdelt_deg[axis] = file.number("CDELT" + number);
  }
  return wcs;
}

template <typename T>
std::vector<T> read_named(FitsReader& file, const std::string& path, const std::string& name,
                          const WcsDefinition& wcs) {
  if (!file.go_to(name)) throw IoError(fmt::format("{}: no image {}; is it a map of comap_mpi?", path, name));
  return file.read_image<T>(name, wcs.naxis);
}

}  // namespace

ContinuumMap read_map_fits(const std::string& path) {
  FitsReader file(path);
  ContinuumMap map;
  map.wcs = read_wcs(file);
  map.destriped_K = file.read_image<float>("of the destriped map", map.wcs.naxis);
  file.read_cards(map);
  map.naive_K = read_named<float>(file, path, "NAIVE", map.wcs);
  map.hits = read_named<float>(file, path, "HITS", map.wcs);
  map.rms_K = read_named<float>(file, path, "RMS", map.wcs);
  map.mask = read_named<std::uint8_t>(file, path, "MASK", map.wcs);
  if (!file.go_to("OBSIDS")) return map;
  const std::vector<std::int64_t> obsids = file.read_column("OBSID"), n_samples = file.read_column("N_SAMPLES");
  for (std::size_t i = 0; i < obsids.size(); ++i) map.observations.push_back({obsids[i], n_samples[i]});
  return map;
}

const HeaderCard* find_card(const ContinuumMap& map, const std::string& name) {
  const auto found = std::ranges::find(map.cards, name, &HeaderCard::name);
  return found == map.cards.end() ? nullptr : &*found;
}

std::string card_text(const HeaderCard& card) {
  if (const auto* text = std::get_if<std::string>(&card.value)) return *text;
  if (const auto* flag = std::get_if<bool>(&card.value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&card.value)) return fmt::format("{}", *integer);
  return fmt::format("{:.15g}", std::get<double>(card.value));
}

}  // namespace comap
