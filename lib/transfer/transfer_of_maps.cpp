#include "transfer/transfer_of_maps.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "io/map/map_reader.hpp"

namespace comap {
namespace {

constexpr double kArcminPerDegree = 60.0;

std::vector<double> difference_K(const ContinuumMap& with, const ContinuumMap& without) {
  std::vector<double> difference(with.destriped_K().begin(), with.destriped_K().end());
  for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= double{without.destriped_K()[i]};
  return difference;
}

void check_size(const FlatWindow& window, double random_size_deg) {
  const double width_deg = std::max(static_cast<double>(window.n_x) * window.pixel_x_rad,
                                    static_cast<double>(window.n_y) * window.pixel_y_rad) /
                           kDegree_rad;
  if (2.0 * width_deg <= random_size_deg) return;
  log_warning("the map is {:.1f} deg wide: set simulate.random_size_deg to twice that, for power on its largest scales",
              width_deg);
}

}  // namespace

TransferFunction transfer_of_maps(const MapFiles& files, const InjectedMap& injected, const Wcs& wcs,
                                  double beam_fwhm_arcmin, double random_size_deg) {
  const ContinuumMap original = read_map(files.original);
  std::vector<bool> valid;
  for (const double weight : injected.weight_per_K2) valid.push_back(weight > 0.0);
  std::vector<std::vector<double>> recovered_K;
  for (const std::string& path : files.injected) {
    const std::vector<double>& sky_K = recovered_K.emplace_back(difference_K(read_map(path), original));
    for (std::size_t i = 0; i < valid.size(); ++i) valid[i] = valid[i] && std::isfinite(sky_K[i]);
  }
  const double pixel_arcmin = std::abs(wcs.definition().cdelt_deg[1]) * kArcminPerDegree;
  const auto beam_pixels = std::max<std::int64_t>(1, std::llround(beam_fwhm_arcmin / pixel_arcmin));
  const FlatWindow window = make_window(wcs, valid, beam_pixels, beam_pixels);
  check_size(window, random_size_deg);
  std::vector<SkyPair> pairs;
  for (std::size_t i = 0; i < recovered_K.size(); ++i) {
    pairs.push_back({windowed(window, recovered_K[i], wcs.n_x()), windowed(window, injected.sky_K[i], wcs.n_x())});
  }
  return transfer_function(window, pairs, 180.0 * kArcminPerDegree / beam_fwhm_arcmin);
}

}  // namespace comap
