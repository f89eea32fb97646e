#include "stages/product_table.hpp"

#include <fmt/core.h>

#include "core/error.hpp"

namespace comap {
namespace {

ElementType type_of(const ProductTable::Values& values) {
  return std::visit([]<typename T>(const std::vector<T>&) { return element_type<T>(); }, values);
}

}  // namespace

void ProductTable::erase(std::string_view path) {
  if (const auto found = products_.find(path); found != products_.end()) products_.erase(found);
}

const ProductTable::Product& ProductTable::product(std::string_view path) const {
  const auto found = products_.find(path);
  if (found == products_.end()) throw Bug(fmt::format("no stage has made '{}'", path));
  return found->second;
}

const ProductTable::Product& ProductTable::checked(std::string_view path, ElementType type, std::size_t n_axes,
                                                   Index* shape) const {
  const Product& found = product(path);
  if (type_of(found.values) != type || found.shape.size() != n_axes) {
    throw Bug(fmt::format("'{}' holds another type or shape than its dataset", path));
  }
  std::ranges::copy(found.shape, shape);
  return found;
}

}  // namespace comap
