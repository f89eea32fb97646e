#pragma once
/// \file
/// Which samples belong to which offset.

#include <cstdint>
#include <vector>

#include "destripe/destriper.hpp"

namespace comap {

/// Offsets of one rank, segment after segment. The last offset of a segment may be shorter.
struct OffsetLayout {
  int offset_length = 0;                     ///< samples
  std::vector<std::size_t> first_offset{0};  ///< [segment + 1]

  std::size_t n_offsets() const { return first_offset.back(); }
  std::size_t n_offsets(std::size_t segment) const { return first_offset[segment + 1] - first_offset[segment]; }
  std::size_t n_segments() const { return first_offset.size() - 1; }
};

OffsetLayout make_offset_layout(const std::vector<DestriperSegment>& segments, int offset_length);

}  // namespace comap
