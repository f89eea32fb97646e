#include "map/plan/extent_of_all.hpp"

#include "core/message.hpp"

namespace comap {

PointingExtent extent_of_all(const PointingExtent& mine, const Communicator& ranks) {
  PointingExtent all;
  for (const PointingExtent& of_rank : all_gather(ranks, mine)) all.combine(of_rank);
  return all;
}

}  // namespace comap
