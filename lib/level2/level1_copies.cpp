#include "level2/level1_copies.hpp"

#include <algorithm>
#include <vector>

#include "data/level2_datasets.hpp"
#include "io/level1/band_order.hpp"
#include "io/level2/dataset_attributes.hpp"
#include "stages/create_level2.hpp"

namespace comap {
namespace {

constexpr std::string_view kFrequency = "spectrometer/frequency";
constexpr std::string_view kBandNames = "spectrometer/bands";
constexpr std::string_view kBandAverage = "spectrometer/band_average";  ///< [feed][band][sample], of some files

/// Values of one copied dataset; on ranks other than 0 empty.
struct CopiedValues {
  std::vector<double> numbers;
  std::vector<std::int64_t> integers;
};

/// Copies of these hold what was read into the metadata, which may have been mended.
bool is_of_metadata(const CopyItem& item) { return item.path == level2::kMjd.path || item.path == kFrequency; }

bool stays_integer(const CopyItem& item) {
  return item.kind == h5::Kind::integer && item.scale == 1.0 && !is_of_metadata(item);
}

/// The bands of `values` [feed][band][sample] in our order.
void put_bands_in_order(const Level1Metadata& level1, std::vector<double>& values) {
  const std::size_t feed_size = values.size() / static_cast<std::size_t>(level1.n_feeds);
  const BandOrder order = {level1.order.stored_band, {}};  // samples run forward in every file
  for (std::size_t first = 0; first < values.size(); first += feed_size) {
    const std::span<double> feed = std::span(values).subspan(first, feed_size);
    std::ranges::copy(in_our_order<double>(order, feed), feed.begin());
  }
}

CopiedValues read_values(const h5::File& file, const CopyItem& item, const Level1Metadata& level1) {
  CopiedValues values;
  if (stays_integer(item)) {
    values.integers = file.read<std::int64_t>(item.path);
    return values;
  }
  if (is_of_metadata(item)) {
    values.numbers = item.path == kFrequency ? level1.frequency_GHz : level1.mjd;
  } else {
    values.numbers = file.read<double>(item.path);
    const bool has_bands = item.path == kBandAverage && item.extent.size() == 3 && item.extent[1] == kBands &&
                           item.extent[0] == static_cast<std::uint64_t>(level1.n_feeds);
    if (has_bands && !level1.order.is_ours()) put_bands_in_order(level1, values.numbers);
  }
  for (double& value : values.numbers) value *= item.scale;
  return values;
}

std::vector<std::string> read_texts(const h5::File& file, const CopyItem& item, const Level1Metadata& level1) {
  const std::vector<std::string> texts = file.read_strings(item.path);
  if (item.path != kBandNames || texts.size() != kBands) return texts;
  std::vector<std::string> ours;
  for (const int stored : level1.order.stored_band) ours.push_back(texts[stored]);
  return ours;
}

void write_values(h5::File& file, const CopyItem& item, const CopiedValues& values, bool has_share) {
  h5::DatasetSpec spec;
  spec.type = stays_integer(item) ? h5::StoredType::int64 : h5::StoredType::float64;
  spec.extent = item.extent;
  const h5::Dataset dataset = file.create_dataset(item.path, spec);
  // Scaled by the user it has another unit, which only he knows.
  if (const auto* line = level2::find_dataset(item.path); line && item.scale == 1.0) describe_dataset(file, *line);
  const h5::Slab slab = has_share ? h5::Slab::all(item.extent) : h5::Slab::none(item.extent.size());
  if (stays_integer(item)) {
    dataset.write(slab, std::span<const std::int64_t>(values.integers));
  } else {
    dataset.write(slab, std::span<const double>(values.numbers));
  }
}

}  // namespace

std::vector<std::string> copy_level1_datasets(const Level1Metadata& level1, const CreateLevel2Config& config,
                                              Level2Writer& writer, const Communicator& team) {
  std::optional<h5::File> file;
  std::vector<CopyItem> plan;
  team.run_agreed("copy Level-1 datasets", [&] {
    file.emplace(h5::File::open_read(level1.path));
    plan = copy_plan(*file, config);
  });
  for (const CopyItem& item : plan) {
    CopiedValues values;
    std::vector<std::string> texts;
    team.run_agreed("copy " + item.path, [&] {
      if (item.kind == h5::Kind::text) {
        texts = read_texts(*file, item, level1);
      } else if (team.rank() == 0) {
        values = read_values(*file, item, level1);
      }
    });
    writer.agreed("copy " + item.path, [&] {
      if (item.kind == h5::Kind::text) {
        writer.file().write_strings(item.path, texts);
      } else {
        write_values(writer.file(), item, values, team.rank() == 0);
      }
    });
  }
  writer.agreed("copy the attributes of comap", [&] {
    writer.file().create_group("comap");
    for (const auto& [name, value] : level1.attributes) writer.file().write_attribute("comap", name, value);
  });
  std::vector<std::string> paths;
  for (const CopyItem& item : plan) paths.push_back(item.path);
  return paths;
}

}  // namespace comap
