// How fast is Level-2, against merely reading (or inflating) the same file and against the memory bandwidth?
//
//   mpirun -n 2 benchmark_level2 [--json FILE] [--output-dir DIR] [--repeat N] [--config CONFIG.toml] LEVEL1.hd5...
//
// All ranks form one team. Every figure is the best of N repetitions; the first one of a file that is not in the page
// cache is printed apart. Units: s, MB of TOD (float32 samples delivered to the stages), bytes.

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

#include "catalogue/catalogue.hpp"
#include "config/config_parser.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "io/level1_metadata.hpp"
#include "level2/observation_run.hpp"
#include "level2/tod_reader.hpp"
#include "measure.hpp"
#include "mpi/environment.hpp"
#include "mpi/mpi_communicator.hpp"
#include "mpi/parallel_file.hpp"
#include "stages/stage_registry.hpp"

namespace {

using comap::Communicator;
using json = nlohmann::ordered_json;

struct Options {
  std::vector<std::string> files;
  std::string config_file;
  std::string output_dir = "benchmark_level2_output";
  std::string json_file;
  int repeat = 3;
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
  comap::Config config = comap::parse_config(text, options.config_file, {});
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

/// The same bytes in the same order as Level-2 reads them, one feed for each rank at a time, and nothing else.
std::int64_t read_only(const comap::Level1Metadata& level1, const comap::mpi::ParallelFiles& files,
                       const Communicator& team) {
  constexpr std::int64_t kBlockSamples = 7000;
  const bool raw = comap::TodReader::reads_raw_chunks(comap::h5::File::open_read(level1.path).info("spectrometer/tod"));
  const comap::h5::File file = files.open_read(level1.path, !raw);
  comap::TodReader reader(file);
  std::vector<float> buffer;
  for (int first = 0; first < level1.n_feeds; first += team.size()) {
    const int row = first + team.rank();
    const bool mine = row < level1.n_feeds && level1.feeds[static_cast<std::size_t>(row)] <= comap::kScienceFeeds;
    for (std::int64_t start = 0; start < level1.n_samples; start += kBlockSamples) {
      const std::int64_t n = mine ? std::min(kBlockSamples, level1.n_samples - start) : 0;
      buffer.resize(static_cast<std::size_t>(comap::kBands * level1.n_channels * n));
      reader.read({row, 0, comap::kBands, start, n}, buffer);
    }
  }
  return team.sum(reader.tod_bytes_read());
}

double peak_memory_bytes(const Communicator& team) {
  constexpr double kKibibyte = 1024.0;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  double peak = kKibibyte * static_cast<double>(usage.ru_maxrss);
  team.max(std::span<double>(&peak, 1));
  return peak;
}

json measure_file(const std::string& path, const Options& options, const comap::mpi::MpiCommunicator& team) {
  const comap::Config config = load_config(options);
  const std::string config_text = comap::show_config(config);
  const comap::StageList stages = comap::make_stages(config.level2);
  const comap::mpi::ParallelFiles files(team, config.io.mpi_hints);
  const comap::Level2Tools tools{config, config_text, stages, team, files};
  const comap::ObservationJob job = job_of(path);
  const comap::Level1Metadata level1 = comap::read_level1_metadata(path, job.observation.obsid);

  json result = {{"file", std::filesystem::path(path).filename().string()}, {"ranks", team.size()}};
  comap::ObservationOutcome best;
  best.wall_s = std::numeric_limits<double>::infinity();
  double read_s = std::numeric_limits<double>::infinity();
  double read_bytes = 0.0;
  for (int i = 0; i < options.repeat; ++i) {
    read_s = std::min(
        read_s, benchmark::seconds_of([&] { read_bytes = static_cast<double>(read_only(level1, files, team)); }, team));
    if (i == 0) result["first_read_s"] = read_s;
    comap::ObservationOutcome outcome = comap::process_observation(job, tools);
    if (outcome.status != comap::ObservationOutcome::Status::done) throw comap::Error(outcome.result.error);
    if (outcome.wall_s < best.wall_s) best = std::move(outcome);
  }
  const double peak_bytes = peak_memory_bytes(team);
  const double bandwidth = benchmark::triad_bandwidth(team);
  const auto tod_bytes = static_cast<double>(best.tod_bytes);
  result["tod_MB"] = tod_bytes / 1e6;
  result["level2_s"] = best.wall_s;
  result["level2_MB_per_s"] = tod_bytes / 1e6 / best.wall_s;
  result["level2_ns_per_sample_and_rank"] = 1e9 * best.wall_s * team.size() * sizeof(float) / tod_bytes;
  result["read_only_MB_per_s"] = read_bytes / 1e6 / read_s;
  result["level2_over_read_only"] = (best.wall_s / tod_bytes) / (read_s / read_bytes);
  result["triad_bandwidth_MB_per_s"] = bandwidth / 1e6;
  result["seconds_of_one_pass_over_memory"] = tod_bytes / bandwidth;
  result["peak_memory_MB_per_rank"] = peak_bytes / 1e6;
  result["rank_seconds"] = best.seconds;
  return result;
}

void print(const json& result) {
  for (const auto& [name, value] : result.items()) {
    if (value.is_object()) {
      for (const auto& [stage, seconds] : value.items())
        fmt::print("    {:<32}{:>12.3f} s\n", stage, seconds.get<double>());
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
    json results = json::array();
    for (const std::string& path : options.files) {
      results.push_back(measure_file(path, options, world));
      if (world.rank() == 0) print(results.back());
    }
    if (world.rank() == 0 && !options.json_file.empty()) std::ofstream(options.json_file) << results.dump(2) << '\n';
  } catch (const std::exception& error) {
    fmt::print(stderr, "benchmark_level2: {}\n", error.what());
    environment.abort(1);
  }
}
