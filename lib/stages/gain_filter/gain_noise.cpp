#include "stages/gain_filter/gain_noise.hpp"

#include <cmath>
#include <optional>

#include "io/level2/level2_schema.hpp"
#include "math/gain_modes.hpp"

namespace comap {
namespace {

std::optional<GainNoise> gain_noise(const ProductTable& products, std::size_t sub_band, std::size_t n_freq_bin,
                                    std::size_t scan) {
  if (!products.contains(level2::kSigmaCommon)) return std::nullopt;
  const auto of_bands = [&](std::string_view path) { return products.get<double>(path); };
  const auto common = of_bands(level2::kSigmaCommon);
  const std::size_t n_scans = common.size() / kBands;
  GainNoise noise;
  noise.band = sub_band / n_freq_bin;
  const std::size_t element = noise.band * n_scans + scan;
  noise.effective_tsys_K = products.get<double>(level2::kEffectiveTsys)[sub_band * n_scans + scan];
  noise.sigma_common = common[element];
  noise.sigma_band = of_bands(level2::kSigmaBand)[element];
  noise.alpha = of_bands(level2::kGainAlpha)[element];
  const bool coupled = products.contains(level2::kGainInformationMatrix);
  const auto information = of_bands(coupled ? level2::kGainInformationMatrix : level2::kGainInformation);
  for (std::size_t a = 0; a < kBands; ++a) {
    for (std::size_t b = 0; b < kBands; ++b) {
      if (!coupled && a != b) continue;
      const double value = information[(coupled ? a * kBands + b : a) * n_scans + scan];
      noise.information[a][b] = std::isfinite(value) ? value : 0.0;
    }
  }
  const bool finite = std::isfinite(noise.effective_tsys_K) && std::isfinite(noise.sigma_common) &&
                      std::isfinite(noise.sigma_band) && std::isfinite(noise.alpha);
  return finite ? std::optional(noise) : std::nullopt;
}

}  // namespace

std::function<double(double)> filtered_gain_power_K2(const ProductTable& products, std::size_t sub_band,
                                                     std::size_t n_freq_bin, std::size_t scan) {
  const auto noise = gain_noise(products, sub_band, n_freq_bin, scan);
  return noise ? filtered_gain_power_K2(*noise) : std::function<double(double)>();
}

}  // namespace comap
