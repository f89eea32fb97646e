// How fast is the destriper, and how far is it from what the memory allows? See benchmarks/README.md.
//
//   benchmark_destriper DIRECTORY|--synthetic N [--offset-length L] [--prior] [--streams N]
//                       [--threshold T] [--noise-threshold T] [--scratch DIR] [--map FILE.f32] [--json FILE]
//
// DIRECTORY holds a problem as described in benchmarks/README.md. Under mpirun the observations are shared out.

#include "destripe/destriper.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>

#include "destripe/offset_prior.hpp"
#include "destripe/run_maker.hpp"
#include "destripe/scatter_gather.hpp"
#include "destripe/shared_pixels.hpp"
#include "measure.hpp"
#include "mpi/end_of_run.hpp"
#include "mpi/environment.hpp"

namespace {

using comap::Communicator;
using comap::DestriperData;
using comap::DestriperSettings;
using comap::DestriperStream;
using nlohmann::json;

constexpr std::size_t kResidentBytes = std::size_t{64} << 20;  // of arrays on the scratch

struct Options {
  std::string directory;
  std::int64_t synthetic_samples = 0;
  int offset_length = 100;
  bool prior = false;         ///< from the noise that made the data (sigma.f64)
  std::size_t n_streams = 1;  ///< the same data so many times
  double threshold = 1e-6;
  double noise_threshold = 0.0;
  std::string scratch;  ///< directory; empty = all in memory
  std::string map_path;
  std::string json_path;
};

struct Problem {
  DestriperData data;  ///< of this rank
  std::int64_t n_columns = 0;
  std::int64_t n_pixels = 0;
};

/// Seconds by the clock on the wall, and of the processor: on a busy machine only the second means something.
struct Seconds {
  double wall;
  double cpu;
};

Seconds time_once(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpu_start = std::clock();
  work();
  const std::clock_t cpu_end = std::clock();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
          static_cast<double>(cpu_end - cpu_start) / CLOCKS_PER_SEC};
}

/// Of the slowest rank, best of several repetitions.
Seconds time_of(const std::function<void()>& work, const Communicator& ranks) {
  constexpr int kRepetitions = 5;
  Seconds best{std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  for (int i = 0; i < kRepetitions; ++i) {
    ranks.sum(0.0);
    const Seconds seconds = time_once(work);
    std::array<double, 2> slowest{seconds.wall, seconds.cpu};
    ranks.max(slowest);
    best = {std::min(best.wall, slowest[0]), std::min(best.cpu, slowest[1])};
  }
  return best;
}

template <typename T>
comap::LargeVector<T> read_part(const std::filesystem::path& path, std::int64_t start, std::int64_t count,
                                comap::Scratch* scratch = nullptr) {
  std::ifstream file(path, std::ios::binary);
  comap::LargeVector<T> values(static_cast<std::size_t>(count), scratch);
  file.seekg(start * static_cast<std::int64_t>(sizeof(T)));
  file.read(reinterpret_cast<char*>(values.data()), count * static_cast<std::int64_t>(sizeof(T)));
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return values;
}

/// Segments [first, last) of a rank.
std::pair<std::int64_t, std::int64_t> share_of(std::int64_t n, const Communicator& ranks) {
  return {n * ranks.rank() / ranks.size(), n * (ranks.rank() + 1) / ranks.size()};
}

/// Correlated noise sigma^2 (f / f_knee)^alpha of each segment, as it was simulated.
void add_prior(const std::filesystem::path& directory, const json& info, std::int64_t first_segment, int offset_length,
               DestriperData& data) {
  const double sample_time_s = 1.0 / info.at("fs").get<double>();
  const double alpha = info.at("alpha");
  const auto n_segments = static_cast<std::int64_t>(data.segments.size());
  const auto noise = read_part<double>(directory / "sigma.f64", 2 * first_segment, 2 * n_segments);
  for (std::size_t segment = 0; segment < data.segments.size(); ++segment) {
    const double sigma_K = noise[2 * segment], knee_Hz = noise[2 * segment + 1];
    const std::int64_t n_offsets = (data.segments[segment].n_samples + offset_length - 1) / offset_length;
    data.streams[0].prior_variance_K2.push_back(comap::offset_mode_variance(
        [&](double frequency_Hz) { return sigma_K * sigma_K * std::pow(frequency_Hz / knee_Hz, alpha); },
        static_cast<std::size_t>(n_offsets), offset_length, sample_time_s));
  }
}

Problem read_problem(const Options& options, comap::Scratch* scratch, const Communicator& ranks) {
  const std::filesystem::path directory = options.directory;
  std::ifstream text(directory / "problem.json");
  if (!text) throw std::runtime_error("no problem.json in " + directory.string());
  const json info = json::parse(text);
  const auto edges = info.at("segments").get<std::vector<std::int64_t>>();
  const auto [first, last] = share_of(static_cast<std::int64_t>(edges.size()) - 1, ranks);
  const std::int64_t start = edges[static_cast<std::size_t>(first)];
  const std::int64_t count = edges[static_cast<std::size_t>(last)] - start;
  Problem problem;
  problem.n_columns = info.at("nx");
  problem.n_pixels = problem.n_columns * info.at("ny").get<std::int64_t>();
  problem.data.pixel = read_part<std::int32_t>(directory / "pix.i32", start, count, scratch);
  DestriperStream& stream = problem.data.streams.emplace_back();
  stream.tod_K = read_part<float>(directory / "tod.f32", start, count, scratch);
  for (std::int64_t segment = first; segment < last; ++segment) {
    const std::int64_t begin = edges[static_cast<std::size_t>(segment)];
    const double weight = read_part<float>(directory / "wgt.f32", begin, 1).front();
    problem.data.segments.push_back({begin - start, edges[static_cast<std::size_t>(segment) + 1] - begin});
    stream.weight_per_K2.push_back(weight);
  }
  if (options.prior) add_prior(directory, info, first, options.offset_length, problem.data);
  return problem;
}

/// Rasters in two crossing directions over a 10 x 4 degree field of 1 arcmin pixels; white noise and a random walk.
Problem make_problem(std::int64_t n_samples, const Communicator& ranks) {
  constexpr std::int64_t kColumns = 700, kRows = 300, kSegment = 25000;
  constexpr double kWhite_K = 0.02, kWalk_K = 0.002, kStep_pixels = 0.9;
  Problem problem;
  problem.n_columns = kColumns;
  problem.n_pixels = kColumns * kRows;
  DestriperStream& stream = problem.data.streams.emplace_back();
  const auto [first, last] = share_of(std::max<std::int64_t>(n_samples / kSegment, 2), ranks);
  const auto triangle = [](double u) { return std::abs(std::fmod(u, 2.0) - 1.0); };
  for (std::int64_t segment = first; segment < last; ++segment) {
    std::mt19937_64 random(static_cast<std::uint64_t>(segment));
    std::normal_distribution<double> normal;
    const bool along = segment % 2 == 0;
    const double length = along ? 600.0 : 240.0;
    const double width = along ? 240.0 : 600.0;
    const double shift = 10.0 * normal(random);
    double walk_K = 0.0;
    problem.data.segments.push_back({static_cast<std::int64_t>(problem.data.pixel.size()), kSegment});
    stream.weight_per_K2.push_back(1.0 / (kWhite_K * kWhite_K));
    for (std::int64_t i = 0; i < kSegment; ++i) {
      const auto time = static_cast<double>(i);
      const double s = length * triangle(time * kStep_pixels / length + 0.1 * shift);
      const double c = width * time / kSegment;
      const auto column = std::clamp<std::int64_t>(std::llround((along ? s : c) + 50.0 + shift), 0, kColumns - 1);
      const auto row = std::clamp<std::int64_t>(std::llround((along ? c : s) + 30.0 - shift), 0, kRows - 1);
      walk_K += kWalk_K * normal(random);
      problem.data.pixel.push_back(static_cast<std::int32_t>(row * kColumns + column));
      stream.tod_K.push_back(static_cast<float>(walk_K + kWhite_K * normal(random)));
    }
  }
  return problem;
}

/// The least that an iteration does without runs and renumbering: one 8-byte access at random per sample and pass.
Seconds time_bare_kernel(const Problem& problem, int offset_length, const Communicator& ranks) {
  std::vector<double> map(static_cast<std::size_t>(problem.n_pixels) + 1);
  std::vector<double> offsets(problem.data.pixel.size() / static_cast<std::size_t>(offset_length) + 1, 1.0);
  comap::LargeVector<std::int32_t> pixel = problem.data.pixel;
  for (std::int32_t& p : pixel) p = p < 0 ? static_cast<std::int32_t>(problem.n_pixels) : p;
  const auto length = static_cast<std::size_t>(offset_length);
  const auto pass = [&] {
    std::fill(map.begin(), map.end(), 0.0);
    for (std::size_t o = 0; o < offsets.size(); ++o) {
      const std::size_t end = std::min((o + 1) * length, pixel.size());
      for (std::size_t i = o * length; i < end; ++i) map[static_cast<std::size_t>(pixel[i])] += offsets[o];
    }
    for (std::size_t o = 0; o < offsets.size(); ++o) {
      const std::size_t end = std::min((o + 1) * length, pixel.size());
      double sum = 0.0;
      for (std::size_t i = o * length; i < end; ++i) sum += map[static_cast<std::size_t>(pixel[i])];
      offsets[o] = 1e-3 * sum;
    }
  };
  return time_of(pass, ranks);
}

/// The two passes of our iteration alone.
Seconds time_own_kernel(const Problem& problem, const DestriperSettings& settings, const Communicator& ranks) {
  const comap::PixelNumbering numbering = comap::number_pixels(problem.data, settings);
  comap::SampleSums sums;
  const comap::PixelRuns runs = comap::make_pixel_runs(problem.data, problem.data.streams, settings, numbering, sums);
  std::vector<double> offsets, amplitude(runs.n_lanes);
  std::vector<double> map(static_cast<std::size_t>(numbering.size()) * runs.n_lanes);
  const auto passes = [&] {
    for (std::size_t part = 0; part < runs.parts.size(); ++part) {
      offsets.assign(runs.layout.n_offsets(runs.parts[part].segment) * runs.n_lanes, 0.0);
      comap::gather_part(runs, part, comap::Weighting::solver, map, {offsets, amplitude});
      comap::scatter_part(runs, part, comap::Weighting::solver, {offsets, amplitude}, map);
    }
    std::fill(map.begin(), map.end(), 1.0);
  };
  return time_of(passes, ranks);
}

/// What one iteration sends, of the rank that sends most.
struct Traffic {
  double messages = 0.0;  ///< to neighbours
  double bytes = 0.0;     ///< in them
  double shared_pixels = 0.0;
  double pixels = 0.0;
};

Traffic traffic_of(const Problem& problem, const DestriperSettings& settings, const Communicator& ranks) {
  const comap::PixelNumbering numbering = comap::number_pixels(problem.data, settings);
  const comap::SharedPixels shared(numbering, ranks);
  const std::size_t n_lanes = comap::lanes_for(problem.data.streams.size());
  std::array<double, 4> worst{
      2.0 * static_cast<double>(shared.n_neighbours()),
      static_cast<double>(static_cast<std::size_t>(shared.n_sent_per_sum()) * n_lanes * sizeof(double)),
      static_cast<double>(shared.n_shared()), static_cast<double>(numbering.size())};
  ranks.max(worst);
  return {worst[0], worst[1], worst[2], worst[3]};
}

void write_map(const comap::MapPiece& piece, const Problem& problem, const std::string& path,
               const Communicator& ranks) {
  std::vector<double> map(static_cast<std::size_t>(problem.n_pixels), 0.0), hit(map);
  for (std::size_t i = 0; i < piece.pixel.size(); ++i) {
    map[static_cast<std::size_t>(piece.pixel[i])] = piece.destriped_K[i];
    hit[static_cast<std::size_t>(piece.pixel[i])] = 1.0;
  }
  ranks.sum(map);
  ranks.sum(hit);
  if (ranks.rank() != 0) return;
  std::ofstream file(path, std::ios::binary);
  for (std::size_t i = 0; i < map.size(); ++i) {
    const float value = hit[i] > 0.0 ? static_cast<float>(map[i]) : std::numeric_limits<float>::quiet_NaN();
    file.write(reinterpret_cast<const char*>(&value), sizeof value);
  }
}

/// Largest memory of the process since the last call [bytes].
double peak_memory() {
  std::ifstream status("/proc/self/status");
  double kilobytes = 0.0;
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") status >> kilobytes;
  }
  std::ofstream("/proc/self/clear_refs") << 5;
  return 1024.0 * kilobytes;
}

json run(const Options& options, const Communicator& ranks) {
  std::unique_ptr<comap::Scratch> scratch;
  if (!options.scratch.empty()) scratch = std::make_unique<comap::Scratch>(options.scratch, kResidentBytes);
  Problem problem = options.directory.empty() ? make_problem(options.synthetic_samples, ranks)
                                              : read_problem(options, scratch.get(), ranks);
  problem.data.streams.resize(options.n_streams, problem.data.streams.front());
  const std::int64_t n_samples = ranks.sum(static_cast<std::int64_t>(problem.data.pixel.size()));
  DestriperSettings settings;
  settings.n_pixels = problem.n_pixels;
  settings.n_columns = problem.n_columns;
  settings.offset_length = options.offset_length;
  settings.threshold = options.threshold;
  settings.noise_threshold = options.noise_threshold;
  const Seconds bare = time_bare_kernel(problem, options.offset_length, ranks);
  const Seconds own = time_own_kernel(problem, settings, ranks);
  const Traffic traffic = traffic_of(problem, settings, ranks);
  const double bandwidth = benchmark::triad_bandwidth(ranks);
  comap::DestriperResult result;
  peak_memory();
  const Seconds total = time_once([&] { result = comap::destripe(std::move(problem.data), settings, ranks).front(); });
  if (!options.map_path.empty()) write_map(result.map, problem, options.map_path, ranks);

  std::vector<double> worst{result.report.seconds, result.report.seconds_per_iteration,
                            result.report.solver_bytes_per_sample, total.cpu, peak_memory()};
  ranks.max(worst);
  const auto samples = static_cast<double>(n_samples);
  return {{"ranks", ranks.size()},
          {"samples", n_samples},
          {"offset_length", options.offset_length},
          {"streams", options.n_streams},
          {"iterations", result.report.iterations},
          {"stopped", comap::to_text(result.report.reason)},
          {"relative_residual", result.report.relative_residual},
          {"residual_in_noise", result.report.residual_in_noise},
          {"components", result.report.n_components},
          {"offsets", result.report.n_offsets},
          {"offsets_without_data", result.report.n_offsets_without_data},
          {"total_s", worst[0]},
          {"total_cpu_s", worst[3]},
          {"iteration_ms", 1e3 * worst[1]},
          {"ns_per_sample_and_iteration", 1e9 * worst[1] / samples},
          {"bytes_per_sample", worst[2]},
          {"peak_memory_GB", 1e-9 * worst[4]},
          {"bare_scatter_gather_ms", 1e3 * bare.wall},
          {"bare_scatter_gather_cpu_ms", 1e3 * bare.cpu},
          {"own_scatter_gather_ms", 1e3 * own.wall},
          {"own_scatter_gather_cpu_ms", 1e3 * own.cpu},
          {"messages_per_iteration", traffic.messages},
          {"bytes_sent_per_iteration", traffic.bytes},
          {"shared_pixels", traffic.shared_pixels},
          {"pixels", traffic.pixels},
          {"triad_GB_per_s", 1e-9 * bandwidth},
          {"pixel_list_twice_ms", 1e3 * 2.0 * sizeof(std::int32_t) * samples / bandwidth}};
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] {
      if (++i >= argc) throw std::runtime_error("no value after " + word);
      return std::string(argv[i]);
    };
    if (word == "--synthetic") {
      options.synthetic_samples = std::stoll(value());
    } else if (word == "--offset-length") {
      options.offset_length = std::stoi(value());
    } else if (word == "--prior") {
      options.prior = true;
    } else if (word == "--streams") {
      options.n_streams = std::stoul(value());
    } else if (word == "--threshold") {
      options.threshold = std::stod(value());
    } else if (word == "--noise-threshold") {
      options.noise_threshold = std::stod(value());
    } else if (word == "--scratch") {
      options.scratch = value();
    } else if (word == "--map") {
      options.map_path = value();
    } else if (word == "--json") {
      options.json_path = value();
    } else {
      options.directory = word;
    }
  }
  if (options.directory.empty() && options.synthetic_samples <= 0) {
    throw std::runtime_error(
        "usage: benchmark_destriper DIRECTORY|--synthetic N [--offset-length L] [--prior] [--streams N] "
        "[--threshold T] [--noise-threshold T] [--map FILE.f32] [--json FILE]");
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  comap::mpi::Environment environment(argc, argv);
  try {
    const Options options = parse(argc, argv);
    const json table = run(options, environment.world());
    if (environment.world().rank() != 0) return 0;
    for (const auto& [name, value] : table.items()) std::printf("%-28s %s\n", name.c_str(), value.dump().c_str());
    if (!options.json_path.empty()) std::ofstream(options.json_path) << table.dump(2) << "\n";
  } catch (const std::exception& error) {
    std::fprintf(stderr, "benchmark_destriper: %s\n", error.what());
    comap::mpi::end_all_ranks(1);
  }
  return 0;
}
