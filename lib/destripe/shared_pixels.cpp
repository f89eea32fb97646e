#include "destripe/shared_pixels.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

#include "core/message.hpp"

namespace comap {

namespace {

using PixelList = std::vector<std::int32_t>;

std::vector<PixelList> all_to_all(const std::vector<PixelList>& to, const Communicator& ranks) {
  std::vector<Bytes> bytes;
  std::ranges::transform(to, std::back_inserter(bytes), pack<PixelList>);
  std::vector<PixelList> result;
  for (const Bytes& from : ranks.all_to_all(bytes)) result.push_back(unpack<PixelList>(from));
  return result;
}

/// The rank that keeps the list of who hits a pixel. Blocks go round, so that a small field is spread evenly.
std::size_t directory_rank(std::int32_t pixel, std::size_t n_ranks) {
  constexpr std::int32_t kBlock = 64;
  return pixel / kBlock % n_ranks;
}

/// For the pixels that each rank asks about, in its order: the owner, one of the ranks that asked, chosen so that
/// owners of shared pixels are spread evenly.
std::vector<PixelList> choose_owners(const std::vector<PixelList>& asked) {
  struct Hit {
    std::int32_t pixel;
    std::int32_t rank;
    std::size_t position;
  };
  std::vector<Hit> hits;
  std::vector<PixelList> owners;
  for (std::size_t rank = 0; rank < asked.size(); ++rank) {
    owners.emplace_back(asked[rank].size());
    for (std::size_t i = 0; i < asked[rank].size(); ++i)
      hits.push_back({asked[rank][i], static_cast<std::int32_t>(rank), i});
  }
  std::ranges::sort(hits, {}, [](const Hit& hit) { return std::tuple(hit.pixel, hit.rank); });
  for (std::size_t begin = 0; begin < hits.size();) {
    std::size_t end = begin;
    while (end < hits.size() && hits[end].pixel == hits[begin].pixel) ++end;
    const std::size_t chosen = begin + directory_rank(hits[begin].pixel, end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      owners[hits[i].rank][hits[i].position] = hits[chosen].rank;
    }
    begin = end;
  }
  return owners;
}

/// The owner of each local pixel.
PixelList find_owners(const PixelList& map_pixels, const Communicator& ranks) {
  const std::size_t n_ranks = ranks.size();
  std::vector<PixelList> asked(n_ranks);
  for (const std::int32_t pixel : map_pixels) asked[directory_rank(pixel, n_ranks)].push_back(pixel);
  const std::vector<PixelList> answers = all_to_all(choose_owners(all_to_all(asked, ranks)), ranks);
  std::vector<std::size_t> next(n_ranks, 0);
  PixelList owners;
  owners.reserve(map_pixels.size());
  for (const std::int32_t pixel : map_pixels) {
    const std::size_t directory = directory_rank(pixel, n_ranks);
    owners.push_back(answers[directory][next[directory]++]);
  }
  return owners;
}

void pack(std::span<const double> values, std::size_t n_lanes, const PixelList& pixels, std::vector<double>& packed) {
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const std::size_t from = pixels[i] * n_lanes;
    for (std::size_t l = 0; l < n_lanes; ++l) packed[i * n_lanes + l] = values[from + l];
  }
}

/// into(value, received) for every lane of the pixels.
template <typename Into>
void unpack(const std::vector<double>& packed, std::size_t n_lanes, const PixelList& pixels, std::span<double> values,
            Into into) {
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const std::size_t to = pixels[i] * n_lanes;
    for (std::size_t l = 0; l < n_lanes; ++l) into(values[to + l], packed[i * n_lanes + l]);
  }
}

}  // namespace

SharedPixels::SharedPixels(const PixelNumbering& numbering, const Communicator& ranks) : ranks_(&ranks) {
  const PixelList map_pixels = numbering.map_pixels();
  owned_.assign(map_pixels.size(), 1);
  shared_.assign(map_pixels.size(), 0);
  if (ranks.size() == 1) return;
  const std::size_t n_ranks = ranks.size();
  const PixelList owners = find_owners(map_pixels, ranks);
  std::vector<PixelList> to_owner(n_ranks);
  std::vector<PixelList> to_owner_map_pixels(n_ranks);
  for (std::size_t pixel = 0; pixel < owners.size(); ++pixel) {
    if (owners[pixel] == ranks.rank()) continue;
    const std::size_t owner = owners[pixel];
    owned_[pixel] = 0;
    to_owner[owner].push_back(static_cast<std::int32_t>(pixel));
    to_owner_map_pixels[owner].push_back(map_pixels[pixel]);
  }
  const std::vector<PixelList> from_users = all_to_all(to_owner_map_pixels, ranks);
  for (std::size_t rank = 0; rank < n_ranks; ++rank) {
    if (to_owner[rank].empty() && from_users[rank].empty()) continue;
    Link link;
    link.to_owner = std::move(to_owner[rank]);
    for (const std::int32_t pixel : from_users[rank]) link.from_user.push_back(numbering.local(pixel));
    for (const std::int32_t pixel : link.to_owner) shared_[pixel] = 1;
    for (const std::int32_t pixel : link.from_user) shared_[pixel] = 1;
    neighbours_.push_back(static_cast<int>(rank));
    links_.push_back(std::move(link));
  }
}

void SharedPixels::resize_buffers(std::size_t n_lanes) {
  for (Link& link : links_) {
    link.to_owner_values.resize(link.to_owner.size() * n_lanes);
    link.from_user_values.resize(link.from_user.size() * n_lanes);
  }
}

template <typename Combine>
void SharedPixels::combine_at_owners(std::span<double> values, std::size_t n_lanes, const Meanwhile& meanwhile,
                                     Combine combine) {
  resize_buffers(n_lanes);
  std::vector<std::span<const double>> send;
  std::vector<std::span<double>> receive;
  for (Link& link : links_) {
    pack(values, n_lanes, link.to_owner, link.to_owner_values);
    send.emplace_back(link.to_owner_values);
    receive.emplace_back(link.from_user_values);
  }
  ranks_->exchange(neighbours_, send, receive, meanwhile);
  for (const Link& link : links_) {
    unpack(link.from_user_values, n_lanes, link.from_user, values,
           [&](double& value, double received) { value = combine(value, received); });
  }
}

void SharedPixels::return_from_owners(std::span<double> values, std::size_t n_lanes, const Meanwhile& meanwhile) {
  resize_buffers(n_lanes);
  std::vector<std::span<const double>> send;
  std::vector<std::span<double>> receive;
  for (Link& link : links_) {
    pack(values, n_lanes, link.from_user, link.from_user_values);
    send.emplace_back(link.from_user_values);
    receive.emplace_back(link.to_owner_values);
  }
  ranks_->exchange(neighbours_, send, receive, meanwhile);
  for (const Link& link : links_) {
    unpack(link.to_owner_values, n_lanes, link.to_owner, values,
           [](double& value, double received) { value = received; });
  }
}

void SharedPixels::sum_at_owners(std::span<double> values, std::size_t n_lanes, const Meanwhile& meanwhile) {
  combine_at_owners(values, n_lanes, meanwhile, std::plus<>());
}

void SharedPixels::sum(std::span<double> values, std::size_t n_lanes) {
  sum_at_owners(values, n_lanes);
  return_from_owners(values, n_lanes);
}

void SharedPixels::min(std::span<double> values) {
  combine_at_owners(
      values, 1, [] {}, [](double a, double b) { return std::min(a, b); });
  return_from_owners(values);
}

LaneValues SharedPixels::owned_products(std::size_t n_lanes, std::span<const double> x,
                                        std::span<const double> y) const {
  if (neighbours_.empty()) return lane_products(n_lanes, x, y);
  LaneValues sums{};
  const std::size_t n_pixels = owned_.size();
  with_lanes(n_lanes, [&](auto lanes) {
    std::array<double, lanes> even{}, odd{};
    for (std::size_t pixel = 0; pixel < n_pixels; ++pixel) {
      const double mine = owned_[pixel] != 0 ? 1.0 : 0.0;
      auto& sum = pixel % 2 == 0 ? even : odd;
      for (std::size_t l = 0; l < lanes; ++l) sum[l] += mine * x[pixel * lanes + l] * y[pixel * lanes + l];
    }
    for (std::size_t l = 0; l < lanes; ++l) sums[l] = even[l] + odd[l];
  });
  const LaneValues beyond = lane_products(n_lanes, x.subspan(n_pixels * n_lanes), y.subspan(n_pixels * n_lanes));
  for (std::size_t l = 0; l < n_lanes; ++l) sums[l] += beyond[l];
  return sums;
}

std::int64_t SharedPixels::n_shared() const { return std::ranges::count(shared_, 1); }

std::int64_t SharedPixels::n_sent_per_sum() const {
  std::int64_t sent = 0;
  for (const Link& link : links_) sent += std::ssize(link.to_owner) + std::ssize(link.from_user);
  return sent;
}

std::size_t SharedPixels::bytes() const {
  std::size_t bytes = owned_.size() + shared_.size();
  for (const Link& link : links_) {
    bytes += (link.to_owner.size() + link.from_user.size()) * sizeof(std::int32_t) +
             (link.to_owner_values.size() + link.from_user_values.size()) * sizeof(double);
  }
  return bytes;
}

}  // namespace comap
