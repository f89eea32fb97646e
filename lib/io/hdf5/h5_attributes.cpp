#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/text.hpp"
#include "io/hdf5/h5_internal.hpp"

namespace comap::h5 {
namespace {

/// The text of a string of fixed length.
std::string without_padding(std::string text) {
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
  for (std::size_t i = 0; i < n; ++i) values.push_back(without_padding(buffer.substr(i * width, width)));
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

}  // namespace

std::vector<std::string> File::read_strings(std::string_view dataset) const {
  const Dataset opened = open(dataset);
  const std::string place = where(dataset);
  if (opened.info().kind != Kind::text) throw IoError(place + ": holds no text");
  double bytes = static_cast<double>(opened.info().element_bytes);
  for (const std::uint64_t length : opened.info().extent) bytes *= static_cast<double>(length);
  require_plausible(bytes, opened.info(), path_, place);
  const Handle type = own(H5Dget_type(opened.id()), close_type, "read the type", place);
  const Handle space = own(H5Dget_space(opened.id()), close_space, "read the shape", place);
  return read_text(
      type.id(), space.id(),
      [&](hid_t memory, void* out) {
        return H5Dread(opened.id(), memory, H5S_ALL, H5S_ALL, transfer_.properties.id(), out);
      },
      place);
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
  const Handle creation = own(H5Pcreate(H5P_DATASET_CREATE), close_properties, "make properties", place);
  check(H5Pset_obj_track_times(creation.id(), false), "set properties", place);
  const Handle made = own(H5Dcreate2(file_.id(), std::string(dataset).c_str(), type.id(), space.id(), links.id(),
                                     creation.id(), H5P_DEFAULT),
                          close_dataset, "create the dataset", place);
  check(H5Dwrite(made.id(), type.id(), H5S_ALL, H5S_ALL, transfer_.properties.id(), buffer.data()), "write", place);
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
    // Variable length, which h5py gives to the user as text; of fixed length it would be bytes.
    check(H5Tset_size(type.id(), H5T_VARIABLE), "make a type", place);
    check(H5Tset_cset(type.id(), H5T_CSET_UTF8), "make a type", place);
  }
  const Handle space = own(H5Screate(H5S_SCALAR), close_space, "make a dataspace", place);
  const Handle made =
      own(H5Acreate2(owner.id(), attribute_name.c_str(), type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT),
          close_attribute, "create the attribute", place);
  const char* characters = text != nullptr ? text->c_str() : nullptr;
  const void* data = text != nullptr      ? static_cast<const void*>(&characters)
                     : integer != nullptr ? static_cast<const void*>(integer)
                                          : static_cast<const void*>(&std::get<double>(value));
  check(H5Awrite(made.id(), type.id(), data), "write the attribute", place);
}

std::string to_text(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  return fmt::format("{}", std::get<double>(value));
}

std::string attribute_text(const std::map<std::string, AttributeValue>& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? "" : to_text(found->second);
}

std::optional<double> to_number(const AttributeValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const std::string_view text = trimmed(std::get<std::string>(value));
  double number = 0.0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

std::optional<std::int64_t> to_integer(const AttributeValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  constexpr double kLargest = 9.0e15;  // beyond it a double no longer holds every whole number
  const auto number = to_number(value);
  if (!number || !(std::abs(*number) <= kLargest) || std::floor(*number) != *number) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

}  // namespace comap::h5
