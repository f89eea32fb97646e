#include "stages/check_level1/feed_places.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/constants.hpp"
#include "io/hdf5/h5.hpp"

namespace comap {
namespace {

constexpr const char* kPointing = "spectrometer/pixel_pointing";
constexpr const char* kXOffset = "spectrometer/pixel_pointing/pixel_xoffset";
constexpr const char* kYOffset = "spectrometer/pixel_pointing/pixel_yoffset";
constexpr double kSamePlace_deg = 0.02;  ///< a quarter of the beam
constexpr std::size_t kLooks = 31;       ///< samples of which the median offset is taken

/// Offset in the focal plane [deg], x along azimuth on the sky.
struct Offset {
  double x_deg = kNan;
  double y_deg = kNan;
};

Offset operator-(const Offset& a, const Offset& b) { return {a.x_deg - b.x_deg, a.y_deg - b.y_deg}; }
bool is_same(const Offset& a, const Offset& b) {
  return std::hypot(a.x_deg - b.x_deg, a.y_deg - b.y_deg) < kSamePlace_deg;
}

std::vector<std::size_t> science_rows(const Level1Metadata& level1) {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < level1.feeds.size(); ++row) {
    if (level1.feeds[row] <= kScienceFeeds) rows.push_back(row);
  }
  return rows;
}

std::span<const double> row_of(const std::vector<double>& angles, std::size_t row, const Level1Metadata& level1) {
  return std::span(angles).subspan(row * level1.mjd.size(), level1.mjd.size());
}

/// Feeds that have exactly the directions of one before them.
std::vector<int> coinciding_feeds(const Level1Metadata& level1, const std::vector<std::size_t>& rows) {
  const auto coincide = [&](std::size_t a, std::size_t b) {
    return std::ranges::equal(row_of(level1.azimuth_deg, a, level1), row_of(level1.azimuth_deg, b, level1)) &&
           std::ranges::equal(row_of(level1.elevation_deg, a, level1), row_of(level1.elevation_deg, b, level1));
  };
  std::vector<int> found;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto before = std::span(rows).first(i), after = std::span(rows).subspan(i + 1);
    const auto is_twin = [&](std::size_t row) { return coincide(row, rows[i]); };
    if (std::ranges::any_of(before, is_twin) || std::ranges::any_of(after, is_twin)) {
      found.push_back(level1.feeds[rows[i]]);
    }
  }
  return found;
}

/// Where the directions put a row from the first of them.
Offset seen_offset(const Level1Metadata& level1, std::size_t first, std::size_t row) {
  const std::size_t n = level1.mjd.size();
  std::vector<double> x_deg, y_deg;
  for (std::size_t i = 0; i < kLooks; ++i) {
    const std::size_t sample = (2 * i + 1) * n / (2 * kLooks);
    const std::size_t here = row * n + sample, there = first * n + sample;
    const double azimuth_deg = std::remainder(level1.azimuth_deg[here] - level1.azimuth_deg[there], 360.0);
    const double up_deg = level1.elevation_deg[here] - level1.elevation_deg[there];
    if (!std::isfinite(azimuth_deg) || !std::isfinite(up_deg)) continue;
    x_deg.push_back(azimuth_deg * std::cos(level1.elevation_deg[there] * kDegree_rad));
    y_deg.push_back(up_deg);
  }
  const auto middle = [](std::vector<double>& values) {
    if (values.empty()) return kNan;
    const auto half = values.begin() + std::ssize(values) / 2;
    std::ranges::nth_element(values, half);
    return *half;
  };
  return {middle(x_deg), middle(y_deg)};
}

/// As the file states them [row]; empty when it does not.
std::vector<Offset> stated_offsets(const Level1Metadata& level1) {
  const h5::File file = h5::File::open_read(level1.path);
  if (!file.is_dataset(kXOffset) || !file.is_dataset(kYOffset)) return {};
  const h5::Extent expected = {static_cast<std::uint64_t>(level1.n_feeds)};
  if (file.open(kXOffset).info().extent != expected || file.open(kYOffset).info().extent != expected) return {};
  const auto x_deg = file.read<double>(kXOffset), y_deg = file.read<double>(kYOffset);
  std::vector<Offset> offsets;
  for (std::size_t row = 0; row < x_deg.size(); ++row) offsets.push_back({x_deg[row], y_deg[row]});
  return offsets;
}

/// Feeds that are not where they are stated but where another one is. Whether x and y may be meant with another sign is
/// not known: then most feeds lie elsewhere, and nothing is said.
std::vector<int> exchanged_feeds(const Level1Metadata& level1, const std::vector<std::size_t>& rows) {
  const std::vector<Offset> stated = stated_offsets(level1);
  if (stated.empty() || rows.size() < 2) return {};
  std::vector<Offset> seen, expected, mirrored;
  for (const std::size_t row : rows) {
    seen.push_back(seen_offset(level1, rows[0], row));
    expected.push_back(stated[row] - stated[rows[0]]);
  }
  for (const double x_sign : {1.0, -1.0}) {
    for (const double y_sign : {1.0, -1.0}) {
      const auto fits = [&](const Offset& a, const Offset& b) {
        return is_same(a, {x_sign * b.x_deg, y_sign * b.y_deg});
      };
      if (std::ranges::equal(seen, expected, fits)) return {};
    }
  }
  std::vector<int> found;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto is_there = [&](const Offset& other) { return is_same(seen[i], other); };
    if (!is_there(expected[i]) && std::ranges::any_of(expected, is_there)) found.push_back(level1.feeds[rows[i]]);
  }
  return found;
}

}  // namespace

std::vector<Trouble> check_feed_places(const Level1Metadata& level1) {
  std::vector<Trouble> troubles;
  const std::vector<std::size_t> rows = science_rows(level1);
  const std::vector<int> twins = coinciding_feeds(level1, rows);
  if (!twins.empty()) {
    troubles.push_back({TroubleKind::clock, kLevel1Stage, kPointing,
                        "azimuth and elevation of another feed at every sample", "az and el are used", twins});
    return troubles;
  }
  const std::vector<int> exchanged = exchanged_feeds(level1, rows);
  if (!exchanged.empty()) {
    troubles.push_back({TroubleKind::clock, kLevel1Stage, kPointing,
                        "az and el lie where pixel_xoffset, pixel_yoffset put another feed", "az and el are used",
                        exchanged});
  }
  return troubles;
}

}  // namespace comap
