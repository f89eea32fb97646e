#include "inject/inject_sky.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>

#include "core/communicator.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/final_name.hpp"
#include "data/array.hpp"
#include "inject/injection_truth.hpp"
#include "inject/tod_blocks.hpp"
#include "io/level1/level1_identity.hpp"
#include "level2/feed_pass.hpp"
#include "simulate/sky_model.hpp"
#include "stages/feed_row.hpp"
#include "stages/find_scans.hpp"
#include "stages/stage_list.hpp"
#include "stages/vane/housekeeping.hpp"
#include "stages/vane/system_temperature.hpp"
#include "stages/vane/vane_calibration.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;
using simulate::SkyTerm;

constexpr double kBytesPerMB = 1e6;
constexpr std::int64_t kVaneBlockSamples = 20000;  ///< longer vane events are read band by band

/// Vane events, and scans where there are any.
ObservationContext prepare_observation(const Config& config, const std::string& path) {
  ObservationContext observation;
  observation.level1 = read_level1_metadata(path, 0);
  observation.obsid = observation.level1.obsid;
  SystemTemperature(config.level2.system_temperature).prepare(observation);
  try {
    const Level2Config& level2 = config.level2;
    FindScans(level2.find_scans, level2.system_temperature, level2.check_level1.max_time_gap_s).prepare(observation);
  } catch (const ObservationError&) {
    observation.scans.clear();  // the sky is added all the same
  }
  return observation;
}

/// Scans and what is between them, without the vane events.
std::vector<SampleRange> stretches_of(const ObservationContext& observation) {
  std::set<std::int64_t> cuts = {0, observation.level1.n_samples};
  for (const auto* ranges : {&observation.scans, &observation.vane_events}) {
    for (const SampleRange& range : *ranges) cuts.insert({range[0], range[1]});
  }
  std::vector<SampleRange> stretches;
  for (auto start = cuts.begin(), end = std::next(start); end != cuts.end(); ++start, ++end) {
    const auto holds_start = [&](const SampleRange& event) { return event[0] <= *start && *start < event[1]; };
    if (std::ranges::none_of(observation.vane_events, holds_start)) stretches.push_back({*start, *end});
  }
  return stretches;
}

double middle_mjd(const Level1Metadata& level1, SampleRange range) {
  return 0.5 * (level1.mjd[range[0]] + level1.mjd[range[1] - 1]);
}

/// The calibration of one feed, from its vane events.
ProductTable calibrate_feed(const Config& config, const ObservationContext& observation, int row, TodReader& reader) {
  StageList stages;
  stages.push_back(std::make_unique<SystemTemperature>(config.level2.system_temperature));
  StageSelection all = all_of(stages);
  const Deliveries deliveries = combined_deliveries(all);
  const PassPlan plan{observation, std::move(all), deliveries, {}, kVaneBlockSamples, config.io.read_ahead};
  ProductTable products;
  StageSeconds seconds;
  run_feed_pass(plan, observation.level1.feeds[row], row, reader, SerialCommunicator(), products, seconds);
  return products;
}

/// Sky, position and gain of one feed.
InjectedFeed make_feed(const Config& config, const Observer& observer, const ObservationContext& observation, int row,
                       const simulate::SkyModel& sky, TodReader& reader) {
  const Level1Metadata& level1 = observation.level1;
  const int number = level1.feeds[row];
  InjectedFeed feed;
  feed.row = row;
  feed.l_deg.resize(level1.mjd.size());
  feed.b_deg.resize(level1.mjd.size());
  horizontal_to_sky(observer, level1.mjd, feed_samples(level1, level1.azimuth_deg, number, {0, level1.n_samples}),
                    feed_samples(level1, level1.elevation_deg, number, {0, level1.n_samples}), SkyFrame::galactic,
                    feed.l_deg, feed.b_deg);
  feed.terms = simulate::sky_terms(sky, feed.l_deg, feed.b_deg);
  for (SkyTerm& term : feed.terms) {
    for (float& value : term.profile_K) value = std::isfinite(value) ? value : 0.0F;  // no position, no sky
  }
  const ProductTable products = calibrate_feed(config, observation, row, reader);
  const auto gain_at = [&](SampleRange range) {
    VaneCalibration calibration =
        calibration_at(observation, products, config.level2.system_temperature, middle_mjd(level1, range));
    return std::move(calibration.gain_counts_per_K).take();
  };
  feed.gain = gain_at({0, level1.n_samples});
  for (const SampleRange& range : stretches_of(observation)) feed.stretches.push_back({range, gain_at(range)});
  return feed;
}

/// Adds the sky to one row of a block, `counts` [sample] from sample `start` of the file; `place` of the row in the
/// order [band][channel].
void add_to_row(const InjectedFeed& feed, std::size_t place, double frequency_GHz, std::int64_t start,
                std::span<float> counts) {
  std::vector<double> spectrum;
  for (const SkyTerm& term : feed.terms) spectrum.push_back(term.spectrum(frequency_GHz));
  const std::int64_t end = start + std::ssize(counts);
  for (const auto& [range, gain] : feed.stretches) {
    if (!std::isfinite(gain[place])) continue;
    for (std::int64_t i = std::max(start, range[0]); i < std::min(end, range[1]); ++i) {
      double sky_K = 0.0;
      for (std::size_t k = 0; k < spectrum.size(); ++k) {
        sky_K += spectrum[k] * feed.terms[k].profile_K[i];
      }
      counts[i - start] += static_cast<float>(gain[place] * sky_K);
    }
  }
}

bool sees_sky(const InjectedFeed& feed, const TodGridBlock& block) {
  const auto is_bright = [&](const SkyTerm& term) {
    const auto samples = std::span(term.profile_K).subspan(block.start, block.n_samples);
    return std::ranges::any_of(samples, [](float value) { return value != 0.0F; });
  };
  return std::ranges::any_of(feed.terms, is_bright);
}

/// The place in our order [band][channel] of every band and channel as they are stored.
Array<std::size_t, 2> our_places(const Level1Metadata& level1) {
  std::vector<std::size_t> stored(level1.frequency_GHz.size());
  std::iota(stored.begin(), stored.end(), std::size_t{0});
  Array<std::size_t, 2> ours(shape_of(kBands, level1.n_channels));
  for (std::size_t place = 0; const std::size_t from : in_our_order<std::size_t>(level1.order, stored)) {
    ours.flat()[from] = place++;
  }
  return ours;
}

/// Changes the TOD of one feed in the copy; returns the bytes that were changed.
std::size_t add_to_feed(const Level1Metadata& level1, const InjectedFeed& feed, const h5::Dataset& tod) {
  std::vector<float> counts;
  std::size_t bytes = 0;
  const Array<std::size_t, 2> place_of = our_places(level1);
  for (const TodGridBlock& block : tod_grid(tod.info())) {
    if (!sees_sky(feed, block)) continue;
    const h5::Slab slab = slab_of(block, feed.row);
    counts.resize(slab.size());
    tod.read(slab, std::span<float>(counts));
    std::size_t done = 0;
    for (int band = block.first_band; band < block.first_band + block.n_bands; ++band) {
      for (int channel = block.first_channel; channel < block.first_channel + block.n_channels; ++channel) {
        const std::size_t place = place_of(band, channel);
        add_to_row(feed, place, level1.frequency_GHz[place], block.start,
                   std::span(counts).subspan(done, block.n_samples));
        done += block.n_samples;
      }
    }
    tod.write(slab, std::span<const float>(counts));
    bytes += counts.size() * sizeof(float);
  }
  return bytes;
}

void check_target(const SimulateConfig& config, const InjectionRequest& request, const InjectionFiles& files) {
  std::error_code error;
  if (fs::equivalent(files.level1, request.level1_path, error)) {
    throw ConfigError(
        fmt::format("--as-obsid {}: the copy would be {} itself; choose another obsid or another "
                    "simulate.output_dir",
                    request.new_obsid, request.level1_path));
  }
  if (config.overwrite || !fs::exists(files.level1)) return;
  throw ConfigError(
      fmt::format("{} is there already; choose another --as-obsid, or set simulate.overwrite = true", files.level1));
}

void make_directory_of(const std::string& path) {
  std::error_code error;
  fs::create_directories(fs::absolute(path).parent_path(), error);
  if (error) throw IoError(fmt::format("{}: cannot make its directory: {}", path, error.message()));
}

void copy_file(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (!error) fs::permissions(to, fs::perms::owner_write, fs::perm_options::add, error);
  if (error) throw IoError(fmt::format("{}: cannot be copied to {}: {}", from, to, error.message()));
}

}  // namespace

InjectionFiles injection_files(const SimulateConfig& config, const InjectionRequest& request) {
  const std::string name = fs::path(request.level1_path).filename().string();
  if (obsid_of_file_name(name) < 0) {
    throw ConfigError(fmt::format("{}: the name is not comap-NNNNNNN-...", request.level1_path));
  }
  const auto first = name.find('-');
  const auto second = std::min(name.find_first_of("-.", first + 1), name.size());
  const fs::path copy = fs::path(config.output_dir) /
                        fmt::format("{}{:07d}{}", name.substr(0, first + 1), request.new_obsid, name.substr(second));
  return {copy.string(), (copy.parent_path() / copy.stem()).string() + "_truth.hdf5"};
}

InjectionSummary inject_sky(const Config& config, const Observer& observer, const InjectionRequest& request) {
  InjectionSummary summary{injection_files(config.simulate, request)};
  check_target(config.simulate, request, summary.files);
  const ObservationContext observation = prepare_observation(config, request.level1_path);
  const simulate::SkyModel sky = simulate::field_sky(config.simulate);
  make_directory_of(summary.files.level1);
  PartialFile level1_file(summary.files.level1), truth_file(summary.files.truth);
  copy_file(request.level1_path, level1_file.name());
  const h5::File original = h5::File::open_read(request.level1_path);
  TodReader reader(original, observation.level1.order);
  h5::File copy = h5::File::open_write(level1_file.name());
  copy.write_attribute("comap", "obsid", request.new_obsid);
  copy.write_attribute("comap", "injected_into", fs::path(request.level1_path).filename().string());
  InjectionTruth truth(truth_file.name(), observation, request.new_obsid, sky);
  {
    const h5::Dataset tod = copy.open("spectrometer/tod");
    for (int row = 0; row < observation.level1.n_feeds; ++row) {
      if (observation.level1.feeds[row] > kScienceFeeds) continue;
      const InjectedFeed feed = make_feed(config, observer, observation, row, sky, reader);
      truth.write_feed(feed);
      summary.brightest_K = std::max(summary.brightest_K, brightest_K(feed));
      summary.tod_MB += static_cast<double>(add_to_feed(observation.level1, feed, tod)) / kBytesPerMB;
    }
  }
  copy.close();
  truth.close();
  publish_together(std::array{&level1_file, &truth_file});
  return summary;
}

}  // namespace comap
