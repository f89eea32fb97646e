#pragma once
/// \file
/// Do the maps of a split differ by more than their noise? See docs/null-tests.md.

#include <cstdint>
#include <string>
#include <vector>

#include "destripe/problem.hpp"
#include "io/map/continuum_map.hpp"

namespace comap {

/// Chi-square of what is left of the maps of a split when a common sky s_p and a level c_l of each map are taken out:
///
///   chi^2 = min over s, c of sum_lp w_lp (m_lp - s_p - c_l)^2,
///
/// over pixels that at least two maps have. Of two maps it is sum_p (a - b - c)^2 / (1/w_a + 1/w_b). With noise that is
/// white in the maps it has the chi-square distribution of `dof`.
struct NullChiSquare {
  double chi_square = 0.0;
  std::int64_t dof = 0;
};

struct NullStatistic {
  NullChiSquare all;
  /// The part of it that is common to blocks of kNullBlock x kNullBlock pixels: how much lower chi^2 gets when every
  /// block has levels of its own.
  NullChiSquare large_scales;
  /// rms of the differences of all pairs of maps, levels taken out, over the rms that the weights promise.
  double rms_ratio = 0.0;
  std::int64_t n_pixels = 0;    ///< that two maps or more have
  std::vector<double> level_K;  ///< of each map; their sum is 0
};

inline constexpr std::int64_t kNullBlock = 8;  ///< pixels

/// `maps` have the pixels of all ranks. Pixels with fewer hits than `min_hits` of their map take no part. `n_columns`
/// pixels make a row of the map; 0: numbers are HEALPix's in NESTED order.
NullStatistic null_statistic(const std::vector<MapPiece>& maps, const std::vector<double>& min_hits,
                             std::int64_t n_columns);

/// A split of one frequency_band put to the test.
struct NullTest {
  std::string split;
  std::vector<std::string> labels;  ///< of the maps
  int frequency_band = 0;
  NullStatistic data;
  std::vector<NullStatistic> simulated;  ///< of realisations of the noise, through the same solver
};

/// Probability of a value as high or higher than `value` if it is drawn from what `simulated` are drawn from, the cube
/// root being normal (Wilson & Hilferty 1931): Student's t of N - 1 with (x - mean) / (sigma sqrt(1 + 1/N)), which is
/// exact for any N >= 2. NaN with fewer.
double simulated_pte(double value, const std::vector<double>& simulated);

/// One of the two chi-squares of a test, judged.
struct NullVerdict {
  NullChiSquare chi_square;
  double pte_white = 0.0;       ///< against the chi-square distribution
  double simulated_mean = 0.0;  ///< of chi-square; NaN without simulations
  double pte_simulated = 0.0;   ///< NaN with fewer than two
};
enum class NullScale { all, large };
NullVerdict verdict(const NullTest& test, NullScale scale);

/// rms_ratio of the data over the rms of rms_ratio of the simulations; NaN without.
double rms_over_simulated(const NullTest& test);

/// Hits that a pixel of each map needs for a null test: the `hit_percentile` percentile, as for the mask of the map.
std::vector<double> min_hits_of(const std::vector<MapPiece>& maps, double hit_percentile);

/// Half the difference of two maps, with the noise and hits that follow, where both have enough hits.
MapPiece half_difference(const MapPiece& a, const MapPiece& b, const std::vector<double>& min_hits);

/// For the header of the difference map.
std::vector<HeaderCard> null_test_cards(const NullTest& test);
/// A table for the terminal, with a line above.
std::vector<std::string> null_test_lines(const std::vector<NullTest>& tests);
/// The table as tab-separated values, with a header line. Throws IoError.
void write_null_tests(const std::string& path, const std::vector<NullTest>& tests);

}  // namespace comap
