#pragma once
/// \file
/// A background that is fitted together with something else, stretch by stretch.

#include <cstddef>
#include <span>
#include <vector>

namespace comap {

/// Templates with an amplitude of their own in each stretch of a series. Taking them out of data and model alike leaves
/// the least-squares problem of everything else, however many stretches there are.
class Background {
 public:
  /// A constant and `templates` (each of length `n`, finite) over the samples [first, first + n). Stretches do not
  /// overlap. Templates that depend on those before them, to rounding, are left out.
  void add_stretch(std::size_t first, std::size_t n, const std::vector<std::vector<double>>& templates);
  /// Subtracts the least-squares fit.
  void take_out(std::span<double> series) const;
  std::size_t n_parameters() const { return shapes_.size(); }

 private:
  struct Shape {
    std::size_t first;
    std::vector<double> values;  ///< orthonormal to the other shapes of the stretch
  };
  std::vector<Shape> shapes_;
};

}  // namespace comap
