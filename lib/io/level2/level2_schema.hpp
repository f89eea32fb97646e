#pragma once
/// \file
/// Names of Level-2 datasets (formats.md), once.

#include <string_view>

namespace comap::level2 {

/// Root attribute of a file that was written to its end: 1, the last thing written.
inline constexpr std::string_view kCompleteAttribute = "comap_mpi_complete";

/// Attribute of the group comap_mpi: what was found wrong with the inputs (data/trouble.hpp), JSON.
inline constexpr std::string_view kTroublesGroup = "comap_mpi";
inline constexpr std::string_view kTroublesAttribute = "troubles";

inline constexpr std::string_view kMjd = "spectrometer/MJD";
inline constexpr std::string_view kFeeds = "spectrometer/feeds";
inline constexpr std::string_view kAzimuth = "spectrometer/pixel_pointing/pixel_az";
inline constexpr std::string_view kElevation = "spectrometer/pixel_pointing/pixel_el";

inline constexpr std::string_view kSystemTemperature = "level2/vane/system_temperature";  ///< K
inline constexpr std::string_view kGain = "level2/vane/gain";                             ///< counts per K
inline constexpr std::string_view kVaneEventMjd = "level2/vane/event_mjd";
inline constexpr std::string_view kScanEdges = "level2/scan_edges";
inline constexpr std::string_view kSampleFlags = "level2/sample_flags";            ///< bits of data/sample_flag.hpp
inline constexpr std::string_view kLevel1AutoRms = "level1_noise_stats/auto_rms";  ///< counts
inline constexpr std::string_view kAtmosphereOffsets = "level2/atmosphere/offsets";
inline constexpr std::string_view kAtmosphereTau = "level2/atmosphere/tau";
inline constexpr std::string_view kAtmosphereVaneOffsets = "level2/atmosphere_vane/offsets";  ///< K
inline constexpr std::string_view kAtmosphereVaneTau = "level2/atmosphere_vane/tau";          ///< K
inline constexpr std::string_view kBinned = "level2/binned_data";
inline constexpr std::string_view kBinnedFiltered = "level2/binned_filtered_data";
inline constexpr std::string_view kEffectiveTsys = "level2/gain_filter/effective_tsys";
inline constexpr std::string_view kWhiteVariance = "level2/gain_filter/white_variance";
inline constexpr std::string_view kGainInformation = "level2/gain_filter/gain_information";
inline constexpr std::string_view kGainInformationMatrix = "level2/gain_filter/gain_information_matrix";
inline constexpr std::string_view kSigmaCommon = "level2/gain_filter/sigma_common";
inline constexpr std::string_view kSigmaBand = "level2/gain_filter/sigma_band";
inline constexpr std::string_view kGainAlpha = "level2/gain_filter/alpha";
inline constexpr std::string_view kChannelMask = "level2/gain_filter/channel_mask";
inline constexpr std::string_view kCentralFrequencies = "level2/central_freqs";  ///< GHz
inline constexpr std::string_view kBandwidths = "level2/bandwidths";             ///< GHz
inline constexpr std::string_view kPostBinCleaning = "level2/post_bin_cleaning";
inline constexpr std::string_view kUncleaned = "level2/post_bin_cleaning/uncleaned";  ///< K, filtered data before it
inline constexpr std::string_view kNoiseStatsGroup = "level2_noise_stats";            ///< /{dataset}/{sigma_white,...}
inline constexpr std::string_view kCalibratorFitGroup = "level2/calibrator_fit";      ///< /{amplitudes,...}
inline constexpr std::string_view kSqlSnapshot = "level2/sql_snapshot";

}  // namespace comap::level2
