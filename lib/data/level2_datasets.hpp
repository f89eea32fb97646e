#pragma once
/// \file
/// The table of Level-2 datasets: what stages write, files hold, readers expect and `comap_mpi check` demands stands
/// here, once. A new dataset is a line here and its name in kAll (level2_datasets.cpp).

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "data/array.hpp"

namespace comap {

/// How numbers are stored in files.
enum class ElementType { int8, uint8, int32, int64, float32, float64 };

template <typename T>
constexpr ElementType element_type() {
  if constexpr (std::is_same_v<T, float>) return ElementType::float32;
  if constexpr (std::is_same_v<T, double>) return ElementType::float64;
  if constexpr (std::is_same_v<T, std::int64_t>) return ElementType::int64;
  if constexpr (std::is_same_v<T, std::int32_t>) return ElementType::int32;
  if constexpr (std::is_same_v<T, std::int8_t>) return ElementType::int8;
  if constexpr (std::is_same_v<T, std::uint8_t>) return ElementType::uint8;
}

namespace level2 {

/// The things that an axis counts. `feed`: 19 rows, feed number - 1; `feed_row`: the feeds of the file, in its order
/// (dataset spectrometer/feeds); `other_band`: the second band of a matrix; `edge`: start, end.
enum class Axis : std::uint8_t { feed, feed_row, event, band, other_band, sub_band, channel, scan, sample, edge };
inline constexpr std::size_t kAxes = 10;
std::string_view axis_name(Axis axis);

constexpr bool is_feed_axis(Axis axis) { return axis == Axis::feed || axis == Axis::feed_row; }

/// Lengths of the axes in one file, by Axis.
using AxisLengths = std::array<Index, kAxes>;

/// Which part of a dataset one feed fills.
enum class FeedAxis {
  feed_number,  ///< axis 0 has 19 rows, row = feed - 1
  file_row,     ///< an axis has n_feeds rows in file order
  none,         ///< one array for the observation, made by Stage::prepare
};

/// A line of the table.
struct Dataset {
  static constexpr std::size_t kMaxAxes = 4;

  std::string_view path;
  ElementType type = ElementType::float64;
  std::array<Axis, kMaxAxes> axis_list{};
  std::size_t n_axes = 0;
  std::string_view unit;         ///< empty = a pure number
  std::string_view stage;        ///< that makes it
  std::string_view description;  ///< one line, for the file itself and for docs/files.md
  bool has_values = false;       ///< every feed that was observed has numbers in it

  constexpr std::span<const Axis> axes() const { return {axis_list.data(), n_axes}; }
  constexpr bool has_axis(Axis axis) const { return std::ranges::find(axes(), axis) != axes().end(); }
  FeedAxis feed_axis() const;
  /// Lengths along its axes in a file.
  std::vector<Index> shape(const AxisLengths& lengths) const;
  // A dataset may stand wherever its path may.
  explicit(false) constexpr operator std::string_view() const { return path; }
};

enum class Content { any, values };

/// A line whose element type is T and whose array, of an observation or of one feed, has N axes: those of the dataset
/// without the feed's.
template <typename T, std::size_t N>
struct ArrayDataset : Dataset {
  template <std::size_t M>
  consteval ArrayDataset(std::string_view where, const Axis (&axes)[M], std::string_view of_unit,
                         std::string_view made_by, std::string_view text, Content content = Content::any) {
    path = where;
    type = element_type<T>();
    std::ranges::copy(axes, axis_list.begin());
    n_axes = M;
    unit = of_unit;
    stage = made_by;
    description = text;
    has_values = content == Content::values;
    if (M != N + (has_axis(Axis::feed) || has_axis(Axis::feed_row) ? 1 : 0)) throw "N does not fit the axes";
  }
};

using enum Axis;

/// Axes of datasets.
namespace axes {
inline constexpr Axis kSamples[] = {sample};
inline constexpr Axis kFeedRows[] = {feed_row};
inline constexpr Axis kPointing[] = {feed_row, sample};
inline constexpr Axis kBandSamples[] = {feed, band, sample};
inline constexpr Axis kVaneChannels[] = {event, feed_row, band, channel};
inline constexpr Axis kEvents[] = {event};
inline constexpr Axis kEdges[] = {scan, edge};
inline constexpr Axis kChannels[] = {feed, band, channel};
inline constexpr Axis kChannelScans[] = {feed, band, channel, scan};
inline constexpr Axis kStreams[] = {feed, band, sub_band, sample};
inline constexpr Axis kSubBandScans[] = {feed, band, sub_band, scan};
inline constexpr Axis kBandScans[] = {feed, band, scan};
inline constexpr Axis kBandPairScans[] = {feed, band, other_band, scan};
inline constexpr Axis kSubBands[] = {feed, band, sub_band};
}  // namespace axes

// Copies of Level-1 that every reader needs; create_level2 copies more, as configured.
inline constexpr ArrayDataset<double, 1> kMjd("spectrometer/MJD", axes::kSamples, "d", "create_level2",
                                              "time of each sample, UTC");
inline constexpr ArrayDataset<std::int64_t, 0> kFeeds("spectrometer/feeds", axes::kFeedRows, "", "create_level2",
                                                      "feed number of each feed row");
inline constexpr ArrayDataset<double, 1> kAzimuth("spectrometer/pixel_pointing/pixel_az", axes::kPointing, "deg",
                                                  "create_level2", "azimuth of the feed's beam");
inline constexpr ArrayDataset<double, 1> kElevation("spectrometer/pixel_pointing/pixel_el", axes::kPointing, "deg",
                                                    "create_level2", "elevation of the feed's beam");

inline constexpr ArrayDataset<std::uint8_t, 2> kSampleFlags(
    "level2/sample_flags", axes::kBandSamples, "", "check_level1",
    "why samples inside scans are missing, one bit for each reason (attribute bits)");

inline constexpr ArrayDataset<float, 3> kSystemTemperature("level2/vane/system_temperature", axes::kVaneChannels, "K",
                                                           "system_temperature",
                                                           "system temperature by each vane event");
inline constexpr ArrayDataset<float, 3> kGain("level2/vane/gain", axes::kVaneChannels, "counts/K", "system_temperature",
                                              "gain of the receiver by each vane event");
inline constexpr ArrayDataset<double, 1> kVaneEventMjd("level2/vane/event_mjd", axes::kEvents, "d",
                                                       "system_temperature", "mid time of each vane event, UTC");

inline constexpr ArrayDataset<std::int64_t, 2> kScanEdges("level2/scan_edges", axes::kEdges, "samples", "find_scans",
                                                          "first sample of each scan and the one after its last");

inline constexpr ArrayDataset<double, 2> kLevel1AutoRms(
    "level1_noise_stats/auto_rms", axes::kChannels, "counts", "noise_stats_level1",
    "white noise from the differences of neighbouring samples, between scans too", Content::values);

inline constexpr ArrayDataset<double, 3> kAtmosphereOffsets("level2/atmosphere/offsets", axes::kChannelScans, "K",
                                                            "atmosphere",
                                                            "part of the power that does not change with airmass",
                                                            Content::values);
inline constexpr ArrayDataset<double, 3> kAtmosphereTau("level2/atmosphere/tau", axes::kChannelScans, "K", "atmosphere",
                                                        "power of the atmosphere in one airmass", Content::values);
inline constexpr ArrayDataset<double, 2> kAtmosphereVaneOffsets(
    "level2/atmosphere_vane/offsets", axes::kChannels, "K", "atmosphere_vane",
    "part of the power between scans that does not change with airmass", Content::values);
inline constexpr ArrayDataset<double, 2> kAtmosphereVaneTau(
    "level2/atmosphere_vane/tau", axes::kChannels, "K", "atmosphere_vane",
    "power of the atmosphere in one airmass, from the samples between scans", Content::values);

inline constexpr ArrayDataset<float, 3> kBinned(
    "level2/binned_data", axes::kStreams, "K", "gain_filter",
    "time streams of the half bands; 0 outside scans, NaN where samples are missing", Content::values);
inline constexpr ArrayDataset<float, 3> kBinnedFiltered("level2/binned_filtered_data", axes::kStreams, "K",
                                                        "gain_filter",
                                                        "binned_data with the fluctuations of the gain taken out",
                                                        Content::values);
inline constexpr ArrayDataset<double, 3> kEffectiveTsys("level2/gain_filter/effective_tsys", axes::kSubBandScans, "K",
                                                        "gain_filter",
                                                        "brightness by which a relative gain of 1 changes the stream");
inline constexpr ArrayDataset<double, 3> kWhiteVariance("level2/gain_filter/white_variance", axes::kSubBandScans, "K^2",
                                                        "gain_filter", "variance of the radiometer noise of a sample");
inline constexpr ArrayDataset<double, 2> kGainInformation(
    "level2/gain_filter/gain_information", axes::kBandScans, "", "gain_filter",
    "inverse variance with which a sample tells the gain of a band");
inline constexpr ArrayDataset<double, 3> kGainInformationMatrix(
    "level2/gain_filter/gain_information_matrix", axes::kBandPairScans, "", "gain_filter",
    "gain_information with the correlations of bands, for sky = \"power_law\"");
inline constexpr ArrayDataset<double, 2> kSigmaCommon("level2/gain_filter/sigma_common", axes::kBandScans, "",
                                                      "gain_filter",
                                                      "prior of the gain that all bands share: relative, at 0.1 Hz");
inline constexpr ArrayDataset<double, 2> kSigmaBand("level2/gain_filter/sigma_band", axes::kBandScans, "",
                                                    "gain_filter", "prior of a band's own gain: relative, at 0.1 Hz");
inline constexpr ArrayDataset<double, 2> kGainAlpha("level2/gain_filter/alpha", axes::kBandScans, "", "gain_filter",
                                                    "slope of the gain's power spectrum");
inline constexpr ArrayDataset<std::uint8_t, 2> kChannelMask("level2/gain_filter/channel_mask", axes::kChannels, "",
                                                            "gain_filter",
                                                            "why channels are left out, one bit for each reason");
inline constexpr ArrayDataset<double, 2> kCentralFrequencies(
    "level2/central_freqs", axes::kSubBands, "GHz", "gain_filter",
    "mean frequency of the channels used, weighted as they are", Content::values);
inline constexpr ArrayDataset<double, 2> kBandwidths("level2/bandwidths", axes::kSubBands, "GHz", "gain_filter",
                                                     "standard deviation of the frequencies of the channels used",
                                                     Content::values);

inline constexpr ArrayDataset<float, 3> kUncleaned("level2/post_bin_cleaning/uncleaned", axes::kStreams, "K",
                                                   "post_bin_cleaning", "binned_filtered_data as it was before");

/// The fits of noise_stats_level2 to one of the two data sets.
struct NoiseDatasets {
  std::string_view of;  ///< name of the data set below level2/
  ArrayDataset<double, 3> sigma_white, sigma_red, alpha, auto_rms;
};
consteval NoiseDatasets noise_datasets(std::string_view of, std::string_view sigma_white, std::string_view sigma_red,
                                       std::string_view alpha, std::string_view auto_rms) {
  constexpr std::string_view kStage = "noise_stats_level2";
  return {of,
          {sigma_white, axes::kSubBandScans, "K", kStage, "white noise of a sample, fitted"},
          {sigma_red, axes::kSubBandScans, "K", kStage, "red noise of a sample at the reference frequency, fitted"},
          {alpha, axes::kSubBandScans, "", kStage, "slope of the red noise, fitted"},
          {auto_rms, axes::kSubBandScans, "K", kStage, "noise from the differences of neighbouring samples"}};
}
inline constexpr NoiseDatasets kNoiseOfFiltered =
    noise_datasets("binned_filtered_data", "level2_noise_stats/binned_filtered_data/sigma_white",
                   "level2_noise_stats/binned_filtered_data/sigma_red", "level2_noise_stats/binned_filtered_data/alpha",
                   "level2_noise_stats/binned_filtered_data/auto_rms");
inline constexpr NoiseDatasets kNoiseOfUnfiltered = noise_datasets(
    "binned_data", "level2_noise_stats/binned_data/sigma_white", "level2_noise_stats/binned_data/sigma_red",
    "level2_noise_stats/binned_data/alpha", "level2_noise_stats/binned_data/auto_rms");
/// Throws Bug for another name than the two.
const NoiseDatasets& noise_of(std::string_view dataset);

/// A quantity that calibrator_fit measures, with its error.
struct MeasuredDatasets {
  ArrayDataset<double, 2> value, error;
};
consteval MeasuredDatasets measured(std::string_view value, std::string_view error, std::string_view unit,
                                    std::string_view text, std::string_view error_text) {
  return {{value, axes::kSubBands, unit, "calibrator_fit", text},
          {error, axes::kSubBands, unit, "calibrator_fit", error_text}};
}
inline constexpr MeasuredDatasets kAmplitude =
    measured("level2/calibrator_fit/amplitudes", "level2/calibrator_fit/amplitude_errors", "K",
             "peak brightness of the calibrator", "standard error of amplitudes");
inline constexpr MeasuredDatasets kRaOffset =
    measured("level2/calibrator_fit/ra_offset", "level2/calibrator_fit/ra_offset_errors", "deg",
             "fitted minus true position, on the sky", "standard error of ra_offset");
inline constexpr MeasuredDatasets kDecOffset =
    measured("level2/calibrator_fit/dec_offset", "level2/calibrator_fit/dec_offset_errors", "deg",
             "fitted minus true position", "standard error of dec_offset");
inline constexpr MeasuredDatasets kAzOffset =
    measured("level2/calibrator_fit/az_offset", "level2/calibrator_fit/az_offset_errors", "deg",
             "fitted minus true position, on the sky", "standard error of az_offset");
inline constexpr MeasuredDatasets kElOffset =
    measured("level2/calibrator_fit/el_offset", "level2/calibrator_fit/el_offset_errors", "deg",
             "fitted minus true position", "standard error of el_offset");
inline constexpr MeasuredDatasets kMajorStd =
    measured("level2/calibrator_fit/major_std", "level2/calibrator_fit/major_std_errors", "deg",
             "standard deviation of the beam along its major axis", "standard error of major_std");
inline constexpr MeasuredDatasets kMinorStd =
    measured("level2/calibrator_fit/minor_std", "level2/calibrator_fit/minor_std_errors", "deg",
             "standard deviation of the beam along its minor axis", "standard error of minor_std");
inline constexpr MeasuredDatasets kPositionAngle =
    measured("level2/calibrator_fit/position_angle", "level2/calibrator_fit/position_angle_errors", "deg",
             "position angle of the beam's major axis", "standard error of position_angle");
inline constexpr MeasuredDatasets kFlux = measured("level2/calibrator_fit/flux", "level2/calibrator_fit/flux_errors",
                                                   "Jy", "flux density of the calibrator", "standard error of flux");
inline constexpr ArrayDataset<double, 2> kCalibratorChi2("level2/calibrator_fit/chi2", axes::kSubBands, "",
                                                         "calibrator_fit", "reduced chi square of the fit");

/// Every line, in the order of the stages.
std::span<const Dataset* const> all_datasets();
/// nullptr for a path that is not in the table.
const Dataset* find_dataset(std::string_view path);
/// "feed band channel"
std::string axes_text(const Dataset& dataset);
/// The table as lines of Markdown, without a line feed at its end: the end of docs/files.md.
std::string datasets_page();

/// Root attribute of a file that was written to its end: 1, the last thing written.
inline constexpr std::string_view kCompleteAttribute = "comap_mpi_complete";
/// Attribute of the group comap_mpi: troubles found with the inputs (data/trouble.hpp), JSON.
inline constexpr std::string_view kTroublesGroup = "comap_mpi";
inline constexpr std::string_view kTroublesAttribute = "troubles";
inline constexpr std::string_view kPostBinCleaning = "level2/post_bin_cleaning";
inline constexpr std::string_view kNoiseStatsGroup = "level2_noise_stats";
inline constexpr std::string_view kCalibratorFitGroup = "level2/calibrator_fit";
inline constexpr std::string_view kSqlSnapshot = "level2/sql_snapshot";

}  // namespace level2
}  // namespace comap
