#pragma once
/// \file
/// The signal that was added to a Level-1 file, and its truth file.

#include <array>
#include <string>
#include <vector>

#include "io/hdf5/h5.hpp"
#include "simulate/sky_model.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Samples [start, end) with one gain.
struct GainStretch {
  std::array<std::int64_t, 2> range = {0, 0};
  std::vector<double> gain;  ///< [band][channel], counts / K; NaN: nothing is added
};

/// The signal that is added to one feed.
struct InjectedFeed {
  int row = 0;                           ///< of the feed axis
  std::vector<double> l_deg;             ///< [sample]
  std::vector<double> b_deg;             ///< [sample]
  std::vector<simulate::SkyTerm> terms;  ///< the same terms for every feed
  std::vector<double> gain;              ///< [band][channel] at mid observation
  std::vector<GainStretch> stretches;    ///< in order of time, without the vane events
};

/// Brightest sample, all terms together at 30 GHz [K].
double brightest_K(const InjectedFeed& feed);

/// The truth file (inject_sky.hpp lists its datasets). Rows are those of the Level-1 file; the ground feed's are NaN.
class InjectionTruth {
 public:
  InjectionTruth(const std::string& path, const ObservationContext& observation, std::int64_t new_obsid,
                 const simulate::SkyModel& sky);
  void write_feed(const InjectedFeed& feed);
  void close() { file_.close(); }

 private:
  void create_terms(const std::vector<simulate::SkyTerm>& terms);

  h5::File file_;
  std::uint64_t n_feeds_;
  std::uint64_t n_channels_;
  std::uint64_t n_samples_;
};

}  // namespace comap
