#pragma once
/// \file
/// Everything of a Level-1 file but the TOD: small, read once by every rank of a team.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/trouble.hpp"
#include "io/hdf5/h5.hpp"
#include "io/level1/band_order.hpp"

namespace comap {

/// Vane housekeeping; times are as stored, 0.6 s late.
struct VaneHousekeeping {
  std::vector<double> utc_mjd;
  std::vector<double> angle_deg;
  std::vector<double> shroud_temperature_C;
  std::vector<double> vane_temperature_C;
  std::vector<double> ambient_temperature_C;
};

/// Bit-coded state of the array [n_frame]; times as stored, 0.6 s late. Shares the vane's times where the file has
/// none of its own and the lengths agree.
struct FrameHousekeeping {
  std::vector<double> utc_mjd;
  std::vector<std::int64_t> features;
};

/// Lissajous state of the telescope; empty when the file has none.
struct TrackerHousekeeping {
  std::vector<double> utc_mjd;
  std::vector<std::int64_t> lissajous_status;
};

/// The metadata of a Level-1 file (formats.md).
struct Level1Metadata {
  std::string path;
  std::int64_t obsid = 0;
  std::map<std::string, h5::AttributeValue> attributes;  ///< of the group `comap`
  int n_feeds = 0;                                       ///< rows of the feed axis, ground feed included
  int n_channels = 0;                                    ///< per band
  std::int64_t n_samples = 0;
  double sample_time_s = 0.0;             ///< (MJD[last] - MJD[first]) / (n - 1)
  std::vector<int> feeds;                 ///< [n_feeds] feed numbers
  std::vector<double> frequency_GHz;      ///< [band][channel]
  std::vector<double> mjd;                ///< [sample] UTC
  std::vector<std::int64_t> features;     ///< [sample] bit-coded
  std::vector<double> azimuth_deg;        ///< [n_feeds][sample]
  std::vector<double> elevation_deg;      ///< [n_feeds][sample]
  BandOrder order;                        ///< of the file; frequency_GHz is in ours, TodReader and the copies put it so
  std::vector<double> air_temperature_C;  ///< of the weather station; empty when the file has none
  std::vector<Trouble> troubles;          ///< what was mended in reading
  VaneHousekeeping vane;
  FrameHousekeeping frame;
  TrackerHousekeeping tracker;
};

/// Reads the metadata and checks presence, shapes, finite increasing MJD. `expected_obsid` <= 0 accepts any.
/// Throws ObservationError naming file and dataset; IoError when the file cannot be opened.
Level1Metadata read_level1_metadata(const std::string& path, std::int64_t expected_obsid);

/// The same checks, going on after each problem instead of stopping at the first: what is returned is only whole when
/// `problems` stays empty. Throws IoError when the file cannot be opened.
Level1Metadata inspect_level1(const std::string& path, std::vector<Level1Problem>& problems);

/// True when a Level-2 file holds the copies that read_level1_copies reads.
bool has_level1_copies(const h5::File& level2);

/// Shape, MJD, feeds, frequencies and their order, as read_level1_metadata gives them; nothing else is read or checked.
/// Throws as that does.
Level1Metadata read_level1_axes(const std::string& path);

/// The part of the metadata that stages without samples use, from the copies in a Level-2 file: obsid, attributes,
/// shape, MJD, feeds, frequency, features, azimuth and elevation. No housekeeping. Throws as read_level1_metadata.
Level1Metadata read_level1_copies(const std::string& level2_path);

}  // namespace comap
