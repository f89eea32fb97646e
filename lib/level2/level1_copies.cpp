#include "level2/level1_copies.hpp"

#include <algorithm>
#include <vector>

#include "stages/create_level2.hpp"

namespace comap {
namespace {

/// Values of one copied dataset; on ranks other than 0 empty.
struct CopiedValues {
  std::vector<double> numbers;
  std::vector<std::int64_t> integers;
};

bool stays_integer(const CopyItem& item) { return item.kind == h5::Kind::integer && item.scale == 1.0; }

CopiedValues read_values(const h5::File& level1, const CopyItem& item) {
  CopiedValues values;
  if (stays_integer(item)) {
    values.integers = level1.read<std::int64_t>(item.path);
    return values;
  }
  values.numbers = level1.read<double>(item.path);
  for (double& value : values.numbers) value *= item.scale;
  return values;
}

void write_values(h5::File& file, const CopyItem& item, const CopiedValues& values, bool has_share) {
  h5::DatasetSpec spec;
  spec.type = stays_integer(item) ? h5::StoredType::int64 : h5::StoredType::float64;
  spec.extent = item.extent;
  const h5::Dataset dataset = file.create_dataset(item.path, spec);
  const h5::Slab slab = has_share ? h5::Slab::all(item.extent) : h5::Slab::none(item.extent.size());
  if (stays_integer(item)) {
    dataset.write(slab, std::span<const std::int64_t>(values.integers));
  } else {
    dataset.write(slab, std::span<const double>(values.numbers));
  }
}

}  // namespace

std::vector<std::string> copy_level1_datasets(const std::string& level1_path, const CreateLevel2Config& config,
                                              Level2Writer& writer, const Communicator& team) {
  std::optional<h5::File> level1;
  std::vector<CopyItem> plan;
  std::map<std::string, h5::AttributeValue> attributes;
  team.run_agreed("copy Level-1 datasets", [&] {
    level1.emplace(h5::File::open_read(level1_path));
    plan = copy_plan(*level1, config);
    attributes = level1->attributes("comap");
  });
  for (const CopyItem& item : plan) {
    CopiedValues values;
    std::vector<std::string> texts;
    team.run_agreed("copy " + item.path, [&] {
      if (item.kind == h5::Kind::text) {
        texts = level1->read_strings(item.path);
      } else if (team.rank() == 0) {
        values = read_values(*level1, item);
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
    for (const auto& [name, value] : attributes) writer.file().write_attribute("comap", name, value);
  });
  std::vector<std::string> paths;
  for (const CopyItem& item : plan) paths.push_back(item.path);
  return paths;
}

}  // namespace comap
