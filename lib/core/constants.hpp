#pragma once
/// \file
/// Numbers of the instrument, of nature and of the file formats that are not settings.

#include <limits>
#include <numbers>

namespace comap {

inline constexpr int kScienceFeeds = 19;  ///< feeds 1..19; the feed axis of Level-2 files
inline constexpr int kGroundFeed = 20;    ///< the capped feed, never processed
inline constexpr int kBands = 4;          ///< sidebands A:LSB, A:USB, B:LSB, B:USB

inline constexpr int kCatalogueSubBands = 2;                         ///< of a band, in the tables of the catalogue
inline constexpr int kFrequencyBands = kCatalogueSubBands * kBands;  ///< frequency_band 0-7 = band * 2 + sub-band
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr float kFloatNan = std::numeric_limits<float>::quiet_NaN();

inline constexpr double kDegree_rad = std::numbers::pi / 180.0;
inline constexpr double kArcsecond_rad = kDegree_rad / 3600.0;
inline constexpr double kSecondsPerDay = 86400.0;
inline constexpr double kDaysPerYear = 365.25;
inline constexpr double kGigabyte = 1e9;
inline constexpr double kZeroCelsius_K = 273.15;
inline constexpr double kMadToSigma = 1.4826;        ///< sigma over the median absolute deviation, normal noise
inline constexpr double kPivotFrequency_GHz = 30.0;  ///< x = ln(nu / 30 GHz) in the gain filter
inline constexpr double kHertzPerGigahertz = 1e9;
inline constexpr double kLightSpeed_km_s = 299792.458;

}  // namespace comap
