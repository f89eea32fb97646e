// How fast is Level-2, against merely reading (or inflating) the same file and against the memory bandwidth?
//
//   mpirun -n 2 benchmark_level2 [--json FILE] [--output-dir DIR] [--repeat N] [--config CONFIG.toml] [--cold]
//                                [--teams-of-one] LEVEL1.hd5...
//
// All ranks form one team and do one file after the other; with --teams-of-one every rank is a team with its own file,
// all at the same time. Every figure is the best of N repetitions. --cold takes the file out of the page cache before
// each reading. Units: s, MB of TOD (float32 samples delivered to the stages), bytes.

#include <fcntl.h>
#include <fmt/core.h>
#include <libdeflate.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/config_parser.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "data/observation.hpp"
#include "io/level1/level1_identity.hpp"
#include "io/level1/level1_metadata.hpp"
#include "level2/observation_run.hpp"
#include "level2/tod_reader.hpp"
#include "measure.hpp"
#include "mpi/end_of_run.hpp"
#include "mpi/environment.hpp"
#include "mpi/mpi_communicator.hpp"
#include "mpi/parallel_file.hpp"
#include "stages/stage_list.hpp"

namespace {

using comap::Communicator;
using json = nlohmann::ordered_json;

struct Options {
  std::vector<std::string> files;
  std::string config_file;
  std::string output_dir = "benchmark_level2_output";
  std::string json_file;
  int repeat = 3;
  bool cold = false;
  bool teams_of_one = false;
};

/// Who measures: `team` does a file, `world` starts and stops the clock.
struct Ranks {
  const comap::mpi::MpiCommunicator& world;
  const comap::mpi::MpiCommunicator& team;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] {
      if (i + 1 >= argc) throw comap::ConfigError(word + " needs a value");
      return std::string(argv[++i]);
    };
    if (word == "--json")
      options.json_file = value();
    else if (word == "--output-dir")
      options.output_dir = value();
    else if (word == "--config")
      options.config_file = value();
    else if (word == "--repeat")
      options.repeat = std::stoi(value());
    else if (word == "--cold")
      options.cold = true;
    else if (word == "--teams-of-one")
      options.teams_of_one = true;
    else
      options.files.push_back(word);
  }
  if (options.files.empty()) throw comap::ConfigError("usage: benchmark_level2 [options] LEVEL1.hd5...");
  return options;
}

comap::Config load_config(const Options& options) {
  std::string text;
  if (!options.config_file.empty()) {
    std::ifstream file(options.config_file);
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  comap::Config config = comap::parse_config(text, options.config_file, {}, comap::all_stages());
  config.level2.output_dir = options.output_dir;
  config.level2.overwrite = true;
  return config;
}

comap::ObservationJob job_of(const std::string& path) {
  const comap::h5::File file = comap::h5::File::open_read(path);
  const auto text = [&](const char* name) {
    const auto value = file.attribute("comap", name);
    return value ? comap::h5::to_text(*value) : std::string();
  };
  comap::ObservationJob job;
  job.observation.obsid = comap::obsid_of_file_name(path);
  job.observation.source = text("source");
  job.observation.source_group = comap::source_group_of(text("source"), text("comment"));
  job.observation.level1_path = path;
  job.observation.utc_start = text("utc_start");
  job.snapshot = json::object();
  return job;
}

/// Calls work(row) for the science feeds, one for each rank of the team at a time; row = -1 for a rank without share.
template <typename Work>
void for_each_feed(const comap::Level1Metadata& level1, const Communicator& team, const Work& work) {
  for (int first = 0; first < level1.n_feeds; first += team.size()) {
    const int row = first + team.rank();
    const bool mine = row < level1.n_feeds && level1.feeds[static_cast<std::size_t>(row)] <= comap::kScienceFeeds;
    work(mine ? row : -1);
  }
}

bool has_raw_chunks(const std::string& path) {
  return comap::TodReader::reads_raw_chunks(comap::h5::File::open_read(path).info("spectrometer/tod"));
}

/// The same bytes in the same order as Level-2 reads them and nothing else. Returns bytes of TOD, of all ranks.
std::int64_t read_only(const comap::Level1Metadata& level1, const comap::mpi::ParallelFiles& files,
                       const Ranks& ranks) {
  constexpr std::int64_t kBlockSamples = 7000;
  const comap::h5::File file = files.open_read(level1.path, !has_raw_chunks(level1.path));
  comap::TodReader reader(file);
  for_each_feed(level1, ranks.team, [&](int row) {
    for (std::int64_t start = 0; start < level1.n_samples; start += kBlockSamples) {
      const std::int64_t n = row >= 0 ? std::min(kBlockSamples, level1.n_samples - start) : 0;
      const auto size = static_cast<std::size_t>(comap::kBands * level1.n_channels * n);
      reader.read({row, 0, comap::kBands, start, n}, reader.buffer(0, size));
    }
  });
  return ranks.world.sum(reader.tod_bytes_read());
}

/// Every stored chunk of the science feeds through libdeflate into one place, and nothing else.
std::int64_t inflate_only(const comap::Level1Metadata& level1, const comap::mpi::ParallelFiles& files,
                          const Ranks& ranks) {
  const comap::h5::File file = files.open_read(level1.path, false);
  const comap::h5::Dataset tod = file.open("spectrometer/tod");
  const comap::h5::Extent chunk = tod.info().chunk;
  const comap::h5::Extent extent = tod.info().extent;
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> inflater(
      libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  std::vector<float> inflated(chunk[0] * chunk[1] * chunk[2] * chunk[3]);
  std::vector<std::byte> stored;
  std::int64_t bytes = 0;
  for_each_feed(level1, ranks.team, [&](int row) {
    if (row < 0) return;
    const std::uint64_t feed = static_cast<std::uint64_t>(row) / chunk[0] * chunk[0];
    for (std::uint64_t band = 0; band < extent[1]; band += chunk[1]) {
      for (std::uint64_t channel = 0; channel < extent[2]; channel += chunk[2]) {
        for (std::uint64_t time = 0; time < extent[3]; time += chunk[3]) {
          tod.read_raw_chunk({feed, band, channel, time}, stored);
          libdeflate_zlib_decompress(inflater.get(), stored.data(), stored.size(), inflated.data(),
                                     inflated.size() * sizeof(float), nullptr);
        }
      }
    }
    bytes += static_cast<std::int64_t>(extent[1] * extent[2] * extent[3] * sizeof(float));
  });
  return ranks.world.sum(bytes);
}

double peak_memory_bytes(const Communicator& ranks) {
  constexpr double kKibibyte = 1024.0;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  double peak = kKibibyte * static_cast<double>(usage.ru_maxrss);
  ranks.max(std::span<double>(&peak, 1));
  return peak;
}

void drop_from_page_cache(const std::string& path, const Ranks& ranks) {
  if (ranks.team.rank() == 0) {
    const int descriptor = open(path.c_str(), O_RDONLY);
    fdatasync(descriptor);
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
    close(descriptor);
  }
  ranks.world.sum(0.0);
}

/// MB of TOD per second, best of the repetitions. `work` returns the bytes of all ranks.
template <typename Work>
double best_rate(const Options& options, const std::string& path, const Ranks& ranks, const Work& work) {
  double best = 0.0;
  for (int i = 0; i < options.repeat; ++i) {
    if (options.cold) drop_from_page_cache(path, ranks);
    std::int64_t bytes = 0;
    const double seconds = benchmark::seconds_of([&] { bytes = work(); }, ranks.world);
    best = std::max(best, static_cast<double>(bytes) / 1e6 / seconds);
  }
  return best;
}

/// How often a byte of TOD crosses the memory bus, from what each step reads and writes beyond the caches.
json memory_crossings(bool raw_chunks, double stored_fraction) {
  json crossings = json::object();
  if (raw_chunks) {
    crossings["stored chunk: copied from the page cache, read"] = 3.0 * stored_fraction;
    crossings["inflated: written, read"] = 2.0;
    crossings["block: written"] = 1.0;
  } else {
    crossings["page cache: read"] = 1.0;
    crossings["block: written"] = 1.0;
  }
  crossings["median, pair histogram, airmass sums: rows read once"] = 1.0;
  crossings["gain filter: differences"] = 1.0;
  crossings["gain filter: channel sums"] = 1.0;
  return crossings;
}

json measure_file(const std::string& path, const Options& options, const Ranks& ranks) {
  comap::Config config = load_config(options);
  if (options.teams_of_one) config.level2.output_dir += "/team" + std::to_string(ranks.world.rank());
  const std::string config_text = comap::show_config(config, comap::all_stages());
  const comap::StageList stages = comap::make_stages(config.level2);
  const comap::mpi::ParallelFiles files(ranks.team, config.io.mpi_hints);
  const comap::Level2Tools tools{config, config_text, stages, ranks.team, files};
  const comap::ObservationJob job = job_of(path);
  const comap::Level1Metadata level1 = comap::read_level1_metadata(path, job.observation.obsid);
  const bool raw_chunks = has_raw_chunks(path);

  comap::ObservationOutcome best;
  best.wall_s = std::numeric_limits<double>::infinity();
  const auto level2 = [&] {
    comap::ObservationOutcome outcome = comap::process_observation(job, tools);
    if (outcome.status != comap::ObservationOutcome::Status::done) throw comap::Error(outcome.result.error);
    const std::int64_t bytes = ranks.world.sum(ranks.team.rank() == 0 ? outcome.tod_bytes : std::int64_t{0});
    if (outcome.wall_s < best.wall_s) best = std::move(outcome);
    return bytes;
  };
  json result = {{"file", std::filesystem::path(path).filename().string()},
                 {"ranks", ranks.world.size()},
                 {"ranks_of_a_team", ranks.team.size()},
                 {"page_cache", options.cold ? "cold" : "warm"}};
  const double level2_rate = best_rate(options, path, ranks, level2);
  result["level2_MB_per_s"] = level2_rate;
  result["level2_ns_per_sample_and_rank"] = 1e3 * sizeof(float) * ranks.world.size() / level2_rate;
  result["level2_s"] = best.wall_s;
  result["tod_MB"] = static_cast<double>(best.tod_bytes) / 1e6;
  result["peak_memory_MB_per_rank"] = peak_memory_bytes(ranks.world) / 1e6;
  const double read_rate = best_rate(options, path, ranks, [&] { return read_only(level1, files, ranks); });
  result["read_only_MB_per_s"] = read_rate;
  result["level2_time_over_read_only"] = read_rate / level2_rate;
  if (raw_chunks) {
    const double rate = best_rate(options, path, ranks, [&] { return inflate_only(level1, files, ranks); });
    result["inflate_only_MB_per_s"] = rate;
    result["level2_speed_over_inflate_only"] = level2_rate / rate;
  }
  result["triad_bandwidth_MB_per_s"] = benchmark::triad_bandwidth(ranks.world) / 1e6;
  const json crossings =
      memory_crossings(raw_chunks, static_cast<double>(best.stored_bytes) / static_cast<double>(best.tod_bytes));
  double n_crossings = 0.0;
  for (const auto& [step, number] : crossings.items()) n_crossings += number.get<double>();
  result["passes_over_memory"] = n_crossings;
  result["memory_bound_MB_per_s"] = result["triad_bandwidth_MB_per_s"].get<double>() / n_crossings;
  result["passes"] = crossings;
  result["rank_seconds"] = best.seconds;
  return result;
}

void print(const json& result) {
  for (const auto& [name, value] : result.items()) {
    if (value.is_object()) {
      for (const auto& [stage, seconds] : value.items())
        fmt::print("    {:<60}{:>10.3f}\n", stage, seconds.get<double>());
    } else {
      fmt::print("  {:<34}{:>12}\n", name,
                 value.is_number_float() ? fmt::format("{:.3f}", value.get<double>()) : value.dump());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const comap::mpi::Environment environment(argc, argv);
  try {
    const Options options = parse(argc, argv);
    comap::LogSettings log;
    log.level = comap::LogLevel::warning;
    comap::configure_log(log);
    const auto& world = dynamic_cast<const comap::mpi::MpiCommunicator&>(environment.world());
    const comap::mpi::MpiCommunicator team = world.split(options.teams_of_one ? world.rank() : 0, world.rank());
    const Ranks ranks{world, team};
    json results = json::array();
    const std::size_t files_at_a_time = options.teams_of_one ? static_cast<std::size_t>(world.size()) : 1;
    for (std::size_t first = 0; first < options.files.size(); first += files_at_a_time) {
      const std::size_t mine = options.teams_of_one ? first + static_cast<std::size_t>(world.rank()) : first;
      results.push_back(measure_file(options.files[mine % options.files.size()], options, ranks));
      if (world.rank() == 0) print(results.back());
    }
    if (world.rank() == 0 && !options.json_file.empty()) std::ofstream(options.json_file) << results.dump(2) << '\n';
  } catch (const std::exception& error) {
    fmt::print(stderr, "benchmark_level2: {}\n", error.what());
    comap::mpi::end_all_ranks(1);
  }
}
