#pragma once
/// \file
/// Level-2 files say of each dataset what it is.

#include "data/level2_datasets.hpp"
#include "io/hdf5/h5.hpp"

namespace comap {

/// Writes the attributes `unit`, unless it is a pure number, `axes` ("feed band channel") and `description` of a
/// dataset that is in the file. Collective in a parallel file.
void describe_dataset(h5::File& file, const level2::Dataset& dataset);

}  // namespace comap
