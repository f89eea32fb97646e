#include "io/h5.hpp"

#include <fmt/core.h>
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

#include "core/error.hpp"

namespace comap::h5 {
namespace {

static_assert(sizeof(hid_t) == sizeof(Id));

/// The innermost message of the HDF5 error stack, which names the reason; clears the stack.
std::string last_error(bool& can_pass) {
  struct Found {
    std::string text;
    bool can_pass = false;
  } found;
  const auto visit = [](unsigned, const H5E_error2_t* entry, void* data) -> herr_t {
    auto& result = *static_cast<Found*>(data);
    const std::string text = entry->desc == nullptr ? "" : entry->desc;
    if (result.text.empty() && !text.empty()) result.text = text;
    for (const char* passing : {"unable to lock file", "errno = 11", "errno = 5,", "errno = 116", "errno = 16"}) {
      if (text.find(passing) != std::string::npos) result.can_pass = true;
    }
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, visit, &found);
  H5Eclear2(H5E_DEFAULT);
  can_pass = found.can_pass;
  return found.text.empty() ? "no reason given by HDF5" : found.text;
}

/// Errors become exceptions, so HDF5 must not print its own.
void silence_library() {
  static const bool once = [] { return H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr) >= 0; }();
  (void)once;
}

[[noreturn]] void fail(const std::string& action, const std::string& where) {
  bool can_pass = false;
  const std::string reason = last_error(can_pass);
  throw IoError(fmt::format("{}: cannot {}: {}", where, action, reason), can_pass);
}

template <typename Result>
Result check(Result result, const char* action, const std::string& where) {
  if (result < 0) fail(action, where);
  return result;
}

Handle own(hid_t id, Handle::Closer closer, const char* action, const std::string& where) {
  if (id < 0) fail(action, where);
  return {id, closer};
}

int close_dataset(Id id) { return H5Dclose(id); }
int close_group(Id id) { return H5Gclose(id); }
int close_object(Id id) { return H5Oclose(id); }
int close_space(Id id) { return H5Sclose(id); }
int close_type(Id id) { return H5Tclose(id); }
int close_attribute(Id id) { return H5Aclose(id); }
int close_properties(Id id) { return H5Pclose(id); }
int close_file(Id id) { return H5Fclose(id); }

template <typename T>
hid_t memory_type();
template <>
hid_t memory_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t memory_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t memory_type<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
hid_t memory_type<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
hid_t memory_type<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}

hid_t file_type(StoredType type) {
  switch (type) {
    case StoredType::int8:
      return H5T_STD_I8LE;
    case StoredType::uint8:
      return H5T_STD_U8LE;
    case StoredType::int32:
      return H5T_STD_I32LE;
    case StoredType::int64:
      return H5T_STD_I64LE;
    case StoredType::float32:
      return H5T_IEEE_F32LE;
    case StoredType::float64:
      return H5T_IEEE_F64LE;
  }
  throw Bug("unknown stored type");
}

template <typename T>
StoredType stored_type();
template <>
StoredType stored_type<float>() {
  return StoredType::float32;
}
template <>
StoredType stored_type<double>() {
  return StoredType::float64;
}
template <>
StoredType stored_type<std::int64_t>() {
  return StoredType::int64;
}
template <>
StoredType stored_type<std::int32_t>() {
  return StoredType::int32;
}
template <>
StoredType stored_type<std::uint8_t>() {
  return StoredType::uint8;
}

Kind kind_of(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_ENUM:
      return Kind::integer;
    case H5T_FLOAT:
      return Kind::floating;
    case H5T_STRING:
      return Kind::text;
    default:
      return Kind::other;
  }
}

void read_filters(hid_t creation, DatasetInfo& info) {
  std::vector<H5Z_filter_t> filters;
  for (int i = 0; i < H5Pget_nfilters(creation); ++i) {
    unsigned flags = 0;
    unsigned config = 0;
    std::size_t n_values = 0;
    filters.push_back(
        H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &n_values, nullptr, 0, nullptr, &config));
  }
  info.shuffle = filters == std::vector<H5Z_filter_t>{H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE};
  info.deflate = info.shuffle || filters == std::vector<H5Z_filter_t>{H5Z_FILTER_DEFLATE};
}

DatasetInfo dataset_info(hid_t dataset, const std::string& where) {
  DatasetInfo info;
  const Handle type = own(H5Dget_type(dataset), close_type, "read the type", where);
  const Handle space = own(H5Dget_space(dataset), close_space, "read the shape", where);
  const Handle creation = own(H5Dget_create_plist(dataset), close_properties, "read the layout", where);
  info.kind = kind_of(type.id());
  info.element_bytes = H5Tget_size(type.id());
  const int n_axes = check(H5Sget_simple_extent_ndims(space.id()), "read the shape", where);
  std::vector<hsize_t> extent(static_cast<std::size_t>(n_axes));
  check(H5Sget_simple_extent_dims(space.id(), extent.data(), nullptr), "read the shape", where);
  info.extent.assign(extent.begin(), extent.end());
  if (H5Pget_layout(creation.id()) == H5D_CHUNKED) {
    check(H5Pget_chunk(creation.id(), n_axes, extent.data()), "read the chunk shape", where);
    info.chunk.assign(extent.begin(), extent.end());
  } else if (const haddr_t offset = H5Dget_offset(dataset); offset != HADDR_UNDEF) {
    info.file_offset = offset;
  }
  read_filters(creation.id(), info);
  info.storage_bytes = H5Dget_storage_size(dataset);
  return info;
}

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

std::string trimmed(std::string text) {
  text.erase(std::find(text.begin(), text.end(), '\0'), text.end());
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

/// Strings of an attribute or dataset, fixed or variable length; `read` fills a buffer of a memory type.
template <typename Read>
std::vector<std::string> read_text(hid_t type, hid_t space, const Read& read, const std::string& where) {
  const hssize_t n_points = check(H5Sget_simple_extent_npoints(space), "read the shape", where);
  const auto n = static_cast<std::size_t>(n_points);
  std::vector<std::string> values;
  if (H5Tis_variable_str(type) > 0) {
    std::vector<char*> pointers(n, nullptr);
    const Handle memory = own(H5Tget_native_type(type, H5T_DIR_DEFAULT), close_type, "read the type", where);
    check(read(memory.id(), static_cast<void*>(pointers.data())), "read text", where);
    for (const char* pointer : pointers) values.emplace_back(pointer == nullptr ? "" : pointer);
    H5Dvlen_reclaim(memory.id(), space, H5P_DEFAULT, pointers.data());
    return values;
  }
  const std::size_t width = H5Tget_size(type);
  std::string buffer(n * width, '\0');
  check(read(type, static_cast<void*>(buffer.data())), "read text", where);
  for (std::size_t i = 0; i < n; ++i) values.push_back(trimmed(buffer.substr(i * width, width)));
  return values;
}

/// First element of an attribute; nothing for types or shapes that hold no single value.
std::optional<AttributeValue> read_attribute(hid_t attribute, const std::string& where) {
  const Handle type = own(H5Aget_type(attribute), close_type, "read the type", where);
  const Handle space = own(H5Aget_space(attribute), close_space, "read the shape", where);
  if (H5Sget_simple_extent_npoints(space.id()) < 1) return std::nullopt;
  const auto n = static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.id()));
  switch (kind_of(type.id())) {
    case Kind::text:
      return read_text(
          type.id(), space.id(), [&](hid_t memory, void* out) { return H5Aread(attribute, memory, out); }, where)[0];
    case Kind::integer: {
      std::vector<std::int64_t> values(n);
      check(H5Aread(attribute, H5T_NATIVE_INT64, values.data()), "read an attribute", where);
      return values[0];
    }
    case Kind::floating: {
      std::vector<double> values(n);
      check(H5Aread(attribute, H5T_NATIVE_DOUBLE, values.data()), "read an attribute", where);
      return values[0];
    }
    case Kind::other:
      return std::nullopt;
  }
  return std::nullopt;
}

void set_fill_value(hid_t creation, const DatasetSpec& spec, const std::string& where) {
  const bool floating = spec.type == StoredType::float32 || spec.type == StoredType::float64;
  const double fill = floating && !spec.fill_zero ? std::numeric_limits<double>::quiet_NaN() : 0.0;
  const std::int64_t zero = 0;
  const void* value = floating ? static_cast<const void*>(&fill) : &zero;
  check(H5Pset_fill_value(creation, floating ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64, value), "set the fill value",
        where);
}

Handle creation_properties(const DatasetSpec& spec, const std::string& where) {
  Handle creation = own(H5Pcreate(H5P_DATASET_CREATE), close_properties, "make properties", where);
  set_fill_value(creation.id(), spec, where);
  check(H5Pset_obj_track_times(creation.id(), false), "set properties", where);
  const bool empty = std::ranges::find(spec.extent, 0U) != spec.extent.end();
  if (spec.written_once && spec.chunk.empty()) {
    check(H5Pset_fill_time(creation.id(), H5D_FILL_TIME_NEVER), "set properties", where);
  }
  if (spec.chunk.empty() || empty) return creation;
  const std::vector<hsize_t> chunk(spec.chunk.begin(), spec.chunk.end());
  check(H5Pset_chunk(creation.id(), static_cast<int>(chunk.size()), chunk.data()), "set the chunk shape", where);
  const H5D_alloc_time_t layout_time = spec.written_once ? H5D_ALLOC_TIME_INCR : H5D_ALLOC_TIME_EARLY;
  check(H5Pset_alloc_time(creation.id(), layout_time), "set properties", where);
  if (spec.compression > 0) {
    check(H5Pset_deflate(creation.id(), static_cast<unsigned>(spec.compression)), "set compression", where);
  }
  if (spec.checksum) check(H5Pset_fletcher32(creation.id()), "set the checksum", where);
  return creation;
}

/// Groups on the way are made, too.
Handle link_properties(const std::string& where) {
  Handle properties = own(H5Pcreate(H5P_LINK_CREATE), close_properties, "make properties", where);
  check(H5Pset_create_intermediate_group(properties.id(), 1), "set properties", where);
  return properties;
}

Handle serial_access() {
  silence_library();
  Handle access = own(H5Pcreate(H5P_FILE_ACCESS), close_properties, "make properties", "HDF5");
  // 1.10 keeps files readable by the h5py of the users; locks fail on many NFS and Lustre mounts.
  check(H5Pset_libver_bounds(access.id(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V110), "set properties", "HDF5");
  check(H5Pset_file_locking(access.id(), false, true), "set properties", "HDF5");
  check(H5Pset_fclose_degree(access.id(), H5F_CLOSE_STRONG), "set properties", "HDF5");
  return access;
}

Handle serial_transfer() { return own(H5Pcreate(H5P_DATASET_XFER), close_properties, "make properties", "HDF5"); }

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

Dataset::Dataset(Handle handle, std::string where, Id transfer)
    : handle_(std::move(handle)),
      where_(std::move(where)),
      transfer_(transfer),
      info_(dataset_info(handle_.id(), where_)) {}

template <typename T>
void Dataset::read(const Slab& slab, std::span<T> values) const {
  if (values.size() != slab.size()) throw Bug(fmt::format("{}: buffer and slab differ in size", where_));
  if (info_.kind != Kind::integer && info_.kind != Kind::floating) {
    throw IoError(fmt::format("{}: holds no numbers", where_));
  }
  const Selection selection = select(handle_.id(), slab, where_);
  check(H5Dread(handle_.id(), memory_type<T>(), selection.memory.id(), selection.file.id(), transfer_, values.data()),
        "read", where_);
}

template <typename T>
void Dataset::write(const Slab& slab, std::span<const T> values) const {
  if (values.size() != slab.size()) throw Bug(fmt::format("{}: buffer and slab differ in size", where_));
  const Selection selection = select(handle_.id(), slab, where_);
  check(H5Dwrite(handle_.id(), memory_type<T>(), selection.memory.id(), selection.file.id(), transfer_, values.data()),
        "write", where_);
}

std::uint32_t Dataset::read_raw_chunk(const Extent& chunk_start, std::vector<std::byte>& bytes) const {
  const std::vector<hsize_t> start(chunk_start.begin(), chunk_start.end());
  hsize_t size = 0;
  check(H5Dget_chunk_storage_size(handle_.id(), start.data(), &size), "find a chunk", where_);
  bytes.resize(size);
  std::uint32_t filters = 0;
  if (size > 0) {
    check(H5Dread_chunk(handle_.id(), H5P_DEFAULT, start.data(), &filters, bytes.data()), "read a chunk", where_);
  }
  return filters;
}

File::File(Handle file, std::string path, Handle transfer)
    : path_(std::move(path)), transfer_(std::move(transfer)), file_(std::move(file)) {}

std::string File::where(std::string_view object) const { return fmt::format("{}: {}", path_, object); }

File File::open_read(const std::string& path) { return open_read(path, serial_access(), serial_transfer()); }

File File::open_read(const std::string& path, Handle access, Handle transfer) {
  silence_library();
  return {own(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.id()), close_file, "open for reading", path), path,
          std::move(transfer)};
}

File File::open_write(const std::string& path) {
  const Handle access = serial_access();
  return {own(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.id()), close_file, "open for writing", path), path,
          serial_transfer()};
}

File File::create(const std::string& path) { return create(path, serial_access(), serial_transfer()); }

File File::create(const std::string& path, Handle access, Handle transfer) {
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
    if (H5Lexists(file_.id(), prefix.c_str(), H5P_DEFAULT) <= 0 ||
        H5Oexists_by_name(file_.id(), prefix.c_str(), H5P_DEFAULT) <= 0) {
      H5Eclear2(H5E_DEFAULT);
      return false;
    }
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
          where(dataset), transfer_.id()};
}

DatasetInfo File::info(std::string_view dataset) const { return open(dataset).info(); }

template <typename T>
std::vector<T> File::read(std::string_view dataset, const Slab& slab) const {
  const Dataset opened = open(dataset);
  std::vector<T> values(slab.size());
  opened.read(slab, std::span<T>(values));
  return values;
}

template <typename T>
std::vector<T> File::read(std::string_view dataset) const {
  const Dataset opened = open(dataset);
  const Slab slab = Slab::all(opened.info().extent);
  std::vector<T> values(slab.size());
  opened.read(slab, std::span<T>(values));
  return values;
}

std::vector<std::string> File::read_strings(std::string_view dataset) const {
  const Dataset opened = open(dataset);
  const std::string place = where(dataset);
  if (opened.info().kind != Kind::text) throw IoError(place + ": holds no text");
  const Handle type = own(H5Dget_type(opened.id()), close_type, "read the type", place);
  const Handle space = own(H5Dget_space(opened.id()), close_space, "read the shape", place);
  return read_text(
      type.id(), space.id(),
      [&](hid_t memory, void* out) { return H5Dread(opened.id(), memory, H5S_ALL, H5S_ALL, transfer_.id(), out); },
      place);
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
               place, transfer_.id());
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

void File::write_strings(std::string_view dataset, const std::vector<std::string>& values) {
  const std::string place = where(dataset);
  std::size_t width = 1;
  for (const std::string& value : values) width = std::max(width, value.size());
  std::string buffer(width * values.size(), '\0');
  for (std::size_t i = 0; i < values.size(); ++i)
    std::ranges::copy(values[i], buffer.begin() + static_cast<std::ptrdiff_t>(i * width));
  const Handle type = own(H5Tcopy(H5T_C_S1), close_type, "make a type", place);
  check(H5Tset_size(type.id(), width), "make a type", place);
  check(H5Tset_strpad(type.id(), H5T_STR_NULLPAD), "make a type", place);
  const hsize_t n = values.size();
  const Handle space = own(H5Screate_simple(1, &n, nullptr), close_space, "make a dataspace", place);
  const Handle links = link_properties(place);
  const Handle made = own(
      H5Dcreate2(file_.id(), std::string(dataset).c_str(), type.id(), space.id(), links.id(), H5P_DEFAULT, H5P_DEFAULT),
      close_dataset, "create the dataset", place);
  check(H5Dwrite(made.id(), type.id(), H5S_ALL, H5S_ALL, transfer_.id(), buffer.data()), "write", place);
}

std::map<std::string, AttributeValue> File::attributes(std::string_view object) const {
  const std::string place = where(object);
  const Handle handle = own(H5Oopen(file_.id(), std::string(object).c_str(), H5P_DEFAULT), close_object, "open", place);
  std::vector<std::string> names;
  const auto visit = [](hid_t, const char* name, const H5A_info_t*, void* data) -> herr_t {
    static_cast<std::vector<std::string>*>(data)->emplace_back(name);
    return 0;
  };
  check(H5Aiterate2(handle.id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, visit, &names), "list attributes", place);
  std::map<std::string, AttributeValue> values;
  for (const std::string& name : names) {
    if (auto value = attribute(object, name)) values.emplace(name, std::move(*value));
  }
  return values;
}

std::optional<AttributeValue> File::attribute(std::string_view object, std::string_view name) const {
  const std::string place = where(object) + "@" + std::string(name);
  const std::string object_name(object);
  const std::string attribute_name(name);
  if (H5Aexists_by_name(file_.id(), object_name.c_str(), attribute_name.c_str(), H5P_DEFAULT) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    return std::nullopt;
  }
  const Handle handle =
      own(H5Aopen_by_name(file_.id(), object_name.c_str(), attribute_name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
          close_attribute, "open the attribute", place);
  return read_attribute(handle.id(), place);
}

void File::write_attribute(std::string_view object, std::string_view name, const AttributeValue& value) {
  const std::string place = where(object) + "@" + std::string(name);
  const Handle owner = own(H5Oopen(file_.id(), std::string(object).c_str(), H5P_DEFAULT), close_object, "open", place);
  const std::string attribute_name(name);
  if (H5Aexists(owner.id(), attribute_name.c_str()) > 0) {
    check(H5Adelete(owner.id(), attribute_name.c_str()), "replace the attribute", place);
  }
  const auto* text = std::get_if<std::string>(&value);
  const auto* integer = std::get_if<std::int64_t>(&value);
  Handle type = own(H5Tcopy(text != nullptr      ? H5T_C_S1
                            : integer != nullptr ? H5T_STD_I64LE
                                                 : H5T_IEEE_F64LE),
                    close_type, "make a type", place);
  if (text != nullptr) {
    check(H5Tset_size(type.id(), std::max<std::size_t>(text->size(), 1)), "make a type", place);
    check(H5Tset_strpad(type.id(), H5T_STR_NULLPAD), "make a type", place);
    check(H5Tset_cset(type.id(), H5T_CSET_UTF8), "make a type", place);
  }
  const Handle space = own(H5Screate(H5S_SCALAR), close_space, "make a dataspace", place);
  const Handle made =
      own(H5Acreate2(owner.id(), attribute_name.c_str(), type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT),
          close_attribute, "create the attribute", place);
  const void* data = text != nullptr      ? static_cast<const void*>(text->c_str())
                     : integer != nullptr ? static_cast<const void*>(integer)
                                          : static_cast<const void*>(&std::get<double>(value));
  check(H5Awrite(made.id(), type.id(), data), "write the attribute", place);
}

void File::flush() { check(H5Fflush(file_.id(), H5F_SCOPE_GLOBAL), "flush", path_); }

void File::close() {
  if (!file_) return;
  check(H5Fclose(file_.release()), "close", path_);
}

std::string to_text(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  return fmt::format("{}", std::get<double>(value));
}

std::optional<double> to_number(const AttributeValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const auto& text = std::get<std::string>(value);
  double number = 0.0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

std::string library_version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

#define COMAP_H5_INSTANTIATE(T)                                               \
  template void Dataset::read<T>(const Slab&, std::span<T>) const;            \
  template void Dataset::write<T>(const Slab&, std::span<const T>) const;     \
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
