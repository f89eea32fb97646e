#include "map/plan/extent_of_all.hpp"

#include <cstring>
#include <vector>

namespace comap {

PointingExtent extent_of_all(const PointingExtent& mine, const Communicator& ranks) {
  const std::vector<double> numbers = mine.serialize();
  Bytes bytes(numbers.size() * sizeof(double));
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  PointingExtent all;
  for (const Bytes& of_rank : ranks.all_gather(bytes)) {
    std::vector<double> received(of_rank.size() / sizeof(double));
    std::memcpy(received.data(), of_rank.data(), of_rank.size());
    all.combine(PointingExtent::deserialize(received));
  }
  return all;
}

}  // namespace comap
