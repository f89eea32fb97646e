#include "io/level2/dataset_attributes.hpp"

namespace comap {

void describe_dataset(h5::File& file, const level2::Dataset& dataset) {
  if (!dataset.unit.empty()) file.write_attribute(dataset.path, "unit", std::string(dataset.unit));
  file.write_attribute(dataset.path, "axes", axes_text(dataset));
  file.write_attribute(dataset.path, "description", std::string(dataset.description));
}

}  // namespace comap
