#pragma once
/// \file
/// Probabilities of test statistics under the null hypothesis.

#include <vector>

namespace comap {

/// P(chi^2 >= chi_square) with `dof` degrees of freedom, the regularised incomplete gamma function Q(dof/2, chi^2/2);
/// NaN unless dof > 0 and chi_square >= 0.
double chi_square_survival(double chi_square, double dof);

/// P(T >= t) of Student's t with `dof` > 0 degrees of freedom.
double student_t_survival(double t, double dof);

/// Kolmogorov-Smirnov test of `values` against the uniform distribution from 0 to 1: the probability that uniform
/// values deviate as much or more (Stephens' approximation of the finite sample, J. R. Stat. Soc. B 32, 115, 1970).
/// NaN without values.
double uniform_ks_probability(std::vector<double> values);

}  // namespace comap
