#include "level2/level2_writer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/message.hpp"
#include "io/level2/dataset_attributes.hpp"
#include "level2/feed_slab.hpp"
#include "level2/provenance.hpp"

namespace comap {
namespace {

using level2::FeedAxis;

/// Room for HDF5's metadata and the copied Level-1 datasets.
constexpr double kRoomFactor = 1.2;
constexpr double kRoomForMetadata_bytes = 32e6;

std::uint64_t element_bytes(h5::StoredType type) {
  switch (type) {
    case h5::StoredType::int8:
    case h5::StoredType::uint8:
      return 1;
    case h5::StoredType::int32:
    case h5::StoredType::float32:
      return 4;
    case h5::StoredType::int64:
    case h5::StoredType::float64:
      return 8;
  }
  throw Bug("unknown stored type");
}

/// One time stream, or else one feed, is one chunk; what is not of feeds is contiguous.
h5::Extent chunk_of(const level2::Dataset& dataset, const h5::Extent& extent) {
  const FeedAxis of_feeds = dataset.feed_axis();
  if (of_feeds == FeedAxis::none) return {};
  h5::Extent chunk = extent;
  const std::size_t n_single = of_feeds == FeedAxis::file_row                  ? 2
                               : dataset.axes().back() == level2::Axis::sample ? chunk.size() - 1
                                                                               : 1;
  std::fill_n(chunk.begin(), n_single, 1);
  return chunk;
}

void write_product(h5::File& file, std::string_view path, const h5::Slab& slab, const ProductTable::Product* product) {
  const h5::Dataset dataset = file.open(path);
  if (product == nullptr) {
    dataset.write_nothing();
    return;
  }
  std::visit([&](const auto& values) { dataset.write(slab, std::span(values)); }, product->values);
}

/// The shape of what one feed, or the observation, writes into `extent`.
std::vector<Index> part_shape(const level2::Dataset& dataset, const level2::AxisLengths& lengths) {
  std::vector<Index> shape = dataset.shape(lengths);
  const auto axis = std::ranges::find_if(dataset.axes(), level2::is_feed_axis);
  if (axis != dataset.axes().end()) shape.erase(shape.begin() + (axis - dataset.axes().begin()));
  return shape;
}

}  // namespace

Level2Writer::Level2Writer(const std::string& path, const ObservationContext& observation, DatasetList datasets,
                           const std::optional<EarlierFile>& earlier, const IoConfig& io, const Communicator& team,
                           const TeamFiles& files)
    : path_(path), lengths_(axis_lengths(observation)), io_(io), team_(team) {
  // Each once: stages may replace what an earlier one made.
  for (const level2::Dataset* dataset : datasets) {
    if (std::ranges::find(datasets_, dataset) == datasets_.end()) datasets_.push_back(dataset);
  }
  team_.run_agreed("create the Level-2 file", [&] {
    if (team_.rank() == 0) start_on_disk(earlier);
  });
  open(earlier, files);
  declare();
  // On a full disk a collective write would not come back on some ranks, whatever the MPI.
  team_.run_agreed("reserve room", [&] {
    if (partial_) partial_->reserve(static_cast<std::uint64_t>(needed_bytes()));
  });
}

void Level2Writer::start_on_disk(const std::optional<EarlierFile>& earlier) {
  std::error_code error;
  const auto directory = std::filesystem::path(path_).parent_path();
  std::filesystem::create_directories(directory, error);
  if (error) throw IoError(fmt::format("{}: cannot create the directory: {}", directory.string(), error.message()));
  const auto earlier_bytes = earlier ? std::filesystem::file_size(earlier->path, error) : 0;
  check_room(error ? 0.0 : static_cast<double>(earlier_bytes));
  partial_.emplace(path_);
  if (!earlier) return;
  const std::string& copy = partial_->name();
  std::filesystem::copy_file(earlier->path, copy, std::filesystem::copy_options::overwrite_existing, error);
  if (error) throw IoError(fmt::format("{}: cannot copy to {}: {}", earlier->path, copy, error.message()));
}

void Level2Writer::open(const std::optional<EarlierFile>& earlier, const TeamFiles& files) {
  const std::string name = share(team_, partial_ ? partial_->name() : std::string());
  agreed("create the Level-2 file", [&] { file_.emplace(earlier ? files.open_write(name) : files.create(name)); });
  if (!earlier) return;
  agreed("take out what is made anew", [&] {
    file_->write_attribute("/", kCompleteAttribute, std::int64_t{0});
    for (const std::string& object : earlier->removed) file_->remove(object);
    // Datasets that a stage replaces may be the work of one that does not run.
    for (const level2::Dataset* dataset : datasets_) file_->remove(dataset->path);
  });
}

double Level2Writer::needed_bytes() const {
  double needed = kRoomForMetadata_bytes;
  for (const level2::Dataset* dataset : datasets_) {
    double bytes = static_cast<double>(element_bytes(dataset->type));
    for (const Index length : dataset->shape(lengths_)) bytes *= static_cast<double>(length);
    needed += kRoomFactor * bytes;
  }
  return needed;
}

void Level2Writer::check_room(double earlier_bytes) const {
  const double needed = needed_bytes() + earlier_bytes;
  const auto space = std::filesystem::space(std::filesystem::path(path_).parent_path());
  if (static_cast<double>(space.available) >= needed) return;
  throw IoError(
      fmt::format("{}: the disk is full: {:.0f} MB are needed and {:.0f} MB are free; make room or set "
                  "level2.output_dir",
                  path_, needed / 1e6, static_cast<double>(space.available) / 1e6));
}

h5::Extent Level2Writer::extent_of(const level2::Dataset& dataset) const {
  const std::vector<Index> shape = dataset.shape(lengths_);
  return {shape.begin(), shape.end()};
}

void Level2Writer::declare() {
  agreed("declare the datasets", [&] {
    for (const level2::Dataset* dataset : datasets_) {
      h5::DatasetSpec spec;
      spec.type = dataset->type;
      spec.extent = extent_of(*dataset);
      spec.chunk = chunk_of(*dataset, spec.extent);
      spec.checksum = !spec.chunk.empty();
      spec.compression = spec.chunk.empty() ? 0 : io_.compression;
      file_->create_dataset(dataset->path, spec);
      describe_dataset(*file_, *dataset);
    }
  });
}

void Level2Writer::agreed(std::string_view what, const std::function<void()>& collective_work) {
  run_collective(team_, what, collective_work);
}

void Level2Writer::check_products(const DatasetList& datasets, bool has_share, const ProductTable& products) const {
  team_.run_agreed("results of the stages", [&] {
    if (!has_share) return;
    for (const level2::Dataset* dataset : datasets) {
      if (products.product(dataset->path).shape != part_shape(*dataset, lengths_)) {
        throw Bug(fmt::format("{}: a stage made another shape than it declared", dataset->path));
      }
    }
  });
}

void Level2Writer::write(const DatasetList& datasets, int feed, int feed_row, bool has_share,
                         const ProductTable& products) {
  check_products(datasets, has_share, products);
  for (const level2::Dataset* dataset : datasets) {
    const auto* product = has_share ? &products.product(dataset->path) : nullptr;
    const h5::Slab slab = feed_slab(dataset->feed_axis(), extent_of(*dataset), feed, feed_row);
    agreed(dataset->path, [&] { write_product(*file_, dataset->path, slab, product); });
  }
}

void Level2Writer::write_observation(const ProductTable& products) {
  write(datasets_of(true), 0, 0, team_.rank() == 0, products);
}

void Level2Writer::write_feed(int feed, int feed_row, const ProductTable& products) {
  write(datasets_of(false), feed, feed_row, feed_row >= 0, products);
}

DatasetList Level2Writer::datasets_of(bool observation) const {
  DatasetList chosen;
  std::ranges::copy_if(datasets_, std::back_inserter(chosen), [&](const level2::Dataset* dataset) {
    return (dataset->feed_axis() == FeedAxis::none) == observation;
  });
  return chosen;
}

void Level2Writer::commit() {
  agreed("complete the Level-2 file", [&] {
    file_->flush();
    file_->write_attribute("/", kCompleteAttribute, std::int64_t{1});
    file_->close();
  });
  // When two runs work at once, it is not known here which has lost its claim: the last file and its results stay.
  team_.run_agreed("name the Level-2 file", [&] {
    if (team_.rank() == 0) partial_->publish(Rival::has_lost);
  });
  file_.reset();
}

}  // namespace comap
