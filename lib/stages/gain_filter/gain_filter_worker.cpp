#include "stages/gain_filter/gain_filter_worker.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "data/sample_flag.hpp"
#include "math/median.hpp"
#include "stages/feed_row.hpp"

namespace comap {
namespace {

constexpr std::size_t kMinChannels = 3;
// Over less than this the airmass is a constant: nothing but the median is subtracted.
constexpr double kMinElevationRange_deg = 0.1;

void fill_nan(std::span<float> samples) { std::ranges::fill(samples, kFloatNan); }

}  // namespace

double radiometer_variance(const Level1Metadata& level1) {
  const int n = level1.n_channels;
  if (n < 2) throw ObservationError(fmt::format("{}: a band of {} channel cannot be filtered", level1.path, n));
  const double width_GHz = std::abs(level1.frequency_GHz[n - 1] - level1.frequency_GHz[0]) / (n - 1);
  return 1.0 / (width_GHz * kHertzPerGigahertz * level1.sample_time_s);
}

GainFilterWorker::GainFilterWorker(const ObservationContext& observation, int feed, const GainFilterConfig& config,
                                   const SystemTemperatureConfig& calibration, ProductTable& products)
    : observation_(observation),
      config_(config),
      calibration_(calibration),
      table_(products),
      feed_(feed),
      white_variance_(radiometer_variance(observation.level1)),
      products_(observation, config) {}

void GainFilterWorker::consume(const FeedBlock& block) {
  if (block.scan < 0) return;
  if (block.band == 0) start_scan(block);
  scan_.n_lost = std::max<std::int64_t>(
      scan_.n_lost, std::ranges::count_if(block.flags, [](std::uint8_t flags) { return flags != 0; }));
  const BandChannels channels = select_channels(block, scan_.calibration.gain_counts_per_K.row(block.band), config_);
  products_.add_mask(block.band, channels.flags);
  for (int bin = 0; bin < config_.n_freq_bin; ++bin) {
    const SubBandRows rows = collect(block, channels, bin);
    if (rows.channels.size() >= kMinChannels) {
      add_sub_band(rows);
    } else {
      fill_nan(products_.unfiltered(rows.sub_band, block.start, block.n_samples));
      fill_nan(products_.filtered(rows.sub_band, block.start, block.n_samples));
    }
  }
  if (block.band == kBands - 1) finish_scan();
}

void GainFilterWorker::finish() {
  finish_feed();
  apply_flags();
  products_.store(table_);
}

void GainFilterWorker::apply_flags() {
  const std::int64_t n = observation_.level1.n_samples;
  Array flags(shape_of(kBands, n), std::uint8_t{0});
  if (table_.contains(level2::kSampleFlags)) std::ranges::copy(table_.flat(level2::kSampleFlags), flags.flat().begin());
  for (int band = 0; band < kBands; ++band) {
    for (const auto& [start, end] : observation_.scans) {
      products_.apply_flags(band, start, flags.view().piece(start, end - start, band));
    }
  }
  const std::int64_t n_without =
      std::ranges::count_if(flags.flat(), [](std::uint8_t bits) { return (bits & sample_flag::kChannels) != 0; });
  if (n_without > 0) {
    table_.troubles.push_back({TroubleKind::samples_missing,
                               "gain_filter",
                               "spectrometer/tod",
                               "too few good channels in some bands",
                               "these bands are missing there",
                               {feed_},
                               0});
  }
  table_.set(level2::kSampleFlags, std::move(flags));
}

void GainFilterWorker::start_scan(const FeedBlock& block) {
  const std::vector<double>& mjd = observation_.level1.mjd;
  const std::int64_t end = block.start + block.n_samples;
  scan_ = {block.scan, block.start, static_cast<std::size_t>(block.n_samples),
           calibration_at(observation_, table_, calibration_, 0.5 * (mjd[block.start] + mjd[end - 1])), 0};
  if (config_.subtract_atmosphere) {
    const Level1Metadata& level1 = observation_.level1;
    airmass_.emplace(feed_samples(level1, level1.elevation_deg, feed_, {block.start, end}));
  }
  begin_scan();
}

SubBandRows GainFilterWorker::collect(const FeedBlock& block, const BandChannels& channels, int bin) const {
  const std::vector<std::size_t> high = high_temperature_channels(channels);
  const std::span<const double> frequencies_GHz = observation_.level1.frequencies_GHz(block.band);
  SubBandRows rows;
  rows.band = block.band;
  rows.sub_band = block.band * config_.n_freq_bin + bin;
  const int end = (bin + 1) * block.n_channels / config_.n_freq_bin;
  for (int channel = bin * block.n_channels / config_.n_freq_bin; channel < end; ++channel) {
    if (!channels.good(channel)) continue;
    rows.channels.push_back(channel);
    rows.rows.push_back(
        {block.channel(channel).data(), static_cast<float>(1.0 / channels.median_counts[channel]), -1.0F});
    rows.system_temperature_K.push_back(channels.system_temperature_K[channel]);
    rows.frequency_GHz.push_back(frequencies_GHz[channel]);
    rows.difference_variance.push_back(channels.difference_variance[channel]);
    rows.is_high.push_back(std::ranges::binary_search(high, channel) ? 1 : 0);
  }
  if (config_.subtract_atmosphere) subtract_atmosphere(block, channels, rows);
  return rows;
}

void GainFilterWorker::subtract_atmosphere(const FeedBlock& block, const BandChannels& channels,
                                           SubBandRows& rows) const {
  rows.atmosphere_free.resize(rows.channels.size() * scan_.n_samples);
  std::vector<float> scratch;
  for (std::size_t i = 0; i < rows.channels.size(); ++i) {
    const std::span<const float> counts = block.channel(static_cast<int>(rows.channels[i]));
    const std::span<float> residual(rows.atmosphere_free.data() + i * scan_.n_samples, scan_.n_samples);
    AtmosphereLine line{channels.median_counts[rows.channels[i]], 0.0};
    if (airmass_->elevation_range_deg() >= kMinElevationRange_deg) line = airmass_->fit(counts);
    const double offset = line.offset + line.tau * airmass_->mean();
    for (std::size_t t = 0; t < counts.size(); ++t) {
      residual[t] = static_cast<float>(counts[t] - offset - line.tau * airmass_->centred()[t]);
    }
    ChannelSamples& row = rows.rows[i];
    row.samples = residual.data();
    row.shift = -median(residual, scratch) * row.scale;
  }
}

}  // namespace comap
