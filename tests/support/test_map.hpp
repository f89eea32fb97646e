#pragma once
/// \file
/// A small map for the tests of map files: sources on a sloping background, stripes in NAIVE, an unobserved border.

#include <algorithm>
#include <cmath>
#include <limits>

#include "io/map/continuum_map.hpp"

namespace comap::test {

inline float hits_at(std::int64_t x, std::int64_t y, const WcsDefinition& wcs) {
  const double u = 2.0 * static_cast<double>(x) / static_cast<double>(wcs.naxis[0]) - 1.0;
  const double v = 2.0 * static_cast<double>(y) / static_cast<double>(wcs.naxis[1]) - 1.0;
  return static_cast<float>(std::floor(120.0 * std::max(0.0, 0.9 - u * u - v * v)));
}

inline float sky_at(std::int64_t x, std::int64_t y, const WcsDefinition& wcs) {
  constexpr double kSources[3][4] = {{0.35, 0.55, 3.0, 0.060}, {0.6, 0.4, 2.5, 0.025}, {0.55, 0.7, 8.0, 0.012}};
  double sky = 0.004 * std::exp(-std::pow((static_cast<double>(y) / static_cast<double>(wcs.naxis[1]) - 0.5) / 0.2, 2));
  for (const auto& [u, v, width, peak] : kSources) {
    const double dx = (static_cast<double>(x) - u * static_cast<double>(wcs.naxis[0])) / width;
    const double dy = (static_cast<double>(y) - v * static_cast<double>(wcs.naxis[1])) / width;
    sky += peak * std::exp(-0.5 * (dx * dx + dy * dy));
  }
  return static_cast<float>(sky);
}

inline ContinuumMap make_test_map(const WcsDefinition& wcs) {
  ContinuumMap map;
  map.wcs = wcs;
  std::uint64_t random = 1;
  for (std::int64_t y = 0; y < wcs.naxis[1]; ++y) {
    for (std::int64_t x = 0; x < wcs.naxis[0]; ++x) {
      const float hits = hits_at(x, y, wcs);
      const float rms = 0.01F / std::sqrt(hits);
      random = random * 6364136223846793005ULL + 1442695040888963407ULL;
      const float noise = rms * (static_cast<float>(random >> 40U) * 0x1p-22F - 2.0F);
      const float stripe = 0.004F * std::sin(0.7F * static_cast<float>(x + 2 * y));
      map.destriped_K().push_back(sky_at(x, y, wcs) + noise);
      map.image("NAIVE").push_back(map.destriped_K().back() + stripe);
      map.image("HITS").push_back(hits);
      map.image("RMS").push_back(rms);
      map.mask.push_back(hits == 0.0F ? 1 : hits < 6.0F ? 2 : 0);
    }
  }
  map.cards = {
      {"OFFSETL", std::int64_t{100}, "[samples] offset length"},
      {"RESIDUAL", 8.7e-7, "relative residual reached"},
      {"CONVERGD", true, "solver reached the threshold"},
      {"MEAN_AZ", std::numeric_limits<double>::quiet_NaN(), "[deg]"},
      {"FEEDS", std::string("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19, and a text longer than one card"),
       "feeds used"}};
  map.history = {
      "made by a test of the map writer, with a line that is so long that it does not fit on one card of a "
      "FITS header"};
  map.history.emplace_back("= begins like a value");
  std::swap(map.history.front(), map.history.back());
  map.config_text = "[mapmake]\n\nname = \"a # b\"\n";
  map.observations = {{7206, 120000}, {30001, 98765}, {101430, 1}};
  map.cuts = {{7206, 1, 4, 3, 7000, 6900, 40, 50, 10, 5, {}, ""},
              {30001, 19, 4, -1, 0, 0, 0, 0, 0, 0, {}, "feed not in the file"},
              {101430, 2, 4, 0, 50, 0, 0, 0, 0, 0, {}, "flagged bad"}};
  return map;
}

}  // namespace comap::test
