#include "math/distributions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/constants.hpp"

namespace comap {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kTiny = 1e-300;      ///< instead of a zero denominator
constexpr int kMaxTerms = 1'000'000;  ///< about 10 sqrt(dof) are needed

/// Value of b_0 + a_1/(b_1 + a_2/(b_2 + ...)) by the modified Lentz method; `term(i)` gives {a_i, b_i} from i = 1.
template <typename Term>
double continued_fraction(double b0, Term term) {
  double value = b0 == 0.0 ? kTiny : b0, c = value, d = 0.0;
  for (int i = 1; i < kMaxTerms; ++i) {
    const auto [a, b] = term(i);
    d = b + a * d;
    c = b + a / c;
    if (d == 0.0) d = kTiny;
    if (c == 0.0) c = kTiny;
    d = 1.0 / d;
    value *= c * d;
    if (std::abs(c * d - 1.0) < kEpsilon) break;
  }
  return value;
}

struct Fraction {
  double a, b;
};

/// x^a e^-x / Gamma(a)
double gamma_factor(double a, double x) { return std::exp(a * std::log(x) - x - std::lgamma(a)); }

/// P(a, x) by its series, for x < a + 1.
double lower_gamma(double a, double x) {
  double term = 1.0 / a, sum = term;
  for (int n = 1; n < kMaxTerms && term > kEpsilon * sum; ++n) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * gamma_factor(a, x);
}

/// Q(a, x) for x >= a + 1.
double upper_gamma(double a, double x) {
  const auto term = [=](int i) {
    return i == 1 ? Fraction{1.0, x + 1.0 - a} : Fraction{-(i - 1) * (i - 1 - a), x + 2.0 * i - 1.0 - a};
  };
  return continued_fraction(0.0, term) * gamma_factor(a, x);
}

/// Regularised incomplete beta function I_x(a, b) for x < (a + 1) / (a + b + 2).
double lower_beta(double a, double b, double x) {
  const double factor =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x)) / a;
  const auto term = [=](int i) {
    if (i == 1) return Fraction{1.0, 1.0};
    const int m = (i - 1) / 2;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    return Fraction{i % 2 == 0 ? odd : even, 1.0};
  };
  return factor * continued_fraction(0.0, term);
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  return x < (a + 1.0) / (a + b + 2.0) ? lower_beta(a, b, x) : 1.0 - lower_beta(b, a, 1.0 - x);
}

/// P(K >= x) of the Kolmogorov distribution.
double kolmogorov_survival(double x) {
  constexpr double kCertain = 0.2;  // below, the series converges slowly and the sum is 1 to rounding
  constexpr int kTerms = 100;
  if (x < kCertain) return 1.0;
  double sum = 0.0;
  for (int k = 1; k <= kTerms; ++k) sum += (k % 2 == 1 ? 2.0 : -2.0) * std::exp(-2.0 * k * k * x * x);
  return std::clamp(sum, 0.0, 1.0);
}

}  // namespace

double chi_square_survival(double chi_square, double dof) {
  if (!(dof > 0.0) || !(chi_square >= 0.0)) return kNan;
  const double a = dof / 2.0, x = chi_square / 2.0;
  if (x == 0.0) return 1.0;
  if (std::isinf(x)) return 0.0;
  return x < a + 1.0 ? 1.0 - lower_gamma(a, x) : upper_gamma(a, x);
}

double student_t_survival(double t, double dof) {
  if (!(dof > 0.0) || std::isnan(t)) return kNan;
  const double tail = 0.5 * incomplete_beta(dof / 2.0, 0.5, dof / (dof + t * t));
  return t >= 0.0 ? tail : 1.0 - tail;
}

double uniform_ks_probability(std::vector<double> values) {
  if (values.empty()) return kNan;
  std::ranges::sort(values);
  const auto n = static_cast<double>(values.size());
  double distance = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto below = static_cast<double>(i);
    distance = std::max({distance, (below + 1.0) / n - values[i], values[i] - below / n});
  }
  return kolmogorov_survival((std::sqrt(n) + 0.12 + 0.11 / std::sqrt(n)) * distance);
}

}  // namespace comap
