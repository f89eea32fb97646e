#include "io/hdf5/h5_internal.hpp"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>

#include "core/constants.hpp"
#include "core/memory.hpp"

namespace comap::h5 {
namespace {

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

void set_fill_value(hid_t creation, const DatasetSpec& spec, const std::string& where) {
  const bool floating = spec.type == StoredType::float32 || spec.type == StoredType::float64;
  const double fill = floating && !spec.fill_zero ? kNan : 0.0;
  const std::int64_t zero = 0;
  const void* value = floating ? static_cast<const void*>(&fill) : &zero;
  check(H5Pset_fill_value(creation, floating ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64, value), "set the fill value",
        where);
}

}  // namespace

void silence_library() {
  static const bool once = [] { return H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr) >= 0; }();
  (void)once;
}

void fail(const std::string& action, const std::string& where) {
  bool can_pass = false;
  const std::string reason = last_error(can_pass);
  throw IoError(fmt::format("{}: cannot {}: {}", where, action, reason), can_pass);
}

void check_unreadable(const std::string& where) {
  bool can_pass = false;
  const std::string reason = last_error(can_pass);
  const bool in_parallel = reason.find("_read_at") != std::string::npos;
  if (can_pass || in_parallel) throw IoError(fmt::format("{}: cannot be looked for: {}", where, reason), can_pass);
}

namespace {

bool a_close_failed = false;  // HDF5 keeps what it left undone for the process, too

}  // namespace

int close_file(hid_t file) {
  const herr_t status = H5Fclose(file);
  if (status < 0) a_close_failed = true;
  return status;
}

bool has_broken_files() { return a_close_failed; }

void check_transfer(herr_t status, const Transfer::AfterFailure& after_failure, hid_t object, const char* action,
                    const std::string& where) {
  if (status >= 0) return;
  try {
    fail(action, where);
  } catch (const IoError& error) {
    // HDF5's words for a collective step (..._read_at_all, ..._write_at_all) that failed here.
    constexpr std::string_view kAmongOthers = "_at_all failed";
    if (after_failure && std::string_view(error.what()).find(kAmongOthers) != std::string_view::npos) {
      after_failure(object);
    }
    throw;
  }
}

Handle own(hid_t id, Handle::Closer closer, const char* action, const std::string& where) {
  if (id < 0) fail(action, where);
  return {id, closer};
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

DatasetInfo dataset_info(hid_t dataset, const std::string& where) {
  DatasetInfo info;
  const Handle type = own(H5Dget_type(dataset), close_type, "read the type", where);
  const Handle space = own(H5Dget_space(dataset), close_space, "read the shape", where);
  const Handle creation = own(H5Dget_create_plist(dataset), close_properties, "read the layout", where);
  info.kind = kind_of(type.id());
  info.element_bytes = H5Tget_size(type.id());
  info.native_float32 = H5Tequal(type.id(), H5T_NATIVE_FLOAT) > 0;
  const int n_axes = check(H5Sget_simple_extent_ndims(space.id()), "read the shape", where);
  std::vector<hsize_t> extent(n_axes);
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

void require_plausible(double bytes, const DatasetInfo& info, const std::string& path, const std::string& where) {
  constexpr double kAlwaysBelieved = 64e6;
  constexpr double kBlockBytes = 512.0;  // of stat
  if (bytes <= kAlwaysBelieved) return;
  double stored = static_cast<double>(info.storage_bytes);
  struct stat status {};
  // A file system that has moved a file to tape says that it takes no blocks, until it is read.
  if (stat(path.c_str(), &status) == 0 && status.st_blocks > 0) {
    stored = std::min(stored, static_cast<double>(status.st_blocks) * kBlockBytes);
  }
  if (bytes > kMostCompressed * stored) {
    throw IoError(
        fmt::format("{}: its values would take {:.3g} GB of memory, and the file holds {:.3g} GB of them; "
                    "it is damaged or incomplete, fetch it again",
                    where, bytes * 1e-9, stored * 1e-9));
  }
  if (bytes > available_memory_bytes()) {
    throw IoError(fmt::format("{}: its values take {:.3g} GB, and there are {:.3g} GB of memory", where, bytes * 1e-9,
                              available_memory_bytes() * 1e-9));
  }
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

Handle link_properties(const std::string& where) {
  Handle properties = own(H5Pcreate(H5P_LINK_CREATE), close_properties, "make properties", where);
  check(H5Pset_create_intermediate_group(properties.id(), 1), "set properties", where);
  return properties;
}

std::string library_version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

}  // namespace comap::h5
