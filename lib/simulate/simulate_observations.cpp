#include "simulate/simulate_observations.hpp"

#include <array>
#include <chrono>
#include <filesystem>

#include "core/error.hpp"
#include "core/final_name.hpp"
#include "core/log.hpp"
#include "simulate/level1_writer.hpp"
#include "simulate/settings_json.hpp"
#include "simulate/truth_writer.hpp"

namespace comap::simulate {
namespace {

namespace fs = std::filesystem;

constexpr double kBytesPerMB = 1e6;

/// Positions of one feed on the sky.
struct SkyPath {
  FeedPointing pointing;
  std::vector<double> l_deg;
  std::vector<double> b_deg;
};

SkyPath sky_path(const SimulateConfig& config, const Observer& observer, const ObservationPlan& plan, BeamPath path) {
  const std::size_t n_samples = path.azimuth_deg.size();
  std::vector<double> mjd(n_samples);
  for (std::size_t i = 0; i < n_samples; ++i) {
    mjd[i] = plan.start_mjd + static_cast<double>(i) / config.sample_rate_Hz / kSecondsPerDay;
  }
  SkyPath sky;
  sky.pointing = {std::move(path), std::vector<double>(n_samples), std::vector<double>(n_samples)};
  horizontal_to_sky(observer, mjd, sky.pointing.path.azimuth_deg, sky.pointing.path.elevation_deg, SkyFrame::icrs,
                    sky.pointing.ra_deg, sky.pointing.dec_deg);
  for (std::size_t i = 0; i < n_samples; ++i) {
    const SkyPosition galactic = icrs_to_galactic({sky.pointing.ra_deg[i], sky.pointing.dec_deg[i]});
    sky.l_deg.push_back(galactic.longitude_deg);
    sky.b_deg.push_back(galactic.latitude_deg);
  }
  return sky;
}

/// Makes and writes the TOD of one row of the feed axis; `fill(block, counts)` makes one block.
template <typename Fill>
void write_tod(const std::vector<TodBlock>& blocks, int row, Level1Writer& level1, std::vector<float>& buffer,
               Fill&& fill) {
  for (const TodBlock& block : blocks) {
    buffer.resize(block.size());
    fill(block, std::span<float>(buffer));
    level1.write_tod(row, block, buffer);
  }
}

void write_feeds(const SimulateConfig& config, const Observer& observer, const ObservationPlan& plan,
                 const ObservationSignal& signal, Level1Writer& level1, TruthWriter& truth) {
  const BeamPath boresight = boresight_path(config, observer, plan);
  const std::vector<FeedOffset> offsets = focal_plane(config.n_feeds, config.feed_spacing_arcmin);
  const auto cold = cold_samples(plan.timeline, config.sample_rate_Hz);
  const std::vector<TodBlock> blocks = tod_blocks(config, plan.timeline.n_samples);
  std::vector<float> buffer;
  for (int row = 0; row < config.n_feeds; ++row) {
    const FeedOffset offset = offsets[row];
    const SkyPath sky = sky_path(config, observer, plan, feed_path(boresight, offset));
    const FeedSignal feed =
        make_feed_signal(config, plan, signal, row, sky.pointing.path.elevation_deg, sky.l_deg, sky.b_deg);
    std::vector<NormalStream> noise = radiometer_streams(config, plan, row);
    level1.write_pointing(row, sky.pointing, offset);
    truth.write_feed(feed, mean_cold_temperature_K(config, signal, feed, cold), sky.l_deg, sky.b_deg);
    write_tod(blocks, row, level1, buffer, [&](const TodBlock& block, std::span<float> counts) {
      fill_feed(config, signal, feed, block, noise, counts);
    });
  }
  const int ground_row = config.n_feeds;
  level1.write_pointing(ground_row, sky_path(config, observer, plan, boresight).pointing, {});
  std::vector<NormalStream> noise = radiometer_streams(config, plan, ground_row);
  write_tod(blocks, ground_row, level1, buffer,
            [&](const TodBlock& block, std::span<float> counts) { fill_ground_feed(config, block, noise, counts); });
}

/// A file of the same obsid under another name would make the obsid ambiguous.
void warn_of_namesakes(const ObservationFiles& files, const ObservationPlan& plan) {
  const fs::path own = files.level1;
  const std::string stem = plan.file_stem.substr(0, plan.file_stem.find('-', plan.file_stem.find('-') + 1) + 1);
  for (const fs::directory_entry& entry : fs::directory_iterator(own.parent_path())) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".hd5" || !name.starts_with(stem) || name == own.filename().string()) continue;
    log_warning("{} has the same obsid as {}, made with other settings: remove one of them", entry.path().string(),
                own.string());
  }
}

void make_directory(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) throw IoError("[simulate] output_dir " + directory + " cannot be made: " + error.message());
}

/// Makes the observation unless it is there; says what happened.
void make_one(const SimulateConfig& config, const Observer& observer, const ObservationPlan& plan,
              SimulateSummary& summary) {
  const ScopedLogContext context({log_context().rank, log_context().team, plan.obsid, "simulate"});
  if (!config.overwrite && is_up_to_date(config, plan)) {
    log_info("{} is there, made with the same settings", observation_files(config, plan).level1);
    ++summary.n_kept;
    return;
  }
  const auto begin = std::chrono::steady_clock::now();
  if (!simulate_observation(config, observer, plan)) {
    ++summary.n_kept;
    return;
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  const double size_MB = static_cast<double>(plan.file_bytes) / kBytesPerMB;
  summary.written_MB += size_MB;
  ++summary.n_written;
  log_info("{}: {:.0f} MB of TOD in {:.2f} s, {:.0f} MB/s", observation_files(config, plan).level1, size_MB,
           elapsed.count(), size_MB / elapsed.count());
}

void combine(const Communicator& world, SimulateSummary& summary) {
  summary.n_written = world.sum(summary.n_written);
  summary.n_kept = world.sum(summary.n_kept);
  summary.n_failed = world.sum(summary.n_failed);
  summary.written_MB = world.sum(summary.written_MB);
  world.max(std::span<double>(&summary.slowest_rank_s, 1));
}

}  // namespace

ObservationFiles observation_files(const SimulateConfig& config, const ObservationPlan& plan) {
  const fs::path stem = fs::path(config.output_dir) / plan.file_stem;
  return {stem.string() + ".hd5", stem.string() + "_truth.hdf5"};
}

bool is_up_to_date(const SimulateConfig& config, const ObservationPlan& plan) {
  const ObservationFiles files = observation_files(config, plan);
  if (!fs::exists(files.level1) || !fs::exists(files.truth)) return false;
  try {
    const auto stored = h5::File::open_read(files.truth).attribute("/", "config");
    return stored && h5::to_text(*stored) == settings_json(config, plan);
  } catch (const IoError&) {
    return false;  // not ours, or damaged: made again
  }
}

bool simulate_observation(const SimulateConfig& config, const Observer& observer, const ObservationPlan& plan) {
  const ObservationFiles files = observation_files(config, plan);
  make_directory(config.output_dir);
  warn_of_namesakes(files, plan);
  PartialFile level1_file(files.level1), truth_file(files.truth);
  const ObservationSignal signal = make_observation_signal(config, plan);
  Level1Writer level1(level1_file.name(), config, plan);
  TruthWriter truth(truth_file.name(), config, plan, signal, observer.orientation.at(plan.start_mjd).ut1_utc_s);
  write_feeds(config, observer, plan, signal, level1, truth);
  level1.close();
  truth.close();
  return publish_together(std::array{&level1_file, &truth_file});
}

SimulateSummary simulate_observations(const SimulateConfig& config, const Observer& observer,
                                      const Communicator& world) {
  const std::vector<ObservationPlan> plans = plan_observations(config, observer);
  SimulateSummary summary;
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = world.rank(); i < plans.size(); i += world.size()) {
    try {
      make_one(config, observer, plans[i], summary);
    } catch (const std::exception& error) {
      log_error("observation {}: {}", plans[i].obsid, error.what());
      ++summary.n_failed;
    }
  }
  summary.slowest_rank_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  combine(world, summary);
  return summary;
}

}  // namespace comap::simulate
