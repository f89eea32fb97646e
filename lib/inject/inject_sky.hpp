#pragma once
/// \file
/// A known sky added to a Level-1 file that is there already, to measure what a reduction does to it.
///
///   P' = P + G(feed, band, channel) T_sky(l, b, nu)      outside the vane events
///
/// G [counts / K] is the file's own vane measurement, as system_temperature finds it and later stages use it (`event`):
/// it counts from above the atmosphere, so the sky is not attenuated again. T_sky is that of [simulate]
/// (sky_model.hpp), after the beam, at the Galactic position of every sample.

#include <cstdint>
#include <string>

#include "config/config.hpp"
#include "sky/coordinates.hpp"

namespace comap {

/// The file to add a sky to, and the number of the copy.
struct InjectionRequest {
  std::string level1_path;
  std::int64_t new_obsid = 0;  ///< of the copy
};

/// Where the copy goes: simulate.output_dir, the name of the file with the new obsid; and its truth.
struct InjectionFiles {
  std::string level1;
  std::string truth;
};
InjectionFiles injection_files(const SimulateConfig& config, const InjectionRequest& request);

struct InjectionSummary {
  InjectionFiles files;
  double brightest_K = 0.0;  ///< brightest sample of the sky that was added, at 30 GHz
  double tod_MB = 0.0;       ///< changed
};

/// Copies the file, byte for byte, and changes TOD and obsid of the copy; NaN stay NaN, channels without gain stay as
/// they are. TOD goes through memory in blocks of one chunk, or of 32 MB of a contiguous file. The truth file holds the
/// terms of the sky, T = sum_k profile_K[k] (nu / 30 GHz)^beta[k]:
///   terms/profile_K float32 [term][feed row][sample], terms/beta [term] (NaN: the line), gain [feed
///   row][band][channel] at mid observation, frequency [band][channel], galactic_l, galactic_b [feed row][sample],
///   sky/*
/// The input is never written. Throws ObservationError for a file that cannot be calibrated, IoError, ConfigError for a
/// copy that is there already (unless simulate.overwrite) or that would be the input itself.
InjectionSummary inject_sky(const Config& config, const Observer& observer, const InjectionRequest& request);

}  // namespace comap
