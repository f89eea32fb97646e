// OddLevel1::write, straight through HDF5: io/hdf5/h5.hpp cannot write what it would never write.
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "fuzz/odd_level1.hpp"
#include "io/hdf5/h5.hpp"

namespace comap::fuzz {
namespace {

using h5::Handle;

constexpr int kTypes = 19;
constexpr std::size_t kTextWidth = 24;

Handle copy_of(hid_t type) { return {H5Tcopy(type), H5Tclose}; }

Handle text_type(std::size_t width) {
  Handle type = copy_of(H5T_C_S1);
  H5Tset_size(type.id(), width);
  return type;
}

Handle compound_type() {
  Handle type{H5Tcreate(H5T_COMPOUND, 12), H5Tclose};
  H5Tinsert(type.id(), "a", 0, H5T_IEEE_F32LE);
  H5Tinsert(type.id(), "b", 4, H5T_STD_I64LE);
  return type;
}

Handle enumeration() {
  Handle type{H5Tenum_create(H5T_STD_I32LE), H5Tclose};
  const int values[] = {0, 1};
  H5Tenum_insert(type.id(), "OFF", &values[0]);
  H5Tenum_insert(type.id(), "ON", &values[1]);
  return type;
}

/// The types a dataset or attribute can have, by number.
Handle type_of(int number) {
  const hsize_t three = 3;
  switch (number % kTypes) {
    case 0:
      return copy_of(H5T_STD_I8LE);
    case 1:
      return copy_of(H5T_STD_U8LE);
    case 2:
      return copy_of(H5T_STD_I16LE);
    case 3:
      return copy_of(H5T_STD_I32LE);
    case 4:
      return copy_of(H5T_STD_I64LE);
    case 5:
      return copy_of(H5T_STD_U64LE);
    case 6:
      return copy_of(H5T_IEEE_F32LE);
    case 7:
      return copy_of(H5T_IEEE_F64LE);
    case 8:
      return copy_of(H5T_IEEE_F32BE);
    case 9:
      return copy_of(H5T_IEEE_F64BE);
    case 10:
      return copy_of(H5T_STD_I64BE);
    case 11:
      return text_type(kTextWidth);
    case 12:
      return text_type(H5T_VARIABLE);
    case 13:
      return compound_type();
    case 14:
      return enumeration();
    case 15:
      return copy_of(H5T_STD_B32LE);
    case 16:
      return {H5Tcreate(H5T_OPAQUE, 5), H5Tclose};
    case 17:
      return {H5Tarray_create2(H5T_IEEE_F64LE, 1, &three), H5Tclose};
    default:
      return {H5Tvlen_create(H5T_STD_I32LE), H5Tclose};
  }
}

void add_filters(hid_t creation, int filters) {
  switch (filters % 8) {
    case 1:
      H5Pset_deflate(creation, 1);
      break;
    case 2:
      H5Pset_shuffle(creation);
      H5Pset_deflate(creation, 1);
      break;
    case 3:
      H5Pset_deflate(creation, 1);
      H5Pset_shuffle(creation);
      break;
    case 4:
      H5Pset_fletcher32(creation);
      break;
    case 5:
      H5Pset_shuffle(creation);
      H5Pset_deflate(creation, 1);
      H5Pset_fletcher32(creation);
      break;
    case 6:
      H5Pset_shuffle(creation);
      break;
    case 7:
      H5Pset_nbit(creation);
      break;
    default:
      break;
  }
}

Handle creation_of(const OddDataset& one) {
  Handle creation{H5Pcreate(H5P_DATASET_CREATE), H5Pclose};
  if (one.chunk == 0 || one.extent.empty()) return creation;
  std::vector<hsize_t> chunk;
  for (const std::uint64_t length : one.extent)
    chunk.push_back(std::clamp<hsize_t>(length, 1, static_cast<hsize_t>(one.chunk)));
  chunk.back() = static_cast<hsize_t>(std::max(one.last_chunk, 1));
  H5Pset_chunk(creation.id(), static_cast<int>(chunk.size()), chunk.data());
  add_filters(creation.id(), one.filters);
  return creation;
}

Handle space_of(const std::vector<std::uint64_t>& extent) {
  const std::vector<hsize_t> lengths(extent.begin(), extent.end());
  if (lengths.empty()) return {H5Screate(H5S_SCALAR), H5Sclose};
  return {H5Screate_simple(static_cast<int>(lengths.size()), lengths.data(), nullptr), H5Sclose};
}

/// Numbers are converted; of other types of fixed size the bytes are what the numbers happen to be.
void write_values(hid_t dataset, hid_t type, const OddDataset& one) {
  std::size_t n = 1;
  for (const std::uint64_t length : one.extent) n *= length;
  if (n == 0 || one.values.empty()) return;
  const std::size_t bytes = std::max(sizeof(double), H5Tget_size(type));
  std::vector<double> values(n * bytes / sizeof(double) + 1);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = one.values[i % one.values.size()];
  const H5T_class_t kind = H5Tget_class(type);
  const bool number = kind == H5T_INTEGER || kind == H5T_FLOAT;
  if (kind == H5T_VLEN || H5Tis_variable_str(type) > 0) return;
  H5Dwrite(dataset, number ? H5T_NATIVE_DOUBLE : type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
}

std::size_t chunk_bytes(hid_t dataset) {
  const Handle creation{H5Dget_create_plist(dataset), H5Pclose};
  const Handle type{H5Dget_type(dataset), H5Tclose};
  std::array<hsize_t, H5S_MAX_RANK> chunk{};
  const int n_axes = H5Pget_chunk(creation.id(), H5S_MAX_RANK, chunk.data());
  std::size_t bytes = H5Tget_size(type.id());
  for (int axis = 0; axis < n_axes; ++axis) bytes *= chunk[static_cast<std::size_t>(axis)];
  return bytes;
}

/// Only where TodReader reads, and never shorter than the chunk: HDF5 1.10 does not survive that.
void write_raw_chunk(hid_t dataset, const OddDataset& one) {
  const bool gzip = one.filters % 8 == 1 || one.filters % 8 == 2;
  if (one.raw_bytes < 0 || one.chunk == 0 || one.extent.empty() || !gzip) return;
  std::vector<unsigned char> bytes(std::max(static_cast<std::size_t>(one.raw_bytes), chunk_bytes(dataset)));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(37 * i);
  const std::vector<hsize_t> start(one.extent.size(), 0);
  const auto skipped_filters = static_cast<std::uint32_t>(one.raw_bytes % 4);
  H5Dwrite_chunk(dataset, H5P_DEFAULT, skipped_filters, start.data(), bytes.size(), bytes.data());
}

void write_dataset(hid_t file, hid_t links, const OddDataset& one) {
  if (!one.link.empty()) {
    H5Lcreate_soft(one.link.c_str(), file, one.name.c_str(), links, H5P_DEFAULT);
  } else if (one.is_group) {
    const Handle made{H5Gcreate2(file, one.name.c_str(), links, H5P_DEFAULT, H5P_DEFAULT), H5Gclose};
  } else {
    const Handle type = type_of(one.type);
    const Handle space = space_of(one.extent);
    const Handle creation = creation_of(one);
    const Handle made{H5Dcreate2(file, one.name.c_str(), type.id(), space.id(), links, creation.id(), H5P_DEFAULT),
                      H5Dclose};
    if (!made || !one.written) return;
    write_values(made.id(), type.id(), one);
    write_raw_chunk(made.id(), one);
  }
}

void write_attribute(hid_t group, const OddAttribute& one) {
  const Handle type = type_of(one.type);
  const Handle space = one.n == 0 ? Handle{H5Screate(H5S_SCALAR), H5Sclose} : space_of({one.n - 1});
  const Handle made{H5Acreate2(group, one.name.c_str(), type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose};
  if (!made) return;
  const std::size_t n = std::max<std::size_t>(one.n, 1);
  const H5T_class_t kind = H5Tget_class(type.id());
  if (H5Tis_variable_str(type.id()) > 0) {
    const std::vector<const char*> texts(n, one.text.c_str());
    H5Awrite(made.id(), type.id(), texts.data());
  } else if (kind == H5T_INTEGER || kind == H5T_FLOAT) {
    const std::vector<double> values(n, one.value);
    H5Awrite(made.id(), H5T_NATIVE_DOUBLE, values.data());
  } else if (kind != H5T_VLEN) {
    std::vector<char> bytes(n * H5Tget_size(type.id()));
    for (std::size_t i = 0; i < bytes.size() && !one.text.empty(); ++i) bytes[i] = one.text[i % one.text.size()];
    H5Awrite(made.id(), type.id(), bytes.data());
  }
}

}  // namespace

void OddLevel1::write(const std::string& path) const {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const Handle file{H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose};
  const Handle links{H5Pcreate(H5P_LINK_CREATE), H5Pclose};
  H5Pset_create_intermediate_group(links.id(), 1);
  for (const OddDataset& one : datasets) write_dataset(file.id(), links.id(), one);
  if (!has_group) return;
  const Handle group{H5Gcreate2(file.id(), "comap", links.id(), H5P_DEFAULT, H5P_DEFAULT), H5Gclose};
  for (const OddAttribute& one : attributes) write_attribute(group.id(), one);
}

}  // namespace comap::fuzz
