#pragma once
/// \file
/// Arrays that stages make, by the dataset under which they are written.

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "data/array.hpp"
#include "data/level2_datasets.hpp"
#include "data/trouble.hpp"

namespace comap {

/// Arrays of an observation, or those of one feed: its part of each dataset, without the feed axis.
class ProductTable {
 public:
  using Values =
      std::variant<std::vector<float>, std::vector<double>, std::vector<std::int64_t>, std::vector<std::uint8_t>>;
  struct Product {
    Values values;
    std::vector<Index> shape;

    static auto members(auto& x) { return std::tie(x.values, x.shape); }
  };

  template <typename T, std::size_t N>
  void set(const level2::ArrayDataset<T, N>& dataset, Array<T, N> array) {
    std::vector<Index> shape(array.shape().begin(), array.shape().end());
    set(dataset.path, {std::move(array).take(), std::move(shape)});
  }
  /// Throws Bug when it is missing or has another number of axes.
  template <typename T, std::size_t N>
  View<const T, N> get(const level2::ArrayDataset<T, N>& dataset) const {
    Shape<N> shape;
    const auto& values = std::get<std::vector<T>>(checked(dataset.path, dataset.type, N, shape.data()).values);
    return {values.data(), shape};
  }
  /// The same elements in order.
  template <typename T, std::size_t N>
  std::span<const T> flat(const level2::ArrayDataset<T, N>& dataset) const {
    return get(dataset).flat();
  }

  void set(std::string_view path, Product product) {
    products_.insert_or_assign(std::string(path), std::move(product));
  }
  void erase(std::string_view path);
  bool contains(std::string_view path) const { return products_.find(path) != products_.end(); }
  /// Throws Bug when it is missing.
  const Product& product(std::string_view path) const;
  const std::map<std::string, Product, std::less<>>& all() const { return products_; }

  /// Found wrong with this feed by the stages.
  std::vector<Trouble> troubles;

  static auto members(auto& x) { return std::tie(x.products_, x.troubles); }

 private:
  const Product& checked(std::string_view path, ElementType type, std::size_t n_axes, Index* shape) const;

  std::map<std::string, Product, std::less<>> products_;
};

}  // namespace comap
