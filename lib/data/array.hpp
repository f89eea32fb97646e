#pragma once
/// \file
/// Arrays that know their shape: `View` looks at elements that somebody else owns, `Array` owns them. Row-major, the
/// last axis is contiguous. Indices may be of any integer type; in builds without NDEBUG each is checked.

#include <algorithm>
#include <array>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace comap {

/// Positions and lengths in arrays.
using Index = std::int64_t;

template <std::size_t N>
using Shape = std::array<Index, N>;

/// Lengths of any integer type.
template <std::integral... I>
constexpr Shape<sizeof...(I)> shape_of(I... length) {
  return {static_cast<Index>(length)...};
}

template <std::size_t N>
constexpr Index n_elements(const Shape<N>& shape) {
  Index product = 1;
  for (const Index length : shape) product *= length;
  return product;
}

/// Elements [axis 0]...[axis N - 1] of somebody else; T const or not. Passed by value.
template <typename T, std::size_t N>
class View {
 public:
  View() = default;
  View(T* data, const Shape<N>& shape) : data_(data), shape_(shape) {}
  /// A view that promises not to change what it sees.
  template <typename Other>
  requires(std::is_const_v<T>&& std::same_as<Other, std::remove_const_t<T>>) explicit(false)
      View(const View<Other, N>& other)
      : data_(other.data()), shape_(other.shape()) {}

  T* data() const { return data_; }
  const Shape<N>& shape() const { return shape_; }
  Index shape(std::size_t axis) const { return shape_[axis]; }
  Index size() const { return n_elements(shape_); }
  bool empty() const { return size() == 0; }

  template <std::integral... I>
  requires(sizeof...(I) == N) T& operator()(I... index) const { return data_[offset(index...)]; }

  /// The part of the array at fixed first indices: view(band) is the matrix of one band, view(band, scan) its row.
  template <std::integral... I>
  requires(sizeof...(I) > 0 && sizeof...(I) < N) View<T, N - sizeof...(I)>
  operator()(I... index) const {
    Shape<N - sizeof...(I)> rest;
    std::copy_n(shape_.begin() + sizeof...(I), rest.size(), rest.begin());
    return {data_ + offset(index...) * n_elements(rest), rest};
  }

  /// All elements in order.
  std::span<T> flat() const { return {data_, static_cast<std::size_t>(size())}; }
  /// The row at fixed indices of all axes but the last.
  template <std::integral... I>
  requires(sizeof...(I) + 1 == N) std::span<T> row(I... index)
  const {
    const auto length = static_cast<std::size_t>(shape_[N - 1]);
    if constexpr (N == 1) {
      return {data_, length};
    } else {
      return {data_ + offset(index...) * shape_[N - 1], length};
    }
  }
  /// Elements [start, start + length) of a row.
  template <std::integral... I>
  requires(sizeof...(I) + 1 == N) std::span<T> piece(Index start, Index length, I... index)
  const {
    assert(start >= 0 && length >= 0 && start + length <= shape_[N - 1]);
    return row(index...).subspan(start, length);
  }

 private:
  template <typename... I>
  Index offset(I... index) const {
    Index sum = 0;
    std::size_t axis = 0;
    (..., [&](Index i) {
      assert(i >= 0 && i < shape_[axis]);
      sum = sum * shape_[axis++] + i;
    }(static_cast<Index>(index)));
    return sum;
  }

  T* data_ = nullptr;
  Shape<N> shape_{};
};

/// Elements [axis 0]...[axis N - 1] of one's own. Copied with its elements.
template <typename T, std::size_t N>
class Array {
 public:
  Array() = default;
  explicit Array(const Shape<N>& shape, T value = T()) : shape_(shape), values_(count(shape), value) {}
  /// Takes over `values`, of which there must be as many as the shape has elements.
  Array(const Shape<N>& shape, std::vector<T> values) : shape_(shape), values_(std::move(values)) {
    assert(values_.size() == count(shape));
  }

  /// A list.
  explicit Array(std::vector<T> values) requires(N == 1) : shape_{std::ssize(values)}, values_(std::move(values)) {}
  /// A copy.
  explicit Array(View<const T, N> from) : shape_(from.shape()), values_(from.flat().begin(), from.flat().end()) {}

  const Shape<N>& shape() const { return shape_; }
  Index shape(std::size_t axis) const { return shape_[axis]; }
  Index size() const { return static_cast<Index>(values_.size()); }
  bool empty() const { return values_.empty(); }

  View<T, N> view() { return {values_.data(), shape_}; }
  View<const T, N> view() const { return {values_.data(), shape_}; }
  explicit(false) operator View<T, N>() { return view(); }
  explicit(false) operator View<const T, N>() const { return view(); }

  template <std::integral... I>
  decltype(auto) operator()(I... index) {
    return view()(index...);
  }
  template <std::integral... I>
  decltype(auto) operator()(I... index) const {
    return view()(index...);
  }
  template <std::integral... I>
  std::span<T> row(I... index) {
    return view().row(index...);
  }
  template <std::integral... I>
  std::span<const T> row(I... index) const {
    return view().row(index...);
  }
  std::span<T> flat() { return values_; }
  std::span<const T> flat() const { return values_; }
  void fill(T value) { std::ranges::fill(values_, value); }

  /// Gives the elements away.
  std::vector<T> take() && { return std::move(values_); }

 private:
  static std::size_t count(const Shape<N>& shape) { return static_cast<std::size_t>(n_elements(shape)); }

  Shape<N> shape_{};
  std::vector<T> values_;
};

}  // namespace comap
