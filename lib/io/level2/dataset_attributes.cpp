#include "io/level2/dataset_attributes.hpp"

namespace comap {

void describe_dataset(h5::File& file, const level2::Dataset& dataset) {
  std::string axes;
  for (const level2::Axis axis : dataset.axes()) {
    if (!axes.empty()) axes += ' ';
    axes += axis_name(axis);
  }
  file.write_attribute(dataset.path, "axes", axes);
  file.write_attribute(dataset.path, "description", std::string(dataset.description));
}

}  // namespace comap
