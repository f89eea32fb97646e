#pragma once
/// \file
/// Everything of a Level-1 file but the TOD: small, read once by every rank of a team.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/constants.hpp"
#include "data/trouble.hpp"
#include "io/hdf5/h5.hpp"

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

/// What a Level-1 file says of itself (formats.md).
struct Level1Metadata {
  std::string path;
  std::int64_t obsid = 0;
  std::map<std::string, h5::AttributeValue> attributes;  ///< of the group `comap`
  int n_feeds = 0;                                       ///< rows of the feed axis, ground feed included
  int n_channels = 0;                                    ///< per band
  std::int64_t n_samples = 0;
  double sample_time_s = 0.0;          ///< (MJD[last] - MJD[first]) / (n - 1)
  std::vector<int> feeds;              ///< [n_feeds] feed numbers
  std::vector<double> frequency_GHz;   ///< [band][channel]
  std::vector<double> mjd;             ///< [sample] UTC
  std::vector<std::int64_t> features;  ///< [sample] bit-coded
  std::vector<double> azimuth_deg;     ///< [n_feeds][sample]
  std::vector<double> elevation_deg;   ///< [n_feeds][sample]
  /// Where band b = 0-3, in order of frequency with 0 and 2 running down, lies in the file, and whether its channels
  /// run the other way there. frequency_GHz is in our order; TodReader and the copies put the others into it.
  std::array<int, kBands> stored_band = {0, 1, 2, 3};
  std::array<bool, kBands> is_reversed{};
  std::vector<double> air_temperature_C;  ///< of the weather station; empty when the file has none
  std::vector<Trouble> troubles;          ///< what was mended in reading
  VaneHousekeeping vane;
  FrameHousekeeping frame;
  TrackerHousekeeping tracker;
};

/// Reads the metadata and checks presence, shapes, finite increasing MJD. `expected_obsid` <= 0 accepts any.
/// Throws ObservationError naming file and dataset; IoError when the file cannot be opened.
Level1Metadata read_level1_metadata(const std::string& path, std::int64_t expected_obsid);

/// What is wrong with a dataset, group or attribute; the dataset is empty when it is the file as a whole.
struct Level1Problem {
  std::string dataset;
  std::string what;
};

/// The same checks, going on after each problem instead of stopping at the first: what is returned is only whole when
/// `problems` stays empty. Throws IoError when the file cannot be opened.
Level1Metadata inspect_level1(const std::string& path, std::vector<Level1Problem>& problems);

/// True when a Level-2 file holds the copies that read_level1_copies reads.
bool has_level1_copies(const h5::File& level2);

/// The part of the metadata that stages without samples use, from the copies in a Level-2 file: obsid, attributes,
/// shape, MJD, feeds, frequency, features, azimuth and elevation. No housekeeping. Throws as read_level1_metadata.
Level1Metadata read_level1_copies(const std::string& level2_path);

/// obsid from a file name `comap-NNNNNNN-...` (also with the prefix `Level2_`); -1 when it has none.
std::int64_t obsid_of_file_name(const std::string& path);

}  // namespace comap
