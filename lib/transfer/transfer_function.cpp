#include "transfer/transfer_function.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "math/fft.hpp"

namespace comap {
namespace {

constexpr double kBinRatio = 1.25;  ///< width of wide bins

struct ModeSums {
  double n = 0.0, multipole = 0.0;  ///< weighted with the modes that an entry stands for
  double cross = 0.0, injected = 0.0, recovered = 0.0;

  void add(const ModeSums& other) {
    n += other.n;
    multipole += other.multipole;
    cross += other.cross;
    injected += other.injected;
    recovered += other.recovered;
  }
};

std::vector<double> bin_edges(double fundamental, double max_multipole) {
  std::vector<double> edges = {0.5 * fundamental};
  while (edges.back() < max_multipole) edges.push_back(std::max(edges.back() + fundamental, edges.back() * kBinRatio));
  return edges;
}

/// Part of the modes of the window that are independent.
double independent_fraction(const FlatWindow& window) {
  double second = 0.0, fourth = 0.0;
  for (const double taper : window.taper) {
    second += taper * taper;
    fourth += taper * taper * taper * taper;
  }
  return second * second / fourth / static_cast<double>(window.taper.size());
}

TransferBin bin_of(const ModeSums& sums, double min_multipole, double max_multipole, double independent) {
  TransferBin bin;
  bin.min_multipole = min_multipole;
  bin.max_multipole = max_multipole;
  bin.n_modes = sums.n * independent;
  bin.multipole = sums.multipole / sums.n;
  bin.angular_scale_arcmin = 180.0 * 60.0 / bin.multipole;
  bin.transfer = sums.cross / sums.injected;
  const double rest = sums.recovered - bin.transfer * sums.cross;  // sum |R - T S|^2
  bin.error = std::sqrt(std::max(0.0, rest) / sums.injected / std::max(1.0, 2.0 * bin.n_modes - 1.0));
  return bin;
}

/// Adds the modes of one realisation to the bins.
class ModeBinning {
 public:
  ModeBinning(const FlatWindow& window, std::vector<double> edges)
      : n_x_(static_cast<std::size_t>(window.n_x)),
        n_y_(static_cast<std::size_t>(window.n_y)),
        step_x_(2.0 * std::numbers::pi / (static_cast<double>(window.n_x) * window.pixel_x_rad)),
        step_y_(2.0 * std::numbers::pi / (static_cast<double>(window.n_y) * window.pixel_y_rad)),
        edges_(std::move(edges)),
        sums_(edges_.size() - 1),
        recovered_(n_x_, n_y_),
        injected_(n_x_, n_y_) {}

  void add(const SkyPair& pair) {
    std::ranges::copy(pair.recovered_K, recovered_.image().begin());
    std::ranges::copy(pair.injected_K, injected_.image().begin());
    recovered_.forward();
    injected_.forward();
    const std::size_t n_columns = n_x_ / 2 + 1;
    for (std::size_t row = 0; row < n_y_; ++row) {
      const double ky = step_y_ * static_cast<double>(std::min(row, n_y_ - row));
      for (std::size_t column = 0; column < n_columns; ++column) {
        const double multipole = std::hypot(step_x_ * static_cast<double>(column), ky);
        // The columns of a real image's spectrum that hold both members of each conjugate pair.
        const bool has_both = column == 0 || 2 * column == n_x_;
        add_mode(multipole, has_both ? 0.5 : 1.0, row * n_columns + column);
      }
    }
  }

  const std::vector<ModeSums>& sums() const { return sums_; }

 private:
  void add_mode(double multipole, double weight, std::size_t index) {
    const auto above = std::ranges::upper_bound(edges_, multipole);
    if (above == edges_.begin() || above == edges_.end()) return;
    const std::complex<double> recovered = recovered_.spectrum()[index], injected = injected_.spectrum()[index];
    sums_[above - edges_.begin() - 1].add({weight, weight * multipole,
                                           weight * std::real(recovered * std::conj(injected)),
                                           weight * std::norm(injected), weight * std::norm(recovered)});
  }

  std::size_t n_x_, n_y_;
  double step_x_, step_y_;  ///< multipoles between modes
  std::vector<double> edges_;
  std::vector<ModeSums> sums_;
  RealFft2d recovered_, injected_;
};

}  // namespace

TransferFunction transfer_function(const FlatWindow& window, std::span<const SkyPair> realisations,
                                   double max_multipole) {
  const double fundamental = 2.0 * std::numbers::pi /
                             std::max(static_cast<double>(window.n_x) * window.pixel_x_rad,
                                      static_cast<double>(window.n_y) * window.pixel_y_rad);
  const std::vector<double> edges = bin_edges(fundamental, max_multipole);
  ModeBinning binning(window, edges);
  for (const SkyPair& pair : realisations) binning.add(pair);
  const double independent = independent_fraction(window);
  TransferFunction result;
  ModeSums all;
  for (std::size_t i = 0; i < binning.sums().size(); ++i) {
    result.bins.push_back(bin_of(binning.sums()[i], edges[i], edges[i + 1], independent));
    all.add(binning.sums()[i]);
  }
  result.all = bin_of(all, edges.front(), edges.back(), independent);
  return result;
}

}  // namespace comap
