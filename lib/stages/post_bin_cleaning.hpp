#pragma once
/// \file
/// Stage post_bin_cleaning.

#include <span>

#include "config/level2_config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// Slow changes, glitches kept out of them, and the airmass taken out of the filtered data of every scan.
///
/// Baseline of a series: moving median over `medfilt_length` samples; for a scan that is not longer, a straight line.
///   1. r = d - baseline(d);  samples with |r| > outlier_sigma auto_rms(r) stay out of the next step only
///   2. subtract the least-squares fit of offset + tau / sin(elevation) to the others; where the elevation of the scan
///      ranges over less than `min_elevation_range_deg` of the atmosphere: their median
///   3. subtract the baseline of the result
///
/// In     level2/binned_filtered_data, or the copy from before an earlier run of this stage; no TOD
/// Out    level2/binned_filtered_data, cleaned: NaN stay NaN, outside scans 0; level2/post_bin_cleaning/uncleaned, what
///        it was before, bit for bit, and the attribute status = "complete" of that group
class PostBinCleaning final : public Stage {
 public:
  PostBinCleaning(PostBinCleaningConfig config, AtmosphereConfig atmosphere)
      : config_(config), atmosphere_(atmosphere) {}

  std::string_view name() const override { return "post_bin_cleaning"; }
  DatasetList reads() const override { return {&level2::kBinnedFiltered, &level2::kScanEdges}; }
  DatasetList writes() const override { return {&level2::kBinnedFiltered, &level2::kUncleaned}; }
  std::vector<OutputAttribute> attributes() const override;
  std::unique_ptr<FeedWorker> start_feed(const ObservationContext& observation, int feed,
                                         ProductTable& products) const override;

 private:
  PostBinCleaningConfig config_;
  AtmosphereConfig atmosphere_;
};

/// Keys of [level2.post_bin_cleaning].
void bind(Binder& binder, PostBinCleaningConfig& config);

/// Cleans one scan of one sub-band, K, in place.
void clean_scan(std::span<float> values_K, std::span<const double> elevation_deg, const PostBinCleaningConfig& config,
                double min_elevation_range_deg);

}  // namespace comap
