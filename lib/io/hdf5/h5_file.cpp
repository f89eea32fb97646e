#include <fmt/core.h>

#include <algorithm>
#include <new>
#include <stdexcept>

#include "core/regular_file.hpp"
#include "io/hdf5/h5_internal.hpp"

namespace comap::h5 {
namespace {

// Samples of many channels lie far apart in a contiguous dataset: read ahead by the library's 64 kB for each of them,
// a look into a file reads all of it.
constexpr std::size_t kSieveBytes = 4096;

Handle serial_access() {
  silence_library();
  Handle access = own(H5Pcreate(H5P_FILE_ACCESS), close_properties, "make properties", "HDF5");
  // 1.10 keeps files readable by the h5py of the users; locks fail on many NFS and Lustre mounts.
  check(H5Pset_libver_bounds(access.id(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V110), "set properties", "HDF5");
  check(H5Pset_file_locking(access.id(), false, true), "set properties", "HDF5");
  check(H5Pset_sieve_buf_size(access.id(), kSieveBytes), "set properties", "HDF5");
  check(H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG), "set properties", "HDF5");
  return access;
}

Transfer serial_transfer() { return {own(H5Pcreate(H5P_DATASET_XFER), close_properties, "make properties", "HDF5")}; }

template <typename T>
std::vector<T> room_for(const Slab& slab, const DatasetInfo& info, const std::string& path, const std::string& where) {
  double bytes = sizeof(T);
  for (const std::uint64_t length : slab.count) bytes *= static_cast<double>(length);
  require_plausible(bytes, info, path, where);
  try {
    return std::vector<T>(slab.size());
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
  }
  throw IoError(fmt::format("{}: its {} values do not fit into memory", where, slab.size()));
}

}  // namespace

File::File(Handle file, std::string path, Transfer transfer)
    : path_(std::move(path)), transfer_(std::move(transfer)), file_(std::move(file)) {}

std::string File::where(std::string_view object) const { return fmt::format("{}: {}", path_, object); }

File File::open_read(const std::string& path) {
  require_regular_file(path);
  return open_read(path, serial_access(), serial_transfer());
}

File File::open_read(const std::string& path, Handle access, Transfer transfer) {
  silence_library();
  return {own(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), close_file, "open for reading", path), path,
          std::move(transfer)};
}

File File::open_write(const std::string& path) {
  require_regular_file(path);
  return open_write(path, serial_access(), serial_transfer());
}

File File::open_write(const std::string& path, Handle access, Transfer transfer) {
  silence_library();
  return {own(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.id()), close_file, "open for writing", path), path,
          std::move(transfer)};
}

File File::create(const std::string& path) { return create(path, serial_access(), serial_transfer()); }

File File::create(const std::string& path, Handle access, Transfer transfer) {
  silence_library();
  return {own(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.id()), close_file, "create", path), path,
          std::move(transfer)};
}

bool File::exists(std::string_view object) const {
  std::string prefix;
  std::string_view rest = object;
  while (!rest.empty()) {
    const auto cut = std::min(rest.find('/'), rest.size());
    prefix.append(prefix.empty() ? "" : "/").append(rest.substr(0, cut));
    rest.remove_prefix(std::min(cut + 1, rest.size()));
    htri_t there = H5Lexists(file_.id(), prefix.c_str(), H5P_DEFAULT);
    if (there > 0) there = H5Oexists_by_name(file_.id(), prefix.c_str(), H5P_DEFAULT);
    if (there < 0) check_unreadable(where(object));
    if (there <= 0) return false;
  }
  return true;
}

std::vector<std::string> File::list(std::string_view group) const {
  const Handle handle =
      own(H5Gopen2(file_.id(), std::string(group).c_str(), H5P_DEFAULT), close_group, "open the group", where(group));
  std::vector<std::string> names;
  const auto visit = [](hid_t, const char* name, const H5L_info_t*, void* data) -> herr_t {
    static_cast<std::vector<std::string>*>(data)->emplace_back(name);
    return 0;
  };
  check(H5Literate(handle.id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, visit, &names), "list the group", where(group));
  return names;
}

bool File::is_dataset(std::string_view object) const {
  if (!exists(object)) return false;
  const Handle handle =
      own(H5Oopen(file_.id(), std::string(object).c_str(), H5P_DEFAULT), close_object, "open", where(object));
  return H5Iget_type(handle.id()) == H5I_DATASET;
}

Dataset File::open(std::string_view dataset) const {
  if (!exists(dataset)) throw IoError(where(dataset) + ": the dataset is missing");
  return {own(H5Dopen2(file_.id(), std::string(dataset).c_str(), H5P_DEFAULT), close_dataset, "open the dataset",
              where(dataset)),
          where(dataset), transfer_};
}

DatasetInfo File::info(std::string_view dataset) const { return open(dataset).info(); }

template <typename T>
std::vector<T> File::read(std::string_view dataset, const Slab& slab) const {
  const Dataset opened = open(dataset);
  auto values = room_for<T>(slab, opened.info(), path_, where(dataset));
  opened.read(slab, std::span<T>(values));
  return values;
}

template <typename T>
std::vector<T> File::read(std::string_view dataset) const {
  const Dataset opened = open(dataset);
  const Slab slab = Slab::all(opened.info().extent);
  auto values = room_for<T>(slab, opened.info(), path_, where(dataset));
  opened.read(slab, std::span<T>(values));
  return values;
}

void File::create_group(std::string_view group) {
  if (exists(group)) return;
  const Handle links = link_properties(where(group));
  own(H5Gcreate2(file_.id(), std::string(group).c_str(), links.id(), H5P_DEFAULT, H5P_DEFAULT), close_group,
      "create the group", where(group));
}

Dataset File::create_dataset(std::string_view dataset, const DatasetSpec& spec) {
  const std::string place = where(dataset);
  const std::vector<hsize_t> extent(spec.extent.begin(), spec.extent.end());
  const Handle space = own(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), close_space,
                           "make a dataspace", place);
  const Handle creation = creation_properties(spec, place);
  const Handle links = link_properties(place);
  Dataset made(own(H5Dcreate2(file_.id(), std::string(dataset).c_str(), file_type(spec.type), space.id(), links.id(),
                              creation.id(), H5P_DEFAULT),
                   close_dataset, "create the dataset", place),
               place, transfer_);
  if (!spec.unit.empty()) write_attribute(dataset, "unit", spec.unit);
  return made;
}

template <typename T>
void File::write(std::string_view dataset, const Extent& extent, std::span<const T> values, std::string_view unit) {
  DatasetSpec spec;
  spec.type = stored_type<T>();
  spec.extent = extent;
  spec.unit = unit;
  create_dataset(dataset, spec).write(Slab::all(extent), values);
}

void File::remove(std::string_view object) {
  if (!exists(object)) return;
  check(H5Ldelete(file_.id(), std::string(object).c_str(), H5P_DEFAULT), "remove", where(object));
}

void File::flush() { check(H5Fflush(file_.id(), H5F_SCOPE_GLOBAL), "flush", path_); }

void File::close() {
  if (!file_) return;
  check(close_file(file_.release()), "close", path_);
}

#define COMAP_H5_INSTANTIATE(T)                                               \
  template std::vector<T> File::read<T>(std::string_view) const;              \
  template std::vector<T> File::read<T>(std::string_view, const Slab&) const; \
  template void File::write<T>(std::string_view, const Extent&, std::span<const T>, std::string_view);
COMAP_H5_INSTANTIATE(float)
COMAP_H5_INSTANTIATE(double)
COMAP_H5_INSTANTIATE(std::int64_t)
COMAP_H5_INSTANTIATE(std::int32_t)
COMAP_H5_INSTANTIATE(std::uint8_t)
#undef COMAP_H5_INSTANTIATE

}  // namespace comap::h5
