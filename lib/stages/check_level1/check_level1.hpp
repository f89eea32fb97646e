#pragma once
/// \file
/// Stage check_level1.

#include "config/level2_config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// The Level-1 file is what it must be. read_level1_metadata(), which every observation passes, does the checks: this
/// stage gives them their name in the pipeline and adds that there is a feed to process. Directions that cannot be are
/// bridged in ObservationContext::level1. What the samples themselves contradict is taken out of every block before any
/// stage sees it (sample_screen.hpp), whichever stages run; lib/level2/feed_pass does that with the limits of this
/// stage.
///
/// Out    level2/sample_flags [feed][band][sample], why a sample of a scan is missing (data/sample_flag.hpp)
/// Fails  ObservationError when the file has no feed but the ground feed.
class CheckLevel1 final : public Stage {
 public:
  explicit CheckLevel1(CheckLevel1Config config) : config_(config) {}

  std::string_view name() const override { return "check_level1"; }
  DatasetList reads() const override { return {}; }
  DatasetList writes() const override { return {&level2::kSampleFlags}; }
  Deliveries deliveries() const override { return {.level1_metadata = true, .scan_samples = true}; }
  void prepare(ObservationContext& observation) const override;
  std::vector<OutputAttribute> attributes() const override;
  std::vector<Trouble> compare_feeds(const ObservationContext& observation, const std::vector<int>& feeds,
                                     const std::vector<ProductTable>& products) const override;

 private:
  CheckLevel1Config config_;
};

/// Keys of [level2.check_level1].
void bind(Binder& binder, CheckLevel1Config& config);

}  // namespace comap
