#include "stages/check_level1/pointing_screen.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "math/gaps.hpp"

namespace comap {
namespace {

constexpr double kFullTurn_deg = 360.0;
constexpr double kHighestElevation_deg = 90.0;
constexpr double kLongestJump_s = 10.0;
constexpr double kLongestAtEnds_s = 1.0;  ///< of a file, where there is nothing on the other side
constexpr std::size_t kMostTracks = 50;   ///< looked at for one that goes on after a jump

bool is_elevation(double elevation_deg) { return elevation_deg > 0.0 && elevation_deg <= kHighestElevation_deg; }

bool is_missing(double azimuth_deg, double elevation_deg) {
  return !std::isfinite(azimuth_deg) || azimuth_deg == 0.0 || !is_elevation(elevation_deg);
}

/// Whether the telescope can have gone from one sample to another, `n` samples later.
class Reach {
 public:
  Reach(const FeedDirections& directions, double speed_deg_s) : at_(directions), speed_deg_s_(speed_deg_s) {}

  bool holds(std::size_t from, std::size_t to) const {
    const double reach_deg = speed_deg_s_ * (at_.mjd[to] - at_.mjd[from]) * kSecondsPerDay;
    const double more_deg = std::abs(at_.azimuth_deg[to] - at_.azimuth_deg[from]) +
                            std::abs(at_.elevation_deg[to] - at_.elevation_deg[from]);
    return more_deg <= reach_deg || separation_deg(from, to) <= reach_deg;
  }

  /// On the sky, of directions close to each other.
  double separation_deg(std::size_t from, std::size_t to) const {
    const double azimuth_deg = std::remainder(at_.azimuth_deg[to] - at_.azimuth_deg[from], kFullTurn_deg);
    return std::hypot(azimuth_deg * std::cos(at_.elevation_deg[to] * kDegree_rad),
                      at_.elevation_deg[to] - at_.elevation_deg[from]);
  }

 private:
  const FeedDirections& at_;
  double speed_deg_s_;
};

/// Samples that are there, cut where one is out of reach from the one before: [first, end) in `samples`.
struct Tracks {
  std::vector<std::size_t> samples;
  std::vector<std::size_t> starts;  ///< index in `samples`, and their number at the end

  std::size_t n() const { return starts.size() - 1; }
  std::size_t first(std::size_t track) const { return samples[starts[track]]; }
  std::size_t last(std::size_t track) const { return samples[starts[track + 1] - 1]; }
};

Tracks tracks_of(std::span<const PointingFault> faults, const Reach& reach) {
  Tracks tracks;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    if (faults[i] != PointingFault::none) continue;
    if (tracks.samples.empty() || !reach.holds(tracks.samples.back(), i))
      tracks.starts.push_back(tracks.samples.size());
    tracks.samples.push_back(i);
  }
  tracks.starts.push_back(tracks.samples.size());
  return tracks;
}

/// The first track after `track` that goes on where `before` ends, which is nearer than `track`: a telescope that
/// stands still and catches up goes away from there step by step. tracks.n() where there is none, or where what lies
/// between is too long for a jump.
std::size_t next_in_reach(const FeedDirections& at, const Tracks& tracks, const Reach& reach, std::size_t before,
                          std::size_t track) {
  const std::size_t from = tracks.last(before);
  const std::size_t end = std::min(tracks.n(), track + kMostTracks);
  for (std::size_t next = track + 1; next < end; ++next) {
    const double length_s = (at.mjd[tracks.last(next - 1)] - at.mjd[tracks.first(track)]) * kSecondsPerDay;
    if (length_s > kLongestJump_s) break;
    const std::size_t to = tracks.first(next);
    if (reach.holds(from, to) && reach.separation_deg(from, to) < reach.separation_deg(from, tracks.first(track))) {
      return next;
    }
  }
  return tracks.n();
}

void mark_jumps(const FeedDirections& at, const Reach& reach, std::span<PointingFault> faults) {
  const Tracks tracks = tracks_of(faults, reach);
  const auto mark = [&](std::size_t track) {
    for (std::size_t i = tracks.starts[track]; i < tracks.starts[track + 1]; ++i) {
      faults[tracks.samples[i]] = PointingFault::jump;
    }
  };
  const auto is_short = [&](std::size_t track) {
    const double length_s = (at.mjd[tracks.last(track)] - at.mjd[tracks.first(track)]) * kSecondsPerDay;
    return length_s <= kLongestAtEnds_s &&
           2 * (tracks.starts[track + 1] - tracks.starts[track]) < tracks.samples.size();
  };
  if (tracks.n() < 2) return;
  std::size_t good = is_short(0) ? 1 : 0;  // before the first there is nothing to go on from
  if (good == 1) mark(0);
  for (std::size_t track = good + 1; track < tracks.n(); ++track) {
    std::size_t next = next_in_reach(at, tracks, reach, good, track);
    if (next == tracks.n() && !(track + 1 == tracks.n() && is_short(track))) next = track;  // a slew
    for (std::size_t wrong = track; wrong < next; ++wrong) mark(wrong);
    good = next;
    track = next;
  }
}

/// One past the last sample from `first` on that has the same direction.
std::int64_t end_of_hold(const FeedDirections& at, std::int64_t first, std::int64_t end) {
  const std::size_t i = first;
  std::int64_t next = first + 1;
  for (; next < end; ++next) {
    const std::size_t j = next;
    if (at.azimuth_deg[j] != at.azimuth_deg[i] || at.elevation_deg[j] != at.elevation_deg[i]) break;
  }
  return next;
}

double held_s(const FeedDirections& at, std::int64_t first, std::int64_t end) {
  return (at.mjd[end - 1] - at.mjd[first]) * kSecondsPerDay;
}

}  // namespace

std::vector<PointingFault> pointing_faults(const FeedDirections& directions, const CheckLevel1Config& limits) {
  std::vector<PointingFault> faults(directions.mjd.size(), PointingFault::none);
  for (std::size_t i = 0; i < faults.size(); ++i) {
    if (is_missing(directions.azimuth_deg[i], directions.elevation_deg[i])) faults[i] = PointingFault::missing;
  }
  mark_jumps(directions, Reach(directions, limits.max_pointing_speed_deg_s), faults);
  return faults;
}

std::int64_t mark_frozen(const FeedDirections& directions, std::span<const std::array<std::int64_t, 2>> scans,
                         const CheckLevel1Config& limits, std::span<PointingFault> faults) {
  std::vector<std::array<std::int64_t, 2>> holds;
  std::int64_t n_held = 0, n_samples = 0;
  for (const auto& [start, end] : scans) {
    n_samples += end - start;
    for (std::int64_t first = start; first < end;) {
      const std::int64_t next = end_of_hold(directions, first, end);
      if (held_s(directions, first, next) > limits.max_pointing_hold_s) {
        holds.push_back({first + 1, next});
        n_held += next - first - 1;
      }
      first = next;
    }
  }
  if (2 * n_held > n_samples) return n_held;
  for (const auto& [first, end] : holds) {
    for (std::int64_t i = first; i < end; ++i) {
      PointingFault& fault = faults[i];
      if (fault == PointingFault::none) fault = PointingFault::frozen;
    }
  }
  return 0;
}

std::int64_t n_held_briefly(const FeedDirections& directions, std::span<const std::array<std::int64_t, 2>> scans,
                            const CheckLevel1Config& limits) {
  std::int64_t n_held = 0;
  for (const auto& [start, end] : scans) {
    for (std::int64_t first = start; first < end;) {
      const std::int64_t next = end_of_hold(directions, first, end);
      if (held_s(directions, first, next) <= limits.max_pointing_hold_s) n_held += next - first - 1;
      first = next;
    }
  }
  return n_held;
}

std::vector<PointingFault> bridge_pointing(const CheckLevel1Config& limits, Level1Metadata& level1) {
  const std::size_t n = level1.n_samples;
  std::vector<PointingFault> all;
  all.reserve(level1.azimuth_deg.size());
  std::vector<std::uint8_t> is_wrong(n);
  for (std::size_t row = 0; row * n < level1.azimuth_deg.size(); ++row) {
    const auto azimuth = std::span(level1.azimuth_deg).subspan(row * n, n);
    const auto elevation = std::span(level1.elevation_deg).subspan(row * n, n);
    const std::vector<PointingFault> faults = pointing_faults({level1.mjd, azimuth, elevation}, limits);
    all.insert(all.end(), faults.begin(), faults.end());
    if (std::ranges::all_of(faults, [](PointingFault fault) { return fault == PointingFault::none; })) continue;
    std::ranges::transform(faults, is_wrong.begin(),
                           [](PointingFault fault) { return static_cast<std::uint8_t>(fault); });
    bridge_missing(azimuth, is_wrong, kFullTurn_deg);
    // An elevation without an azimuth is as good as any.
    for (std::size_t i = 0; i < n; ++i) {
      if (faults[i] == PointingFault::missing && is_elevation(elevation[i])) is_wrong[i] = 0;
    }
    bridge_missing(elevation, is_wrong);
  }
  return all;
}

}  // namespace comap
