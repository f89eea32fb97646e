#pragma once
/// \file
/// Level-1 files that are valid HDF5 but not what a Level-1 file must be, from a few bytes each.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace comap::fuzz {

/// How one dataset is written.
struct OddDataset {
  std::string name;
  int type = 0;  ///< number in the list of types
  std::vector<std::uint64_t> extent;
  std::vector<double> values;  ///< repeated where the shape needs more
  int chunk = 0;               ///< 0 = contiguous, otherwise the length of chunks along every axis but the last
  int last_chunk = 0;          ///< along the last axis
  int filters = 0;             ///< number in the list of filters
  bool written = true;         ///< false: storage is never allocated
  int raw_bytes = -1;          ///< >= 0: the first chunk is that many bytes of our own
  std::string link;            ///< not empty: a soft link to this instead
  bool is_group = false;
};

/// An attribute of the group `comap`.
struct OddAttribute {
  std::string name;
  int type = 0;
  double value = 0.0;
  std::string text;
  std::uint64_t n = 0;  ///< 0 = scalar
};

/// A good small file: 2 feeds, 2 channels, 40 samples, with a vane event and scans.
struct OddLevel1 {
  std::vector<OddDataset> datasets;
  std::vector<OddAttribute> attributes;
  bool has_group = true;  ///< `comap`

  OddLevel1();
  /// Edits of four bytes: which dataset or attribute, what is done to it, and two bytes more.
  void edit(const std::uint8_t* data, std::size_t size);
  /// What HDF5 refuses to write is left out.
  void write(const std::string& path) const;
};

}  // namespace comap::fuzz
