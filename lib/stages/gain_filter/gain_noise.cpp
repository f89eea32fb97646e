#include "stages/gain_filter/gain_noise.hpp"

#include <cmath>
#include <optional>

#include "math/gain_modes.hpp"

namespace comap {
namespace {

std::optional<GainNoise> gain_noise(const ProductTable& products, int band, int sub_band, std::size_t scan) {
  if (!products.contains(level2::kSigmaCommon)) return std::nullopt;
  GainNoise noise;
  noise.band = band;
  noise.effective_tsys_K = products.get(level2::kEffectiveTsys)(band, sub_band, scan);
  noise.sigma_common = products.get(level2::kSigmaCommon)(band, scan);
  noise.sigma_band = products.get(level2::kSigmaBand)(band, scan);
  noise.alpha = products.get(level2::kGainAlpha)(band, scan);
  const bool coupled = products.contains(level2::kGainInformationMatrix);
  for (std::size_t a = 0; a < kBands; ++a) {
    for (std::size_t b = 0; b < kBands; ++b) {
      if (!coupled && a != b) continue;
      const double value = coupled ? products.get(level2::kGainInformationMatrix)(a, b, scan)
                                   : products.get(level2::kGainInformation)(a, scan);
      noise.information[a][b] = std::isfinite(value) ? value : 0.0;
    }
  }
  const bool finite = std::isfinite(noise.effective_tsys_K) && std::isfinite(noise.sigma_common) &&
                      std::isfinite(noise.sigma_band) && std::isfinite(noise.alpha);
  return finite ? std::optional(noise) : std::nullopt;
}

}  // namespace

std::function<double(double)> filtered_gain_power_K2(const ProductTable& products, int band, int sub_band,
                                                     std::size_t scan) {
  const auto noise = gain_noise(products, band, sub_band, scan);
  return noise ? filtered_gain_power_K2(*noise) : std::function<double(double)>();
}

}  // namespace comap
