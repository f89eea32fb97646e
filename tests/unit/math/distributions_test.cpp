#include "math/distributions.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace comap {
namespace {

// Expected values: scipy.stats.chi2.sf, t.sf and kstest.
TEST(Distributions, ChiSquareIsScipys) {
  EXPECT_NEAR(chi_square_survival(0.5, 1), 0.47950012218695337, 1e-13);
  EXPECT_NEAR(chi_square_survival(9, 3), 0.02929088653488826, 1e-14);
  EXPECT_NEAR(chi_square_survival(10, 10), 0.44049328506521257, 1e-13);
  EXPECT_NEAR(chi_square_survival(200, 100) / 1.1784500720979781e-08, 1.0, 1e-9);
  EXPECT_NEAR(chi_square_survival(15000, 14700), 0.04077570721567643, 1e-10);
  EXPECT_NEAR(chi_square_survival(14000, 14700), 0.9999830272742672, 1e-10);
  EXPECT_NEAR(chi_square_survival(120000, 120000), 0.49945710826984197, 1e-9);
  EXPECT_EQ(chi_square_survival(0, 4), 1.0);
  EXPECT_TRUE(std::isnan(chi_square_survival(1, 0)));
  EXPECT_TRUE(std::isnan(chi_square_survival(std::nan(""), 4)));
}

TEST(Distributions, StudentIsScipys) {
  EXPECT_NEAR(student_t_survival(0, 5), 0.5, 1e-15);
  EXPECT_NEAR(student_t_survival(1.5, 7), 0.08864924349498501, 1e-13);
  EXPECT_NEAR(student_t_survival(-2, 3), 0.9303370157205785, 1e-13);
  EXPECT_NEAR(student_t_survival(0.3, 1), 0.4072264209222577, 1e-13);
  EXPECT_NEAR(student_t_survival(4, 23) / 0.00028127095753581666, 1.0, 1e-10);
  EXPECT_NEAR(student_t_survival(30, 15) / 4.157403597162472e-15, 1.0, 1e-9);
}

TEST(Distributions, KolmogorovSmirnovIsScipys) {
  EXPECT_NEAR(uniform_ks_probability({0.02, 0.11, 0.35, 0.36, 0.5, 0.77, 0.93, 0.05}), 0.543, 0.02);
  std::vector<double> skewed;
  for (int i = 1; i <= 300; ++i) skewed.push_back(std::pow(std::fmod(i * 0.6180339887, 1.0), 1.3));
  EXPECT_NEAR(uniform_ks_probability(skewed), 0.005696, 0.0003);
  EXPECT_TRUE(std::isnan(uniform_ks_probability({})));
}

}  // namespace
}  // namespace comap
