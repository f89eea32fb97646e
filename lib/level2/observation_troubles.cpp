#include "level2/observation_troubles.hpp"

#include <algorithm>
#include <iterator>

namespace comap {

std::vector<Trouble> observation_troubles(const ObservationContext& observation, const StageSelection& running,
                                          const std::vector<FeedResult>& feeds, const std::vector<Trouble>& earlier) {
  std::vector<Trouble> all = observation.troubles;
  std::vector<int> numbers;
  std::vector<ProductTable> products;
  for (const FeedResult& feed : feeds) {
    numbers.push_back(feed.feed);
    products.push_back(feed.products);
    std::ranges::copy(feed.products.troubles, std::back_inserter(all));
  }
  for (const Stage* stage : running) {
    std::ranges::move(stage->compare_feeds(observation, numbers, products), std::back_inserter(all));
  }
  const auto runs = [&](const Trouble& trouble) {
    return std::ranges::find(running, trouble.stage, &Stage::name) != running.end();
  };
  std::ranges::copy_if(earlier, std::back_inserter(all), [&](const Trouble& trouble) { return !runs(trouble); });
  return merged(all);
}

std::string why_no_samples(const std::vector<Trouble>& troubles) {
  std::string why;
  for (const Trouble& trouble : troubles) {
    if (trouble.dataset == "spectrometer/tod") why += "; " + describe(trouble);
  }
  return why;
}

}  // namespace comap
