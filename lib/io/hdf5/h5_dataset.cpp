#include <fmt/core.h>

#include <numeric>

#include "io/hdf5/h5_internal.hpp"

namespace comap::h5 {
namespace {

/// A file dataspace with the slab selected, and the memory dataspace that fits it.
struct Selection {
  Handle file;
  Handle memory;
};

Selection select(hid_t dataset, const Slab& slab, const std::string& where) {
  Selection selection;
  selection.file = own(H5Dget_space(dataset), close_space, "read the shape", where);
  const int n_axes = check(H5Sget_simple_extent_ndims(selection.file.id()), "read the shape", where);
  if (slab.start.size() != static_cast<std::size_t>(n_axes) || slab.count.size() != slab.start.size()) {
    throw IoError(fmt::format("{}: has {} axes where {} were expected", where, n_axes, slab.start.size()));
  }
  const hsize_t size = slab.size();
  selection.memory = own(H5Screate_simple(1, &size, nullptr), close_space, "make a dataspace", where);
  if (size == 0) {
    check(H5Sselect_none(selection.file.id()), "select nothing", where);
    check(H5Sselect_none(selection.memory.id()), "select nothing", where);
    return selection;
  }
  if (n_axes == 0) return selection;
  const std::vector<hsize_t> start(slab.start.begin(), slab.start.end());
  const std::vector<hsize_t> count(slab.count.begin(), slab.count.end());
  check(H5Sselect_hyperslab(selection.file.id(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr),
        "select a part", where);
  if (H5Sselect_valid(selection.file.id()) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    throw IoError(fmt::format("{}: the part asked for lies outside the dataset", where));
  }
  return selection;
}

/// HDF5 takes memory for a whole chunk, of which the file must hold something.
void require_plausible_chunk(const DatasetInfo& info, const std::string& where) {
  constexpr double kAlwaysBelieved = 256e6;  // bytes; the archive has 66 MB
  double bytes = info.chunk.empty() ? 0.0 : static_cast<double>(info.element_bytes);
  for (const std::uint64_t length : info.chunk) bytes *= static_cast<double>(length);
  if (bytes <= kAlwaysBelieved || bytes <= kMostCompressed * static_cast<double>(info.storage_bytes)) return;
  throw IoError(
      fmt::format("{}: is stored in chunks of {:.3g} GB, and the file holds {:.3g} GB in all; it is damaged, "
                  "fetch it again",
                  where, bytes * 1e-9, static_cast<double>(info.storage_bytes) * 1e-9));
}

}  // namespace

Handle::Handle(Handle&& other) noexcept
    : id_(std::exchange(other.id_, -1)), closer_(std::exchange(other.closer_, nullptr)) {}

Handle& Handle::operator=(Handle&& other) noexcept {
  if (this != &other) {
    reset();
    id_ = std::exchange(other.id_, -1);
    closer_ = std::exchange(other.closer_, nullptr);
  }
  return *this;
}

void Handle::reset() noexcept {
  if (id_ >= 0 && closer_ != nullptr) closer_(id_);
  id_ = -1;
}

std::uint64_t Slab::size() const {
  return std::accumulate(count.begin(), count.end(), std::uint64_t{1}, std::multiplies<>());
}

Dataset::Dataset(Handle handle, std::string where, const Transfer& transfer)
    : handle_(std::move(handle)),
      where_(std::move(where)),
      transfer_(transfer.properties.id()),
      after_failure_(transfer.after_failure),
      info_(dataset_info(handle_.id(), where_)) {}

template <typename T>
void Dataset::read(const Slab& slab, std::span<T> values) const {
  if (values.size() != slab.size()) throw Bug(fmt::format("{}: buffer and slab differ in size", where_));
  if (info_.kind != Kind::integer && info_.kind != Kind::floating) {
    throw IoError(fmt::format("{}: holds no numbers", where_));
  }
  require_plausible_chunk(info_, where_);
  const Selection selection = select(handle_.id(), slab, where_);
  const herr_t status =
      H5Dread(handle_.id(), memory_type<T>(), selection.memory.id(), selection.file.id(), transfer_, values.data());
  check_transfer(status, after_failure_, handle_.id(), "read", where_);
}

template <typename T>
void Dataset::write(const Slab& slab, std::span<const T> values) const {
  if (values.size() != slab.size()) throw Bug(fmt::format("{}: buffer and slab differ in size", where_));
  const Selection selection = select(handle_.id(), slab, where_);
  const herr_t status =
      H5Dwrite(handle_.id(), memory_type<T>(), selection.memory.id(), selection.file.id(), transfer_, values.data());
  check_transfer(status, after_failure_, handle_.id(), "write", where_);
}

void Dataset::write_nothing() const {
  const Handle stored = own(H5Dget_type(handle_.id()), close_type, "read the type", where_);
  const Handle native = own(H5Tget_native_type(stored.id(), H5T_DIR_DEFAULT), close_type, "read the type", where_);
  const Selection selection = select(handle_.id(), Slab::none(info_.extent.size()), where_);
  const char nothing = 0;
  const herr_t status =
      H5Dwrite(handle_.id(), native.id(), selection.memory.id(), selection.file.id(), transfer_, &nothing);
  check_transfer(status, after_failure_, handle_.id(), "write", where_);
}

std::uint32_t Dataset::read_raw_chunk(const Extent& chunk_start, std::vector<std::byte>& bytes) const {
  const std::vector<hsize_t> start(chunk_start.begin(), chunk_start.end());
  hsize_t size = 0;
  check(H5Dget_chunk_storage_size(handle_.id(), start.data(), &size), "find a chunk", where_);
  bytes.resize(size);
  std::uint32_t filters = 0;
  if (size > 0) {
#if H5_VERSION_GE(2, 0, 0)
    std::size_t length = bytes.size();
    const herr_t status = H5Dread_chunk2(handle_.id(), H5P_DEFAULT, start.data(), &filters, bytes.data(), &length);
#else
    const herr_t status = H5Dread_chunk(handle_.id(), H5P_DEFAULT, start.data(), &filters, bytes.data());
#endif
    check(status, "read a chunk", where_);
  }
  return filters;
}

#define COMAP_H5_INSTANTIATE(T)                                    \
  template void Dataset::read<T>(const Slab&, std::span<T>) const; \
  template void Dataset::write<T>(const Slab&, std::span<const T>) const;
COMAP_H5_INSTANTIATE(float)
COMAP_H5_INSTANTIATE(double)
COMAP_H5_INSTANTIATE(std::int64_t)
COMAP_H5_INSTANTIATE(std::int32_t)
COMAP_H5_INSTANTIATE(std::uint8_t)
#undef COMAP_H5_INSTANTIATE

}  // namespace comap::h5
