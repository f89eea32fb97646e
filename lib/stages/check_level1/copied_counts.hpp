#pragma once
/// \file
/// Bands, feeds and scans that hold the same counts, bit for bit: copies of one recording.

#include <cstdint>
#include <vector>

#include "data/trouble.hpp"
#include "stages/feed_block.hpp"
#include "stages/product_table.hpp"

namespace comap {

/// Product of a feed that no stage declares and so is not written: signatures [scan][band], 0 = none.
inline constexpr level2::ArrayDataset<std::int64_t, 2> kCountSignatures{"check_level1/count_signatures",
                                                                        {level2::Axis::scan, level2::Axis::band},
                                                                        "",
                                                                        "check_level1",
                                                                        "signatures of counts"};

/// A number for some counts at the start of a block, the same for the same counts. 0 where they are constant or too
/// few of them are finite: such blocks are alike without being copies. The block must be as it is in the file.
std::int64_t count_signature(const FeedBlock& block);

/// Blocks of `feeds` with the signature of an earlier one. `products` may lack signatures.
std::vector<Trouble> find_copied_counts(const std::vector<int>& feeds, const std::vector<ProductTable>& products);

}  // namespace comap
