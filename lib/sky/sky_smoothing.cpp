#include "sky/sky_smoothing.hpp"

#include <healpix_base.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <unordered_map>

#include "core/constants.hpp"
#include "sky/healpix_direction.hpp"
#include "sky/healpix_grid.hpp"

namespace comap {
namespace {

constexpr double kFwhmPerSigma = 2.3548200450309493;  // 2 sqrt(2 ln 2)
constexpr double kCellsPerSigma = 3.0;
constexpr double kReach_sigma = 4.0;

using Grid = T_Healpix_Base<int64>;

/// Sum of the values in a cell and where they are.
struct Cell {
  int64 number = 0;
  double sum = 0.0, n = 0.0;
  vec3 place{0.0, 0.0, 0.0};
};

Grid grid_for(double sigma_rad) {
  int nside = 1;
  const double side_of_one_rad = std::sqrt(std::numbers::pi / 3.0);
  while (nside < kMaxNside && side_of_one_rad / nside > sigma_rad / kCellsPerSigma) nside *= 2;
  return Grid(nside, NEST, SET_NSIDE);
}

/// In order of their numbers.
std::vector<Cell> gathered(const Grid& grid, const std::vector<pointing>& directions, std::span<const double> values) {
  std::unordered_map<int64, Cell> cells;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    Cell& cell = cells[grid.ang2pix(directions[i])];
    cell.sum += values[i];
    cell.n += 1.0;
    cell.place += directions[i].to_vec3();
  }
  std::vector<Cell> result;
  for (auto& [number, cell] : cells) {
    cell.number = number;
    cell.place.Normalize();
    result.push_back(cell);
  }
  std::ranges::sort(result, {}, &Cell::number);
  return result;
}

double convolved(const Grid& grid, const std::vector<Cell>& cells, int64 at, double sigma_rad) {
  const vec3 centre = grid.pix2vec(at);
  const double reach_rad = std::min(kReach_sigma * sigma_rad, std::numbers::pi);
  double sum = 0.0, n = 0.0;
  const rangeset<int64> near = grid.query_disc(pointing(centre), reach_rad);
  for (tdiff range = 0; range < static_cast<tdiff>(near.nranges()); ++range) {
    auto cell = std::ranges::lower_bound(cells, near.ivbegin(range), {}, &Cell::number);
    for (; cell != cells.end() && cell->number < near.ivend(range); ++cell) {
      const double half_chord = std::min(0.5 * (cell->place - centre).Length(), 1.0);
      const double angle_sigma = 2.0 * std::asin(half_chord) / sigma_rad;
      const double weight = std::exp(-0.5 * angle_sigma * angle_sigma);
      sum += weight * cell->sum;
      n += weight * cell->n;
    }
  }
  return n > 0.0 ? sum / n : kNan;
}

/// Linear between the cells around a direction; those too far from any value do not count.
template <typename Value>
double interpolated(const Grid& grid, const pointing& direction, Value&& value_of) {
  fix_arr<int64, 4> cell;
  fix_arr<double, 4> weight;
  grid.get_interpol(direction, cell, weight);
  double sum = 0.0, n = 0.0;
  for (tsize i = 0; i < 4; ++i) {
    const double value = value_of(cell[i]);
    if (!std::isfinite(value)) continue;
    sum += weight[i] * value;
    n += weight[i];
  }
  return n > 0.0 ? sum / n : kNan;
}

}  // namespace

std::vector<double> smooth_on_sky(std::span<const double> longitude_deg, std::span<const double> latitude_deg,
                                  std::span<const double> values, double fwhm_deg) {
  const double sigma_rad = fwhm_deg / kFwhmPerSigma * kDegree_rad;
  const Grid grid = grid_for(sigma_rad);
  std::vector<pointing> directions;
  for (std::size_t i = 0; i < values.size(); ++i)
    directions.push_back(direction_of({longitude_deg[i], latitude_deg[i]}));
  const std::vector<Cell> cells = gathered(grid, directions, values);

  std::unordered_map<int64, double> smooth;  // by cell, where it is asked for
  const auto smooth_at = [&](int64 cell) {
    const auto [entry, is_new] = smooth.try_emplace(cell, 0.0);
    if (is_new) entry->second = convolved(grid, cells, cell, sigma_rad);
    return entry->second;
  };
  std::vector<double> result;
  for (const pointing& direction : directions) result.push_back(interpolated(grid, direction, smooth_at));
  return result;
}

}  // namespace comap
