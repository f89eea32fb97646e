#include "map/plan/memory_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/memory.hpp"
#include "map/prepare/subpixel.hpp"

namespace comap {
namespace {

constexpr double kFloat = sizeof(float);
constexpr double kDoublesPerOffset = 10.0;  // weights, data, inverse, airmass and solutions of one band
constexpr double kLeastResident = 256e3;    // bytes of arrays on the scratch; less is a few pages of each

}  // namespace

double bytes_per_sample(const MapmakeConfig& config, std::size_t n_bands, bool more_follow) {
  const double within = config.subpixel_pass ? sizeof(WithinPixel) : 0.0;
  const double bright = config.planck_map.empty() ? 0.0 : kFloat;
  const double airmass = config.fit_airmass ? kFloat : 0.0;
  const double pointing = sizeof(std::int32_t) + within + bright + airmass;
  const double runs = sizeof(std::uint32_t) + airmass + 2.0 * bright;
  const double per_band = kFloat + (config.subpixel_pass ? kFloat : 0.0);
  return (more_follow ? 2.0 : 1.0) * pointing + runs + static_cast<double>(n_bands) * per_band;
}

MemoryPlan plan_memory(const MapmakeConfig& config, std::int64_t n_samples) {
  const std::size_t n_bands = config.bands.size();
  const double bound = config.memory_GB * kGigabyte;
  const auto fits = [&](std::size_t n) {
    return bound == 0.0 || static_cast<double>(n_samples) * bytes_per_sample(config, n, n < n_bands) <= bound;
  };
  MemoryPlan plan;
  std::size_t together = n_bands;
  while (together > 1 && !fits(together)) --together;
  if (!fits(together)) {
    const double offsets = static_cast<double>(n_samples) * kDoublesPerOffset * sizeof(double) / config.offset_length;
    plan.resident_bytes = (bound - offsets) / 2.0;
    if (plan.resident_bytes < kLeastResident) {
      const double least = (offsets + 2.0 * kLeastResident) / kGigabyte;
      throw ConfigError(
          fmt::format("[mapmake] memory_GB = {}: with all samples on a scratch, one band of the {} samples of the "
                      "busiest rank still "
                      "takes {:.3g} GB; allow that, or use more ranks or fewer observations",
                      config.memory_GB, n_samples, least));
    }
  }
  for (std::size_t first = 0; first < n_bands; first += together) {
    const auto begin = config.bands.begin() + first;
    const std::size_t count = std::min(together, n_bands - first);
    plan.groups.emplace_back(begin, begin + count);
  }
  return plan;
}

void check_sample_memory(const MapmakeConfig& config, std::int64_t n_samples) {
  if (config.memory_GB > 0.0) return;
  const double bytes = static_cast<double>(n_samples) * bytes_per_sample(config, config.bands.size(), false);
  const double available = available_memory_bytes();
  if (bytes <= available) return;
  throw ConfigError(
      fmt::format("[mapmake] {} bands of the {} samples of the busiest rank take {:.3g} GB, and there are {:.3g} GB of "
                  "memory; set memory_GB (--memory) to what a rank may take, or use more nodes or fewer observations",
                  config.bands.size(), n_samples, bytes / kGigabyte, available / kGigabyte));
}

std::string scratch_directory(const MapmakeConfig& config) {
  if (!config.scratch_dir.empty()) return config.scratch_dir;
  const char* directory = std::getenv("TMPDIR");
  return directory != nullptr && *directory != '\0' ? directory : "/tmp";
}

}  // namespace comap
