#include "map/null_test/null_test.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <span>
#include <tuple>

#include "core/constants.hpp"
#include "map/products/map_images.hpp"
#include "math/distributions.hpp"

namespace comap {
namespace {

constexpr double kSingular = 1e-10;  ///< of the largest eigenvalue: maps without a pixel in common

/// A pixel of one map.
struct Entry {
  std::int64_t block, pixel;
  std::size_t map;
  double value_K, weight;
};

std::int64_t block_of(std::int64_t pixel, std::int64_t n_columns) {
  if (n_columns == 0) return pixel / (kNullBlock * kNullBlock);
  const std::int64_t blocks_in_row = (n_columns + kNullBlock - 1) / kNullBlock;
  return pixel / n_columns / kNullBlock * blocks_in_row + pixel % n_columns / kNullBlock;
}

/// Ordered by block, pixel and map.
std::vector<Entry> entries_of(const std::vector<MapPiece>& maps, const std::vector<double>& min_hits,
                              std::int64_t n_columns) {
  std::vector<Entry> entries;
  for (std::size_t map = 0; map < maps.size(); ++map) {
    const MapPiece& piece = maps[map];
    for (std::size_t i = 0; i < piece.pixel.size(); ++i) {
      if (piece.hits[i] < min_hits[map] || !(piece.weight_per_K2[i] > 0.0)) continue;
      entries.push_back(
          {block_of(piece.pixel[i], n_columns), piece.pixel[i], map, piece.destriped_K[i], piece.weight_per_K2[i]});
    }
  }
  std::ranges::sort(entries, {}, [](const Entry& entry) { return std::tuple(entry.block, entry.pixel, entry.map); });
  return entries;
}

/// Calls work(stretch) for each stretch of entries with the same `key`.
template <typename Key, typename Work>
void for_each_stretch(std::span<const Entry> entries, Key key, Work work) {
  for (std::size_t first = 0, end = 0; first < entries.size(); first = end) {
    while (end < entries.size() && entries[end].*key == entries[first].*key) ++end;
    work(entries.subspan(first, end - first));
  }
}

/// Normal equations of the levels of maps, the sky eliminated.
struct LevelEquations {
  Eigen::MatrixXd matrix;
  Eigen::VectorXd right_side;
  double chi_square = 0.0;  ///< with all levels 0
  std::int64_t dof = 0;     ///< then
  std::int64_t n_pixels = 0;

  explicit LevelEquations(std::size_t n_maps) {
    const Eigen::Index n = n_maps;
    matrix = Eigen::MatrixXd::Zero(n, n);
    right_side = Eigen::VectorXd::Zero(n);
  }

  void add_pixel(std::span<const Entry> pixel) {
    if (pixel.size() < 2) return;
    double weight = 0.0, sum = 0.0;
    for (const Entry& entry : pixel) {
      weight += entry.weight;
      sum += entry.weight * entry.value_K;
    }
    for (const Entry& a : pixel) {
      const double residual_K = a.value_K - sum / weight;
      const Eigen::Index row = a.map;
      chi_square += a.weight * residual_K * residual_K;
      right_side(row) += a.weight * residual_K;
      matrix(row, row) += a.weight;
      for (const Entry& b : pixel) matrix(row, b.map) -= a.weight * b.weight / weight;
    }
    dof += std::ssize(pixel) - 1;
    ++n_pixels;
  }

  void add(const LevelEquations& other) {
    matrix += other.matrix;
    right_side += other.right_side;
    chi_square += other.chi_square;
    dof += other.dof;
    n_pixels += other.n_pixels;
  }
};

struct Levels {
  Eigen::VectorXd level_K;
  NullChiSquare taken;  ///< what the levels take out of chi-square and of its degrees of freedom
};

/// The levels of least norm: one of each connected set of maps is not determined by their differences.
Levels solve(const LevelEquations& equations) {
  Levels levels{Eigen::VectorXd::Zero(equations.right_side.size()), {}};
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> modes(equations.matrix);
  const double limit = kSingular * modes.eigenvalues().maxCoeff();
  for (Eigen::Index i = 0; i < modes.eigenvalues().size(); ++i) {
    const double value = modes.eigenvalues()(i);
    if (!(value > limit)) continue;
    const double projection = modes.eigenvectors().col(i).dot(equations.right_side);
    levels.level_K += projection / value * modes.eigenvectors().col(i);
    levels.taken.chi_square += projection * projection / value;
    ++levels.taken.dof;
  }
  return levels;
}

/// rms over the rms expected, of all differences of two maps in a pixel.
double rms_ratio(std::span<const Entry> entries, const Eigen::VectorXd& level_K) {
  double square = 0.0, expected = 0.0;
  for_each_stretch(entries, &Entry::pixel, [&](std::span<const Entry> pixel) {
    for (std::size_t i = 0; i < pixel.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const double levels_K = level_K(pixel[i].map) - level_K(pixel[j].map);
        const double difference_K = pixel[i].value_K - pixel[j].value_K - levels_K;
        square += difference_K * difference_K;
        expected += 1.0 / pixel[i].weight + 1.0 / pixel[j].weight;
      }
    }
  });
  return expected > 0.0 ? std::sqrt(square / expected) : kNan;
}

}  // namespace

NullStatistic null_statistic(const std::vector<MapPiece>& maps, const std::vector<double>& min_hits,
                             std::int64_t n_columns) {
  const std::vector<Entry> entries = entries_of(maps, min_hits, n_columns);
  LevelEquations all(maps.size());
  NullChiSquare blocks;
  for_each_stretch(entries, &Entry::block, [&](std::span<const Entry> block) {
    LevelEquations of_block(maps.size());
    for_each_stretch(block, &Entry::pixel, [&](std::span<const Entry> pixel) { of_block.add_pixel(pixel); });
    if (of_block.n_pixels == 0) return;
    const NullChiSquare taken = solve(of_block).taken;
    blocks.chi_square += taken.chi_square;
    blocks.dof += taken.dof;
    all.add(of_block);
  });
  const Levels levels = solve(all);
  NullStatistic statistic;
  statistic.all = {all.chi_square - levels.taken.chi_square, all.dof - levels.taken.dof};
  statistic.large_scales = {blocks.chi_square - levels.taken.chi_square, blocks.dof - levels.taken.dof};
  statistic.rms_ratio = rms_ratio(entries, levels.level_K);
  statistic.n_pixels = all.n_pixels;
  statistic.level_K.assign(levels.level_K.begin(), levels.level_K.end());
  return statistic;
}

double simulated_pte(double value, const std::vector<double>& simulated) {
  const auto n = static_cast<double>(simulated.size());
  if (simulated.size() < 2) return kNan;
  double mean = 0.0, square = 0.0;
  for (const double chi_square : simulated) mean += std::cbrt(chi_square) / n;
  for (const double chi_square : simulated) square += std::pow(std::cbrt(chi_square) - mean, 2);
  const double sigma = std::sqrt(square / (n - 1.0) * (1.0 + 1.0 / n));
  return student_t_survival((std::cbrt(value) - mean) / sigma, n - 1.0);
}

NullVerdict verdict(const NullTest& test, NullScale scale) {
  const auto part = [scale](const NullStatistic& statistic) -> const NullChiSquare& {
    return scale == NullScale::all ? statistic.all : statistic.large_scales;
  };
  NullVerdict result;
  result.chi_square = part(test.data);
  result.pte_white = chi_square_survival(result.chi_square.chi_square, static_cast<double>(result.chi_square.dof));
  std::vector<double> simulated;
  for (const NullStatistic& statistic : test.simulated) {
    simulated.push_back(part(statistic).chi_square);
    result.simulated_mean += simulated.back() / static_cast<double>(test.simulated.size());
  }
  if (simulated.empty()) result.simulated_mean = kNan;
  result.pte_simulated = simulated_pte(result.chi_square.chi_square, simulated);
  return result;
}

double rms_over_simulated(const NullTest& test) {
  if (test.simulated.empty()) return kNan;
  double square = 0.0;
  for (const NullStatistic& statistic : test.simulated) square += statistic.rms_ratio * statistic.rms_ratio;
  return test.data.rms_ratio / std::sqrt(square / static_cast<double>(test.simulated.size()));
}

std::vector<double> min_hits_of(const std::vector<MapPiece>& maps, double hit_percentile) {
  std::vector<double> min_hits;
  for (const MapPiece& map : maps) min_hits.push_back(percentile(map.hits, hit_percentile));
  return min_hits;
}

MapPiece half_difference(const MapPiece& a, const MapPiece& b, const std::vector<double>& min_hits) {
  MapPiece half;
  for (std::size_t i = 0, j = 0; i < a.pixel.size() && j < b.pixel.size();) {
    if (a.pixel[i] != b.pixel[j]) {
      a.pixel[i] < b.pixel[j] ? ++i : ++j;
      continue;
    }
    if (a.hits[i] >= min_hits[0] && b.hits[j] >= min_hits[1]) {
      half.pixel.push_back(a.pixel[i]);
      half.destriped_K.push_back(0.5 * (a.destriped_K[i] - b.destriped_K[j]));
      half.naive_K.push_back(0.5 * (a.naive_K[i] - b.naive_K[j]));
      half.weight_per_K2.push_back(4.0 / (1.0 / a.weight_per_K2[i] + 1.0 / b.weight_per_K2[j]));
      half.hits.push_back(a.hits[i] + b.hits[j]);
    }
    ++i;
    ++j;
  }
  return half;
}

}  // namespace comap
