#include "level2/level2_writer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/message.hpp"
#include "level2/feed_slab.hpp"
#include "level2/provenance.hpp"

namespace comap {
namespace {

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

/// Each path once: stages may replace what an earlier one made.
std::vector<OutputSpec> each_path_once(std::vector<OutputSpec> outputs) {
  std::vector<OutputSpec> unique;
  for (OutputSpec& output : outputs) {
    const auto earlier = std::ranges::find(unique, output.path, &OutputSpec::path);
    if (earlier == unique.end()) {
      unique.push_back(std::move(output));
    } else if (earlier->axis != output.axis || earlier->dataset.type != output.dataset.type ||
               earlier->dataset.extent != output.dataset.extent) {
      throw Bug(fmt::format("{}: two stages declare it with different shapes", output.path));
    }
  }
  return unique;
}

bool has_time_axis(const OutputSpec& output, std::int64_t n_samples) {
  return output.axis == FeedAxis::feed_number && output.dataset.extent.back() == static_cast<std::uint64_t>(n_samples);
}

/// One time stream, or else one feed, is one chunk.
h5::Extent chunk_of(const OutputSpec& output, std::int64_t n_samples) {
  if (output.axis == FeedAxis::none) return {};
  h5::Extent chunk = output.dataset.extent;
  const std::size_t n_single = output.axis == FeedAxis::file_row  ? 2
                               : has_time_axis(output, n_samples) ? chunk.size() - 1
                                                                  : 1;
  std::fill_n(chunk.begin(), n_single, 1);
  return chunk;
}

void write_array(h5::File& file, const OutputSpec& output, const h5::Slab& slab, const ProductTable::Array* array) {
  const h5::Dataset dataset = file.open(output.path);
  if (array == nullptr) {
    dataset.write_nothing();
    return;
  }
  std::visit([&](const auto& values) { dataset.write(slab, std::span(values)); }, *array);
}

}  // namespace

Level2Writer::Level2Writer(const std::string& path, const ObservationContext& observation,
                           std::vector<OutputSpec> outputs, const std::optional<EarlierFile>& earlier,
                           const IoConfig& io, const Communicator& team, const TeamFiles& files)
    : path_(path), outputs_(each_path_once(std::move(outputs))), io_(io), team_(team) {
  team_.run_agreed("create the Level-2 file", [&] {
    if (team_.rank() == 0) start_on_disk(earlier);
  });
  open(earlier, files);
  declare(observation);
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
    // What a stage that runs replaces may be the work of one that does not.
    for (const OutputSpec& output : outputs_) file_->remove(output.path);
  });
}

void Level2Writer::check_room(double earlier_bytes) const {
  double needed_bytes = kRoomForMetadata_bytes + earlier_bytes;
  for (const OutputSpec& output : outputs_) {
    double bytes = static_cast<double>(element_bytes(output.dataset.type));
    for (const std::uint64_t length : output.dataset.extent) bytes *= static_cast<double>(length);
    needed_bytes += kRoomFactor * bytes;
  }
  const auto space = std::filesystem::space(std::filesystem::path(path_).parent_path());
  if (static_cast<double>(space.available) >= needed_bytes) return;
  throw IoError(
      fmt::format("{}: the disk is full: {:.0f} MB are needed and {:.0f} MB are free; make room or set "
                  "level2.output_dir",
                  path_, needed_bytes / 1e6, static_cast<double>(space.available) / 1e6));
}

void Level2Writer::declare(const ObservationContext& observation) {
  agreed("declare the datasets", [&] {
    for (OutputSpec& output : outputs_) {
      output.dataset.chunk = chunk_of(output, observation.level1.n_samples);
      output.dataset.checksum = !output.dataset.chunk.empty();
      output.dataset.compression = output.dataset.chunk.empty() ? 0 : io_.compression;
      file_->create_dataset(output.path, output.dataset);
    }
  });
}

void Level2Writer::agreed(std::string_view what, const std::function<void()>& collective_work) {
  run_collective(team_, what, collective_work);
}

void Level2Writer::check_products(bool has_share, FeedAxis first, FeedAxis last, const ProductTable& products) const {
  team_.run_agreed("results of the stages", [&] {
    for (const OutputSpec& output : outputs_) {
      if (!has_share || output.axis < first || output.axis > last) continue;
      const h5::Slab slab = output.axis == FeedAxis::none ? h5::Slab::all(output.dataset.extent)
                                                          : feed_slab(output.axis, output.dataset.extent, 1, 0);
      const std::size_t size =
          std::visit([](const auto& values) { return values.size(); }, products.array(output.path));
      if (size != slab.size()) {
        throw Bug(fmt::format("{}: a stage made {} values where it declared {}", output.path, size, slab.size()));
      }
    }
  });
}

void Level2Writer::write_observation(const ProductTable& products) {
  check_products(team_.rank() == 0, FeedAxis::none, FeedAxis::none, products);
  for (const OutputSpec& output : outputs_) {
    if (output.axis != FeedAxis::none) continue;
    const auto* array = team_.rank() == 0 ? &products.array(output.path) : nullptr;
    agreed(output.path, [&] { write_array(*file_, output, h5::Slab::all(output.dataset.extent), array); });
  }
}

void Level2Writer::write_feed(int feed, int feed_row, const ProductTable& products) {
  check_products(feed_row >= 0, FeedAxis::feed_number, FeedAxis::file_row, products);
  for (const OutputSpec& output : outputs_) {
    if (output.axis == FeedAxis::none) continue;
    const auto* array = feed_row >= 0 ? &products.array(output.path) : nullptr;
    agreed(output.path,
           [&] { write_array(*file_, output, feed_slab(output.axis, output.dataset.extent, feed, feed_row), array); });
  }
}

void Level2Writer::commit() {
  agreed("complete the Level-2 file", [&] {
    file_->flush();
    file_->write_attribute("/", kCompleteAttribute, std::int64_t{1});
    file_->close();
  });
  // Of two runs at once the one that has lost its claim is not known here: the last one stays, and its results with it.
  team_.run_agreed("name the Level-2 file", [&] {
    if (team_.rank() == 0) partial_->publish(Rival::has_lost);
  });
  file_.reset();
}

}  // namespace comap
