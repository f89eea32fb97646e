#include "stages/product_table.hpp"

#include <fmt/core.h>

#include "core/error.hpp"

namespace comap {

void ProductTable::set(std::string_view path, Array values) {
  arrays_.insert_or_assign(std::string(path), std::move(values));
}

void ProductTable::erase(std::string_view path) {
  if (const auto found = arrays_.find(path); found != arrays_.end()) arrays_.erase(found);
}

bool ProductTable::contains(std::string_view path) const { return arrays_.find(path) != arrays_.end(); }

const ProductTable::Array& ProductTable::array(std::string_view path) const {
  const auto found = arrays_.find(path);
  if (found == arrays_.end()) throw Bug(fmt::format("no stage has made '{}'", path));
  return found->second;
}

template <typename T>
std::span<const T> ProductTable::get(std::string_view path) const {
  const auto* values = std::get_if<std::vector<T>>(&array(path));
  if (values == nullptr) throw Bug(fmt::format("'{}' holds another type than asked for", path));
  return *values;
}

template std::span<const float> ProductTable::get<float>(std::string_view) const;
template std::span<const double> ProductTable::get<double>(std::string_view) const;
template std::span<const std::int64_t> ProductTable::get<std::int64_t>(std::string_view) const;
template std::span<const std::uint8_t> ProductTable::get<std::uint8_t>(std::string_view) const;

}  // namespace comap
