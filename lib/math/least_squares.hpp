#pragma once
/// \file
/// Normal equations of two and three unknowns.

#include <array>
#include <optional>

namespace comap {

using Vector2 = std::array<double, 2>;
using Vector3 = std::array<double, 3>;
/// Rows of a symmetric matrix.
using Matrix2 = std::array<Vector2, 2>;
using Matrix3 = std::array<Vector3, 3>;

/// Solution of a x = b for a symmetric positive definite matrix; nothing when it is singular to rounding.
std::optional<Vector2> solve(const Matrix2& a, const Vector2& b);
std::optional<Vector3> solve(const Matrix3& a, const Vector3& b);

/// Inverse of a symmetric positive definite matrix; nothing when it is singular to rounding.
std::optional<Matrix3> inverse(const Matrix3& a);

}  // namespace comap
