#pragma once
/// \file
/// Why a sample is missing: bits of level2/sample_flags, from Level-1 to the map.

#include <array>
#include <cstdint>
#include <string_view>

namespace comap::sample_flag {

// Bits are kept in files: never renumber one.
inline constexpr std::uint8_t kMissing = 1;      ///< NaN in Level-1
inline constexpr std::uint8_t kNotPositive = 2;  ///< counts zero or negative
inline constexpr std::uint8_t kAbsurd = 4;       ///< counts that no receiver gives
inline constexpr std::uint8_t kRepeated = 8;     ///< the spectrum equals the one before
inline constexpr std::uint8_t kQuiet = 16;       ///< of a scan quieter than the radiometer equation allows
inline constexpr std::uint8_t kPointing = 32;    ///< direction missing, or against its neighbours
inline constexpr std::uint8_t kChannels = 64;    ///< too few good channels in the band

/// Without data. The others have data that nobody wants (kPointing), or are found by a later stage (kChannels).
inline constexpr std::uint8_t kLost = kMissing | kNotPositive | kAbsurd | kRepeated | kQuiet;

inline constexpr int kBits = 7;
/// [bit] for logs, headers and reports.
inline constexpr std::array<std::string_view, kBits> kTexts = {
    "missing in Level-1", "counts not positive", "counts absurd",   "spectrum repeated",
    "noise too low",      "pointing bad",        "too few channels"};

}  // namespace comap::sample_flag
