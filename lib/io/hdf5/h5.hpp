#pragma once
/// \file
/// The only door to HDF5: RAII handles, exceptions with file and dataset, no hdf5.h for those who include this.
///
/// A File is opened serially here or with the MPI-IO driver by mpi/parallel_file. In a parallel file every function
/// of File and Dataset is collective over the team; ranks without a share of a slab pass an empty one.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "data/level2_datasets.hpp"

namespace comap::h5 {

using Id = std::int64_t;  ///< hid_t
using Extent = std::vector<std::uint64_t>;

/// Owns one HDF5 identifier.
class Handle {
 public:
  using Closer = int (*)(Id);
  Handle() = default;
  Handle(Id id, Closer closer) : id_(id), closer_(closer) {}
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { reset(); }
  Id id() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  void reset() noexcept;
  /// Gives the identifier away; the caller closes it.
  Id release() noexcept { return std::exchange(id_, -1); }

 private:
  Id id_ = -1;
  Closer closer_ = nullptr;
};

/// How data are moved between file and memory.
struct Transfer {
  /// Called with a file or an object in it where a transfer failed: in a parallel file the other ranks, for which it
  /// succeeded, are still inside HDF5 and wait for this one there.
  using AfterFailure = std::function<void(Id)>;

  Handle properties;
  AfterFailure after_failure = {};
};

/// Whether a file could not be closed in this process, as on a full disk. HDF5 crashes when it closes such a file once
/// more at the end of MPI or of the process.
bool has_broken_files();

/// Part of a dataset: start and count along every axis. A count of 0 selects nothing.
struct Slab {
  Extent start;
  Extent count;
  std::uint64_t size() const;
  static Slab all(const Extent& extent) { return {Extent(extent.size(), 0), extent}; }
  static Slab none(std::size_t n_axes) { return {Extent(n_axes, 0), Extent(n_axes, 0)}; }
};

enum class Kind { integer, floating, text, other };
using StoredType = ElementType;

struct DatasetInfo {
  Kind kind = Kind::other;
  std::size_t element_bytes = 0;
  Extent extent;
  Extent chunk;                              ///< empty when contiguous
  std::optional<std::uint64_t> file_offset;  ///< of a contiguous dataset [bytes]
  bool deflate = false;                      ///< filtered by gzip, or by shuffle and gzip, and by nothing else
  bool shuffle = false;
  bool native_float32 = false;  ///< stored as a `float` is in memory, byte order included
  std::uint64_t storage_bytes = 0;
};

/// How a dataset is created. Floating types are filled with NaN, integers with 0, unless said otherwise.
struct DatasetSpec {
  StoredType type = StoredType::float64;
  Extent extent;
  Extent chunk;               ///< empty = contiguous; needed for checksum and compression
  bool checksum = false;      ///< fletcher32
  int compression = 0;        ///< gzip level
  bool fill_zero = false;     ///< fill with 0 instead of NaN
  bool written_once = false;  ///< serial files: every element will be written, nothing is filled or laid out before
  std::string unit;           ///< attribute `unit`, when not empty
};

/// Scalars or one-element arrays of numbers and strings of any kind come as one of these.
using AttributeValue = std::variant<std::int64_t, double, std::string>;

/// An open dataset, for repeated reads.
class Dataset {
 public:
  Dataset(Handle handle, std::string where, const Transfer& transfer);
  const DatasetInfo& info() const { return info_; }
  Id id() const { return handle_.id(); }

  /// Reads a slab into `values`, converting the number type. `values.size()` must be the size of the slab.
  /// Throws IoError naming file and dataset.
  template <typename T>
  void read(const Slab& slab, std::span<T> values) const;
  template <typename T>
  void write(const Slab& slab, std::span<const T> values) const;
  /// Takes part in a collective write without a share. A filtered dataset can only be written collectively when no
  /// rank converts numbers, so the type here is the stored one.
  void write_nothing() const;

  /// One chunk as it is stored (after its filters), independent of other ranks. `chunk_start` is the coordinate of
  /// its first element. Returns the filter mask: bit i set = filter i was skipped.
  std::uint32_t read_raw_chunk(const Extent& chunk_start, std::vector<std::byte>& bytes) const;

 private:
  Handle handle_;
  std::string where_;  ///< "file: dataset", for messages
  Id transfer_;
  Transfer::AfterFailure after_failure_;
  DatasetInfo info_;
};

class File {
 public:
  /// Opens a file for reading, without locks. Throws IoError; `can_pass()` for errors worth a retry.
  static File open_read(const std::string& path);
  static File open_write(const std::string& path);
  /// Creates a file; an existing one is overwritten.
  static File create(const std::string& path);
  /// With property lists made by mpi/parallel_file; both are taken over.
  static File open_read(const std::string& path, Handle access, Transfer transfer);
  static File open_write(const std::string& path, Handle access, Transfer transfer);
  static File create(const std::string& path, Handle access, Transfer transfer);

  const std::string& path() const { return path_; }
  /// Throws IoError when the file cannot be read there, which does not mean that nothing is there.
  bool exists(std::string_view object) const;
  /// Names of the members of a group, in order of name.
  std::vector<std::string> list(std::string_view group) const;
  bool is_dataset(std::string_view object) const;
  DatasetInfo info(std::string_view dataset) const;
  Dataset open(std::string_view dataset) const;

  template <typename T>
  std::vector<T> read(std::string_view dataset) const;
  template <typename T>
  std::vector<T> read(std::string_view dataset, const Slab& slab) const;
  std::vector<std::string> read_strings(std::string_view dataset) const;

  /// Creates the groups on the way.
  void create_group(std::string_view group);
  /// Creates groups on the way and writes the attribute `unit`.
  Dataset create_dataset(std::string_view dataset, const DatasetSpec& spec);
  /// Creates and writes a whole small dataset.
  template <typename T>
  void write(std::string_view dataset, const Extent& extent, std::span<const T> values, std::string_view unit = "");
  void write_strings(std::string_view dataset, const std::vector<std::string>& values);

  /// Unlinks a dataset or a group with everything in it; nothing happens when it is not there.
  void remove(std::string_view object);

  std::map<std::string, AttributeValue> attributes(std::string_view object) const;
  std::optional<AttributeValue> attribute(std::string_view object, std::string_view name) const;
  /// Replaces an attribute of the same name.
  void write_attribute(std::string_view object, std::string_view name, const AttributeValue& value);

  void flush();
  /// Closes now and reports what goes wrong, which a destructor cannot.
  void close();

 private:
  File(Handle file, std::string path, Transfer transfer);
  std::string where(std::string_view object) const;

  std::string path_;
  Transfer transfer_;
  Handle file_;
};

/// Text of an attribute whatever its type.
std::string to_text(const AttributeValue& value);
/// The text of the attribute of this name; empty where there is none.
std::string attribute_text(const std::map<std::string, AttributeValue>& attributes, const std::string& name);
/// Number of an attribute, also when it is stored as text; empty when it is none.
std::optional<double> to_number(const AttributeValue& value);
/// The same for whole numbers; empty when a double could not hold it exactly.
std::optional<std::int64_t> to_integer(const AttributeValue& value);

/// Version of the HDF5 library, e.g. "1.10.8".
std::string library_version();

}  // namespace comap::h5
