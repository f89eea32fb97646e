#pragma once
/// \file
/// A Level-1 file whose datasets are checked as they are read; only for the sources that read its metadata.

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "data/trouble.hpp"
#include "io/hdf5/h5.hpp"

namespace comap {

struct Level1Metadata;

/// Knows which dataset is wrong, for those who list problems.
class DatasetError final : public ObservationError {
 public:
  DatasetError(const std::string& path, std::string_view dataset, std::string_view what)
      : ObservationError(fmt::format("{}: {}: {}", path, dataset, what)),
        problem_{std::string(dataset), std::string(what)} {}
  const Level1Problem& problem() const { return problem_; }

 private:
  Level1Problem problem_;
};

/// Reads datasets and says which one is not what it must be.
class CheckedFile {
 public:
  explicit CheckedFile(const std::string& path) : file_(h5::File::open_read(path)) {}

  const h5::File& file() const { return file_; }

  [[noreturn]] void fail(std::string_view dataset, std::string_view what) const {
    throw DatasetError(file_.path(), dataset, what);
  }

  bool has(std::string_view dataset) const { return file_.exists(dataset) && file_.is_dataset(dataset); }

  h5::DatasetInfo info(std::string_view dataset, bool integers_only = false) const {
    if (!has(dataset)) fail(dataset, "the dataset is missing; a Level-1 file must have it");
    h5::DatasetInfo info = file_.info(dataset);
    const bool number = info.kind == h5::Kind::integer || (info.kind == h5::Kind::floating && !integers_only);
    if (!number) fail(dataset, integers_only ? "expected integers" : "expected numbers");
    return info;
  }

  void expect_extent(std::string_view dataset, const h5::Extent& found, const h5::Extent& expected) const {
    if (found == expected) return;
    fail(dataset, fmt::format("has the shape [{}], expected [{}]", fmt::join(found, ", "), fmt::join(expected, ", ")));
  }

  template <typename T>
  std::vector<T> read(std::string_view dataset, const h5::Extent& expected, bool integers_only = false) const {
    expect_extent(dataset, info(dataset, integers_only).extent, expected);
    return file_.read<T>(dataset);
  }

  /// A dataset of one axis, of any length but 0.
  template <typename T>
  std::vector<T> read_column(std::string_view dataset, bool integers_only = false) const {
    const h5::DatasetInfo found = info(dataset, integers_only);
    if (found.extent.size() != 1) fail(dataset, fmt::format("has {} axes, expected one", found.extent.size()));
    if (found.extent[0] == 0) fail(dataset, "is empty");
    return file_.read<T>(dataset);
  }

 private:
  h5::File file_;
};

/// Readers of housekeeping. Throw DatasetError.
void read_vane(const CheckedFile& in, Level1Metadata& metadata);
void read_frame(const CheckedFile& in, Level1Metadata& metadata);
/// Optional: one number for each row, 0.01 degrees Celsius.
void read_weather(const CheckedFile& in, Level1Metadata& metadata);
void read_tracker(const CheckedFile& in, Level1Metadata& metadata);
/// Puts the rows in order of time, when all columns are there.
void sort_housekeeping(const CheckedFile& in, Level1Metadata& metadata);

}  // namespace comap
