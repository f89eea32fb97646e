#include "io/level1/band_order.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace comap {
namespace {

constexpr double kLowestRadio_GHz = 1.0;  ///< units are a factor of 1000 apart, so that the range tells them
constexpr double kHighestRadio_GHz = 1000.0;

}  // namespace

BandOrder band_order_of(std::span<const double> stored_frequencies) {
  BandOrder order;
  const std::size_t n_channels = stored_frequencies.size() / kBands;
  const auto first_of = [&](int stored) { return stored_frequencies[static_cast<std::size_t>(stored) * n_channels]; };
  const auto last_of = [&](int stored) {
    return stored_frequencies[(static_cast<std::size_t>(stored) + 1) * n_channels - 1];
  };
  for (int stored = 0; stored < kBands; ++stored) {
    if (!std::isfinite(first_of(stored) + last_of(stored))) return order;
  }
  std::ranges::stable_sort(order.stored_band, {}, [&](int stored) { return first_of(stored) + last_of(stored); });
  for (std::size_t band = 0; band < kBands; ++band) {
    const double rise = last_of(order.stored_band[band]) - first_of(order.stored_band[band]);
    order.is_reversed[band] = band % 2 == 0 ? rise > 0.0 : rise < 0.0;
  }
  return order;
}

std::string describe_order(const BandOrder& order) {
  std::vector<int> reversed;
  for (int band = 0; band < kBands; ++band) {
    if (order.is_reversed[band]) reversed.push_back(band);
  }
  std::string text;
  if (order.stored_band != BandOrder().stored_band) {
    text = fmt::format("the bands are stored as {}", fmt::join(order.stored_band, ", "));
  }
  if (reversed.empty()) return text;
  return fmt::format("{}{}the channels of band{} {} the other way", text, text.empty() ? "" : ", ",
                     reversed.size() > 1 ? "s" : "", fmt::join(reversed, ", "));
}

double frequency_unit_divisor(std::span<const double> frequencies) {
  for (const double divisor : {1.0, 1e3, 1e6, 1e9}) {
    const auto is_radio = [&](double value) {
      return value >= kLowestRadio_GHz * divisor && value < kHighestRadio_GHz * divisor;
    };
    if (std::ranges::all_of(frequencies, is_radio)) return divisor;
  }
  return 1.0;
}

}  // namespace comap
