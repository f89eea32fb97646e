#pragma once
/// \file
/// Serial reading of what a map needs from a Level-2 file, ours or the peer's.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/io_config.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/file_identity.hpp"
#include "data/array.hpp"
#include "data/level2_datasets.hpp"
#include "io/hdf5/h5.hpp"
#include "math/gain_modes.hpp"

namespace comap {

/// Horizontal pointing of one feed, degrees; samples without a direction have that of the straight line between those
/// around them, NaN where there is none at all.
struct FeedPointing {
  std::vector<double> azimuth_deg;    ///< [sample]
  std::vector<double> elevation_deg;  ///< [sample]
};

/// The frequencies of the channels of a stream; NaN where the file does not say.
struct Passband {
  double centre_GHz = kNan;  ///< weighted as the channels are
  double width_GHz = kNan;   ///< of the channels used
};

/// An open Level-2 file and the small things in it; samples are read on demand, one feed or one stream at a time.
///
/// Required: spectrometer/{MJD,feeds}, pixel_az, pixel_el, level2/scan_edges and the dataset asked for. Optional:
/// level2_noise_stats (without it nothing is excluded for its noise before the samples are read), level2/sample_flags.
/// A file with the attribute `comap_mpi_complete` other than 1 was never finished and is refused; one without the
/// attribute is another program's and is accepted.
class Level2Reader {
 public:
  /// `dataset` is a name under level2/: binned_filtered_data or binned_data. Throws IoError when the file cannot be
  /// opened, ObservationError naming file and dataset when it is incomplete or inconsistent.
  Level2Reader(const std::string& path, const std::string& dataset);

  const std::string& path() const { return file_.path(); }
  const h5::File& file() const { return file_; }
  const std::map<std::string, h5::AttributeValue>& attributes() const { return attributes_; }  ///< of group `comap`
  /// Attribute `obsid`, else from the file name; -1 when neither tells.
  std::int64_t obsid() const;
  /// Text of an attribute of `comap`; empty when it is missing.
  std::string attribute_text(const std::string& name) const;

  std::int64_t n_samples() const { return static_cast<std::int64_t>(mjd_.size()); }
  const std::vector<double>& mjd() const { return mjd_; }                           ///< [sample] UTC, days
  const std::vector<std::array<std::int64_t, 2>>& scans() const { return scans_; }  ///< [start, end), end exclusive
  int n_freq_bin() const { return static_cast<int>(stream_.info().extent[2]); }
  int n_frequency_bands() const;
  bool has_feed(int feed) const;

  /// From level2_noise_stats/<dataset>; empty when the file does not have it. K.
  std::optional<double> auto_rms_K(int feed, int frequency_band, std::size_t scan) const;
  std::optional<double> sigma_red_K(int feed, int frequency_band, std::size_t scan) const;

  std::optional<double> alpha(int feed, int frequency_band, std::size_t scan) const;
  /// Empty when the filter left no noise model for this element, or not a finite one. Not known of files that were
  /// filtered by a method without model. Throws ObservationError when the filter couples bands and the file does not
  /// say how.
  std::optional<GainNoise> gain_noise(int feed, int frequency_band, std::size_t scan) const;
  Passband passband(int feed, int frequency_band) const;
  /// True for data with the gain taken out.
  bool is_filtered() const;
  double sample_time_s() const;

  FeedPointing read_pointing(int feed) const;
  /// The stream of one (feed, frequency_band) [sample], K, in one read; NaN where it has a flag.
  std::vector<float> read_stream(int feed, int frequency_band) const;
  /// Why samples of a (feed, frequency_band) are missing [sample] (data/sample_flag.hpp); 0 where they are not, or
  /// where a file without level2/sample_flags does not say.
  std::vector<std::uint8_t> read_flags(int feed, int frequency_band) const;

 private:
  void read_scans();
  /// Angles as the file has them.
  FeedPointing stored_pointing(int feed) const;
  void check_shapes() const;
  Array<double, 4> read_noise(const level2::Dataset& dataset) const;
  Array<double, 3> read_sub_bands(const level2::Dataset& dataset) const;
  std::optional<double> noise_value(const Array<double, 4>& values, int feed, int frequency_band,
                                    std::size_t scan) const;

  h5::File file_;
  std::string dataset_;  ///< full path in the file
  h5::Dataset stream_;
  std::map<std::string, h5::AttributeValue> attributes_;
  std::vector<double> mjd_;
  std::vector<std::int64_t> feeds_;
  std::vector<std::array<std::int64_t, 2>> scans_;
  Array<double, 4> auto_rms_;   ///< [feed][band][sub-band][scan]
  Array<double, 4> sigma_red_;  ///< same
  Array<double, 4> alpha_;      ///< same
  bool couples_bands_ = false;
  Array<double, 3> central_frequency_GHz_, bandwidth_GHz_;  ///< [feed][band][sub-band]; empty when missing
};

/// Throws ReplacedFile when `path` does not lead to the file of `identity` any more, IoError when it leads to none.
void check_same_file(const std::string& path, const FileIdentity& identity);
/// True when the gain filter of the file knew one sky for all bands (sky = "power_law"), so that the errors of their
/// gains are not independent and it has gain_information_matrix.
bool filter_couples_bands(const h5::File& file);

/// Opens a file with the retries of [io].
Level2Reader open_level2(const IoConfig& io, const std::string& path, const std::string& dataset);
/// The same; also gives the file's identity, for later openings.
std::pair<Level2Reader, FileIdentity> open_level2_first(const IoConfig& io, const std::string& path,
                                                        const std::string& dataset);
/// The same for a file of which something is known already. Throws ReplacedFile when it is another one by now.
Level2Reader open_same_level2(const IoConfig& io, const std::string& path, const std::string& dataset,
                              const FileIdentity& identity);

}  // namespace comap
