#pragma once
/// \file
/// Named arrays: what stages make, by the dataset path under which it is written.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "data/trouble.hpp"

namespace comap {

/// Arrays by dataset path. For feed products an array is one feed's row of the dataset, without the feed axis.
class ProductTable {
 public:
  using Array =
      std::variant<std::vector<float>, std::vector<double>, std::vector<std::int64_t>, std::vector<std::uint8_t>>;

  void set(std::string_view path, Array values);
  void erase(std::string_view path);
  bool contains(std::string_view path) const;
  /// Throws Bug when it is missing or of another type.
  template <typename T>
  std::span<const T> get(std::string_view path) const;
  const Array& array(std::string_view path) const;
  const std::map<std::string, Array, std::less<>>& all() const { return arrays_; }

  /// What the stages have found wrong with this feed.
  std::vector<Trouble> troubles;

  static auto members(auto& x) { return std::tie(x.arrays_, x.troubles); }

 private:
  std::map<std::string, Array, std::less<>> arrays_;
};

}  // namespace comap
