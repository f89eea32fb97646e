#include "level2/product_gather.hpp"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/json_bytes.hpp"

namespace comap {
namespace {

void append(Bytes& bytes, const void* data, std::size_t size) {
  const auto* first = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), first, first + size);
}

void append_number(Bytes& bytes, std::uint64_t number) { append(bytes, &number, sizeof number); }

void append_result(Bytes& bytes, const FeedResult& result) {
  append_number(bytes, static_cast<std::uint64_t>(result.feed));
  const std::string troubles = json_text(to_json(result.products.troubles));
  append_number(bytes, troubles.size());
  append(bytes, troubles.data(), troubles.size());
  append_number(bytes, result.products.all().size());
  for (const auto& [path, product] : result.products.all()) {
    append_number(bytes, path.size());
    append(bytes, path.data(), path.size());
    append_number(bytes, product.shape.size());
    append(bytes, product.shape.data(), std::span(product.shape).size_bytes());
    append_number(bytes, product.values.index());
    std::visit(
        [&](const auto& values) {
          append_number(bytes, values.size());
          append(bytes, values.data(), std::span(values).size_bytes());
        },
        product.values);
  }
}

/// Takes apart what append_result put together.
class Parser {
 public:
  explicit Parser(const Bytes& bytes) : rest_(bytes) {}
  bool done() const { return rest_.empty(); }

  FeedResult result() {
    FeedResult made;
    made.feed = static_cast<int>(number());
    made.products.troubles = troubles_from_json(nlohmann::json::parse(text()));
    const std::uint64_t n_arrays = number();
    for (std::uint64_t i = 0; i < n_arrays; ++i) {
      const std::string path = text();
      std::vector<Index> shape = values<Index>();
      ProductTable::Values of_product = array(number());
      made.products.set(path, {std::move(of_product), std::move(shape)});
    }
    return made;
  }

 private:
  std::uint64_t number() {
    std::uint64_t value = 0;
    take(&value, sizeof value);
    return value;
  }
  std::string text() {
    std::string taken(number(), '\0');
    take(taken.data(), taken.size());
    return taken;
  }
  void take(void* target, std::size_t size) {
    if (size > 0) std::memcpy(target, rest_.data(), size);
    rest_ = rest_.subspan(size);
  }
  template <typename T>
  std::vector<T> values() {
    std::vector<T> made(number());
    take(made.data(), made.size() * sizeof(T));
    return made;
  }
  ProductTable::Values array(std::uint64_t index) {
    switch (index) {
      case 0:
        return values<float>();
      case 1:
        return values<double>();
      case 2:
        return values<std::int64_t>();
      default:
        return values<std::uint8_t>();
    }
  }

  std::span<const std::byte> rest_;
};

}  // namespace

std::vector<FeedResult> gather_feed_results(const std::vector<FeedResult>& mine, const Communicator& team) {
  Bytes bytes;
  for (const FeedResult& result : mine) append_result(bytes, result);
  std::vector<Bytes> to(static_cast<std::size_t>(team.size()));
  to[0] = std::move(bytes);
  std::vector<FeedResult> all;
  for (const Bytes& from : team.all_to_all(to)) {
    for (Parser parser(from); !parser.done();) all.push_back(parser.result());
  }
  std::ranges::sort(all, {}, &FeedResult::feed);
  return all;
}

}  // namespace comap
