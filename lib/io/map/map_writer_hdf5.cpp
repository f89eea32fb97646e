#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <optional>
#include <span>

#include "core/error.hpp"
#include "core/final_name.hpp"
#include "core/rank_zero.hpp"
#include "core/text.hpp"
#include "io/hdf5/h5.hpp"
#include "io/map/map_header.hpp"
#include "io/map/map_writer.hpp"
#include "io/map/product_config.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

/// The shape of the images, and which rows each rank writes.
class Rows {
 public:
  Rows(const ContinuumMap& map, const Communicator& ranks) : n_ranks_(ranks.size()), rank_(ranks.rank()) {
    if (map.healpix) {
      n_rows_ = ranks.sum(rank_ == 0 ? std::ssize(map.pixel) : std::int64_t{0});
    } else {
      n_rows_ = map.wcs.naxis[1];
      n_columns_ = map.wcs.naxis[0];
    }
    is_list_ = map.healpix.has_value();
  }

  std::int64_t n_rows() const { return n_rows_; }
  std::int64_t n_columns() const { return n_columns_; }
  std::int64_t begin(int rank) const {
    return n_rows_ / n_ranks_ * rank + std::min<std::int64_t>(rank, n_rows_ % n_ranks_);
  }
  std::int64_t begin() const { return begin(rank_); }
  std::int64_t end() const { return begin(rank_ + 1); }
  /// The share of the rank with most.
  std::int64_t most() const { return begin(1); }
  h5::Extent extent() const { return shape(n_rows_); }
  h5::Slab slab(std::int64_t first, std::int64_t n) const {
    h5::Slab slab{h5::Extent(extent().size(), 0), shape(n)};
    slab.start[0] = first;
    return slab;
  }

 private:
  h5::Extent shape(std::int64_t n) const {
    if (is_list_) return {static_cast<std::uint64_t>(n)};
    return {static_cast<std::uint64_t>(n), static_cast<std::uint64_t>(n_columns_)};
  }

  int n_ranks_, rank_;
  std::int64_t n_rows_ = 0, n_columns_ = 1;
  bool is_list_ = false;
};

/// The rows of this rank of an array that rank 0 has.
template <typename T>
std::vector<T> scattered(const std::vector<T>& whole, const Rows& rows, const Communicator& ranks) {
  std::vector<Bytes> to(ranks.size());
  for (int rank = 0; rank < ranks.size() && ranks.rank() == 0; ++rank) {
    to[rank] = pack(std::vector<T>(whole.begin() + rows.begin(rank) * rows.n_columns(),
                                   whole.begin() + rows.begin(rank + 1) * rows.n_columns()));
  }
  return unpack<std::vector<T>>(ranks.all_to_all(to).front());
}

template <typename T>
constexpr h5::StoredType kStored = std::is_same_v<T, float>          ? h5::StoredType::float32
                                   : std::is_same_v<T, std::uint8_t> ? h5::StoredType::uint8
                                                                     : h5::StoredType::int64;

/// A map file in the making; gone unless finish() was reached. All functions are collective.
class MapWriter {
 public:
  MapWriter(const std::string& path, const TeamFiles& files, const Communicator& ranks, std::int64_t max_write_bytes)
      : path_(path), ranks_(ranks), max_write_bytes_(max_write_bytes) {
    run_on_rank_zero(ranks_, [&] {
      if (const auto folder = fs::path(path).parent_path(); !folder.empty()) fs::create_directories(folder);
      partial_.emplace(path);
    });
    const std::string name = share(ranks_, partial_ ? partial_->name() : std::string());
    run_collective(ranks_, path_, [&] { file_.emplace(files.create(name)); });
  }
  MapWriter(const MapWriter&) = delete;
  MapWriter& operator=(const MapWriter&) = delete;

  void write_cards(const std::vector<HeaderCard>& cards) {
    run_collective(ranks_, path_, [&] {
      for (const HeaderCard& card : cards) write_card(card);
    });
  }

  /// An array of which rank 0 has all, divided by rows.
  template <typename T>
  void write_rows(const std::string& name, std::string_view unit, const std::vector<T>& whole, const Rows& rows) {
    const std::vector<T> mine = scattered(whole, rows, ranks_);
    const std::int64_t row_bytes = rows.n_columns() * sizeof(T);
    const std::int64_t n_at_once = std::max<std::int64_t>(max_write_bytes_ / row_bytes, 1);
    run_collective(ranks_, path_, [&] {
      const h5::Dataset dataset = create<T>(name, rows.extent(), unit);
      for (std::int64_t first = 0; first < rows.most(); first += n_at_once) {
        const std::int64_t n = std::clamp<std::int64_t>(rows.end() - rows.begin() - first, 0, n_at_once);
        write_slab<T>(dataset, rows.slab(rows.begin() + first, n),
                      std::span(mine).subspan(std::min(first, rows.end() - rows.begin()) * rows.n_columns(),
                                              n * rows.n_columns()));
      }
    });
  }

  /// A small array that every rank has.
  void write_list(const std::string& name, const std::vector<std::int64_t>& values) {
    run_collective(ranks_, path_, [&] {
      const h5::Extent extent = {values.size()};
      const h5::Dataset dataset = create<std::int64_t>(name, extent, "");
      const bool mine = ranks_.rank() == 0;
      write_slab<std::int64_t>(dataset, mine ? h5::Slab::all(extent) : h5::Slab::none(1),
                               mine ? std::span(values) : std::span<const std::int64_t>());
    });
  }

  /// Texts that every rank has.
  void write_texts(const std::string& name, const std::vector<std::string>& values) {
    run_collective(ranks_, path_, [&] { file_->write_strings(name, values); });
  }

  void finish() {
    run_collective(ranks_, path_, [&] { file_->close(); });
    file_.reset();
    run_on_rank_zero(ranks_, [&] { partial_->publish(); });
  }

 private:
  template <typename T>
  h5::Dataset create(const std::string& name, const h5::Extent& extent, std::string_view unit) {
    h5::DatasetSpec spec;
    spec.type = kStored<T>;
    spec.extent = extent;
    spec.unit = unit;
    return file_->create_dataset(name, spec);
  }

  template <typename T>
  static void write_slab(const h5::Dataset& dataset, const h5::Slab& slab, std::span<const T> values) {
    if (values.empty()) {
      dataset.write_nothing();
    } else {
      dataset.write(slab, values);
    }
  }

  void write_card(const HeaderCard& card) {
    if (const auto* number = std::get_if<std::int64_t>(&card.value)) file_->write_attribute("/", card.name, *number);
    if (const auto* text = std::get_if<std::string>(&card.value)) file_->write_attribute("/", card.name, *text);
    if (const auto* flag = std::get_if<bool>(&card.value)) {
      file_->write_attribute("/", card.name, std::int64_t{*flag});
    }
    const auto* value = std::get_if<double>(&card.value);
    if (value != nullptr && std::isfinite(*value)) file_->write_attribute("/", card.name, *value);
  }

  std::string path_;
  std::optional<PartialFile> partial_;  ///< on rank 0
  const Communicator& ranks_;
  std::int64_t max_write_bytes_;
  std::optional<h5::File> file_;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

/// All of a file besides its images, on all ranks: attributes are written by all ranks alike or not at all.
struct Description {
  std::vector<HeaderCard> cards;
  std::string history, config_text;
  std::vector<ObservationRow> observations;
  std::vector<std::vector<std::int64_t>> cut_columns;
  std::vector<std::string> cut_reasons;

  static auto members(auto& x) {
    return std::tie(x.cards, x.history, x.config_text, x.observations, x.cut_columns, x.cut_reasons);
  }
};

Description describe(const ContinuumMap& map) {
  Description description{map.cards, joined(map.history), map.config_text, map.observations, {}, {}};
  description.cut_columns.resize(kCutColumns.size());
  for (const CutRow& row : map.cuts) {
    const auto numbers = numbers_of(row);
    for (std::size_t i = 0; i < numbers.size(); ++i) description.cut_columns[i].push_back(numbers[i]);
    description.cut_reasons.emplace_back(row.reason);
  }
  return description;
}

void write_header(MapWriter& file, const ContinuumMap& map, const Description& description, const Rows& rows,
                  const Communicator& ranks) {
  if (map.healpix) {
    file.write_cards(healpix_cards(*map.healpix, rows.n_rows()));
  } else {
    file.write_cards({{"NAXIS1", rows.n_columns(), ""}, {"NAXIS2", rows.n_rows(), ""}});
    file.write_cards(celestial_cards(map.wcs));
  }
  file.write_cards(origin_cards());
  file.write_cards(description.cards);
  const std::string now = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(std::time(nullptr)));
  file.write_cards({{"DATE", share(ranks, now), ""}, {"HISTORY", description.history, ""}});
  file.write_cards({{std::string(kConfigAttribute), description.config_text, ""}});
}

void write_observations(MapWriter& file, const std::vector<ObservationRow>& observations) {
  std::vector<std::int64_t> obsids, n_samples;
  for (const ObservationRow& row : observations) {
    obsids.push_back(row.obsid);
    n_samples.push_back(row.n_samples);
  }
  file.write_list("observations/obsid", obsids);
  file.write_list("observations/n_samples", n_samples);
}

void write_cuts(MapWriter& file, const Description& description) {
  for (std::size_t i = 0; i < kCutColumns.size(); ++i) {
    file.write_list("cuts/" + lower(kCutColumns[i]), description.cut_columns[i]);
  }
  file.write_texts("cuts/reason", description.cut_reasons);
}

}  // namespace

void write_map_hdf5(const std::string& path, const ContinuumMap& map, const TeamFiles& files, const Communicator& ranks,
                    std::int64_t max_write_bytes) {
  run_on_rank_zero(ranks, [&] { check_images(map); });
  const Rows rows(map, ranks);
  const auto description = from_rank_zero(ranks, [&] { return describe(map); });
  MapWriter file(path, files, ranks, max_write_bytes);
  write_header(file, map, description, rows, ranks);
  if (map.healpix) file.write_rows("pixel", "", map.pixel, rows);
  for (const ImageValues& image : map.images) {
    file.write_rows(lower(image.name), image.unit,
                    ranks.rank() == 0 ? masked(image.values, map.mask) : std::vector<float>(), rows);
  }
  file.write_rows("mask", "", map.mask, rows);
  write_observations(file, description.observations);
  write_cuts(file, description);
  file.finish();
}

}  // namespace comap
