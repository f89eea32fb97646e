#pragma once
/// \file
/// Shared by the sources of io/hdf5/h5.hpp. Includes hdf5.h: not for anybody else.

#include <hdf5.h>

#include <string>
#include <vector>

#include "core/error.hpp"
#include "io/hdf5/h5.hpp"

namespace comap::h5 {

static_assert(sizeof(hid_t) == sizeof(Id));

/// Keeps HDF5 from printing its errors: they become exceptions.
void silence_library();

/// Throws IoError "where: cannot action: reason" with the reason from the HDF5 error stack.
[[noreturn]] void fail(const std::string& action, const std::string& where);

/// After a question whether something is there that has no answer: throws IoError as fail() when that is for an error
/// of reading. Other reasons, such as a link that leads nowhere, mean that it is not there.
void check_unreadable(const std::string& where);

/// Passes a result on; a negative one is thrown.
template <typename Result>
Result check(Result result, const char* action, const std::string& where) {
  if (result < 0) fail(action, where);
  return result;
}

/// The same for a transfer of an object or file.
void check_transfer(herr_t status, const Transfer::AfterFailure& after_failure, hid_t object, const char* action,
                    const std::string& where);

/// Takes an identifier over; a negative one is thrown.
Handle own(hid_t id, Handle::Closer closer, const char* action, const std::string& where);

/// H5Fclose, for Handle; remembers a failure for has_broken_files().
int close_file(Id file);
inline int close_dataset(Id id) { return H5Dclose(id); }
inline int close_group(Id id) { return H5Gclose(id); }
inline int close_object(Id id) { return H5Oclose(id); }
inline int close_space(Id id) { return H5Sclose(id); }
inline int close_type(Id id) { return H5Tclose(id); }
inline int close_attribute(Id id) { return H5Aclose(id); }
inline int close_properties(Id id) { return H5Pclose(id); }

template <typename T>
hid_t memory_type();
template <>
inline hid_t memory_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
inline hid_t memory_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
inline hid_t memory_type<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
inline hid_t memory_type<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
inline hid_t memory_type<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}

template <typename T>
StoredType stored_type();
template <>
inline StoredType stored_type<float>() {
  return StoredType::float32;
}
template <>
inline StoredType stored_type<double>() {
  return StoredType::float64;
}
template <>
inline StoredType stored_type<std::int64_t>() {
  return StoredType::int64;
}
template <>
inline StoredType stored_type<std::int32_t>() {
  return StoredType::int32;
}
template <>
inline StoredType stored_type<std::uint8_t>() {
  return StoredType::uint8;
}

hid_t file_type(StoredType type);
Kind kind_of(hid_t type);
DatasetInfo dataset_info(hid_t dataset, const std::string& where);

/// Values on the disk are smaller by filters (noise packs 1.2 : 1, NaN but for one of 20 feeds 24 : 1) and by file
/// systems that compress or keep holes, but not more than this.
inline constexpr double kMostCompressed = 50.0;

/// Throws IoError when `bytes` of memory are wanted for values of which the file cannot hold a reasonable part, or when
/// there is no such memory: what the header of a damaged or malicious file promises.
void require_plausible(double bytes, const DatasetInfo& info, const std::string& path, const std::string& where);

/// Link properties with which groups on the way are made, too.
Handle link_properties(const std::string& where);

/// Creation properties of a dataset: layout, fill value, filters.
Handle creation_properties(const DatasetSpec& spec, const std::string& where);

}  // namespace comap::h5
