#include "math/least_squares.hpp"

#include <cstddef>

namespace comap {
namespace {

// Cholesky pivot below this part of the diagonal element: nothing is left of the column but rounding.
constexpr double kSingular = 1e-13;

template <std::size_t N>
std::optional<std::array<double, N>> solve_cholesky(std::array<std::array<double, N>, N> a, std::array<double, N> b) {
  std::array<double, N> pivot{};
  for (std::size_t j = 0; j < N; ++j) {
    double left = a[j][j];
    for (std::size_t k = 0; k < j; ++k) left -= a[j][k] * a[j][k] * pivot[k];
    if (!(left > kSingular * a[j][j])) return std::nullopt;
    pivot[j] = left;
    for (std::size_t i = j + 1; i < N; ++i) {
      double sum = a[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i][k] * a[j][k] * pivot[k];
      a[i][j] = sum / left;
    }
  }
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
  }
  for (std::size_t i = N; i-- > 0;) {
    b[i] /= pivot[i];
    for (std::size_t k = i + 1; k < N; ++k) b[i] -= a[k][i] * b[k];
  }
  return b;
}

}  // namespace

std::optional<Vector2> solve(const Matrix2& a, const Vector2& b) { return solve_cholesky<2>(a, b); }
std::optional<Vector3> solve(const Matrix3& a, const Vector3& b) { return solve_cholesky<3>(a, b); }

std::optional<Matrix3> inverse(const Matrix3& a) {
  Matrix3 columns{};
  for (std::size_t i = 0; i < 3; ++i) {
    Vector3 unit{};
    unit[i] = 1.0;
    const std::optional<Vector3> column = solve(a, unit);
    if (!column) return std::nullopt;
    columns[i] = *column;
  }
  return columns;
}

}  // namespace comap
