#include <fmt/core.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "core/text_file.hpp"
#include "io/plot/line_plot.hpp"
#include "mpi/io_benchmark.hpp"
#include "probe.hpp"
#include "whole_number.hpp"

namespace comap {
namespace {

using mpi::IoAccess;
using mpi::IoMeasurement;
using mpi::IoSetting;

constexpr double kMillisecond = 1e-3;
constexpr double kMegabyte = 1e6;

struct IoOptions {
  mpi::IoSubject subject;
  std::vector<int> readers = {1, 2, 4};
  std::vector<int> ranks_per_file = {1, 2, 4};
  std::vector<std::string> hints = {"default", "romio_cb_read=enable", "romio_ds_read=enable"};
  std::vector<std::string> access = {"slices"};
  std::string json_path;
  std::string plot_path;
};

std::string access_name(IoAccess access) { return access == IoAccess::slices ? "slices" : "whole"; }

/// "name=value,name=value", or "default" for none.
std::map<std::string, std::string> hints_of(const std::string& text) {
  std::map<std::string, std::string> hints;
  if (text == "default") return hints;
  for (const std::string& word : CLI::detail::split(text, ',')) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw ConfigError(fmt::format("--hints {}: must be NAME=VALUE,... or default", text));
    }
    hints[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return hints;
}

std::string hints_text(const std::map<std::string, std::string>& hints) {
  std::vector<std::string> words;
  for (const auto& [name, value] : hints) words.push_back(fmt::format("{}={}", name, value));
  return words.empty() ? "default" : fmt::format("{}", fmt::join(words, ","));
}

/// Every combination that the ranks are enough for.
std::vector<IoSetting> settings_of(const IoOptions& own, int n_ranks) {
  std::vector<IoSetting> settings;
  for (const std::string& access : own.access) {
    for (const std::string& hints : own.hints) {
      for (const int ranks_per_file : own.ranks_per_file) {
        for (const int readers : own.readers) {
          if (readers * ranks_per_file > n_ranks) continue;
          settings.push_back(
              {readers, ranks_per_file, hints_of(hints), access == "whole" ? IoAccess::whole : IoAccess::slices});
        }
      }
    }
  }
  if (settings.empty()) throw ConfigError("no number of readers and ranks per file fits into the ranks there are");
  return settings;
}

void print_heading(const mpi::IoSubject& subject) {
  fmt::print("{}, {} cache, best of {}\n", subject.dataset, subject.cold ? "cold" : "warm", subject.repeats);
  fmt::print("{:>7} {:>14} {:>7} {:>10} {:>9} {:>9} {:>8} {:>13} {:>12}  {}\n", "readers", "ranks_per_file", "access",
             "MB", "s", "MB/s", "open/ms", "mean read/ms", "max read/ms", "hints");
}

void print_row(const IoMeasurement& row) {
  fmt::print("{:>7} {:>14} {:>7} {:>10.1f} {:>9.4f} {:>9.1f} {:>8.2f} {:>13.2f} {:>12.2f}  {}\n", row.setting.n_readers,
             row.setting.ranks_per_file, access_name(row.setting.access), static_cast<double>(row.bytes) / kMegabyte,
             row.seconds, row.MB_per_s(), row.open_s / kMillisecond, row.mean_read_s / kMillisecond,
             row.longest_read_s / kMillisecond, hints_text(row.setting.hints));
  std::fflush(stdout);
}

/// Options that set what was fastest.
std::string recommendation(const IoMeasurement& best) {
  std::vector<std::string> hints;
  for (const auto& [name, value] : best.setting.hints) hints.push_back(fmt::format("{} = \"{}\"", name, value));
  return fmt::format("--set parallel.ranks_per_observation={} --set 'io.mpi_hints={{{}}}'", best.setting.ranks_per_file,
                     fmt::join(hints, ", "));
}

nlohmann::ordered_json json_of(const IoOptions& own, const std::vector<IoMeasurement>& rows) {
  nlohmann::ordered_json json = {
      {"files", own.subject.files},     {"dataset", own.subject.dataset}, {"slice_samples", own.subject.slice_samples},
      {"repeats", own.subject.repeats}, {"cold", own.subject.cold},       {"rows", nlohmann::json::array()}};
  for (const IoMeasurement& row : rows) {
    json["rows"].push_back({{"readers", row.setting.n_readers},
                            {"ranks_per_file", row.setting.ranks_per_file},
                            {"access", access_name(row.setting.access)},
                            {"hints", hints_text(row.setting.hints)},
                            {"bytes", row.bytes},
                            {"seconds", row.seconds},
                            {"MB_per_s", row.MB_per_s()},
                            {"open_ms", row.open_s / kMillisecond},
                            {"mean_read_ms", row.mean_read_s / kMillisecond},
                            {"max_read_ms", row.longest_read_s / kMillisecond}});
  }
  json["recommended"] = recommendation(mpi::fastest(rows));
  return json;
}

/// A measurement in the curve of its kind. Lines join points: a curve may be a single one.
void add_point(CurvePanel& panel, const IoSetting& setting, double value) {
  const std::string label = fmt::format("{} rank{} per file, {}", setting.ranks_per_file,
                                        setting.ranks_per_file == 1 ? "" : "s", access_name(setting.access));
  auto curve = std::ranges::find(panel.curves, label, &Curve::label);
  if (curve == panel.curves.end()) {
    const int colour = static_cast<int>(panel.curves.size() / 2);
    panel.curves.push_back({label, {}, {}, CurveStyle::points, colour});
    panel.curves.push_back({"", {}, {}, CurveStyle::line, colour});
    curve = panel.curves.end() - 2;
  }
  for (const auto& one : {curve, curve + 1}) {
    one->x.push_back(setting.n_readers);
    one->y.push_back(value);
  }
}

/// Throughput and latency against the number of readers: a row for each set of hints, a curve for each way to read.
void plot(const IoOptions& own, const std::vector<IoMeasurement>& rows) {
  std::vector<CurvePanel> panels;
  for (const IoMeasurement& row : rows) {
    const std::string title = "hints: " + hints_text(row.setting.hints);
    auto panel = std::ranges::find(panels, title, &CurvePanel::title);
    if (panel == panels.end()) {
      panels.push_back({title, "readers at once", "MB/s", false, false, {}});
      panels.push_back({title, "readers at once", "mean time of a read [ms]", false, true, {}});
      panel = panels.end() - 2;
    }
    add_point(panel[0], row.setting, row.MB_per_s());
    add_point(panel[1], row.setting, row.mean_read_s / kMillisecond);
  }
  write_line_plot(own.plot_path, fmt::format("reading {}", own.subject.dataset), panels, 2);
}

int run_io(const CommandContext& context, IoOptions own) {
  const auto& world = dynamic_cast<const mpi::MpiCommunicator&>(context.world);
  const std::vector<IoSetting> settings = settings_of(own, world.size());
  run_on_rank_zero(world, [&] {
    for (const auto& [deadly, reason] : make_probe(ProbeDepth::headers)(own.subject.files)) {
      throw ObservationError(fmt::format("{}: {}", deadly, reason));
    }
    own.subject.dataset = mpi::dataset_to_read(own.subject);
  });
  own.subject.dataset = share(world, own.subject.dataset);
  const bool shows = world.rank() == 0;
  if (shows) print_heading(own.subject);
  std::vector<IoMeasurement> rows;
  for (const IoSetting& setting : settings) {
    rows.push_back(mpi::measure_reading(own.subject, setting, world));
    if (shows) print_row(rows.back());
  }
  run_on_rank_zero(world, [&] {
    if (!own.json_path.empty()) write_text_file(own.json_path, json_of(own, rows).dump(2) + "\n");
    if (!own.plot_path.empty()) plot(own, rows);
    const IoMeasurement& best = mpi::fastest(rows);
    fmt::print("recommended: {}  # {} readers, {:.0f} MB/s\n", recommendation(best), best.setting.n_readers,
               best.MB_per_s());
    std::fflush(stdout);
  });
  return kDone;
}

}  // namespace

void add_benchmark_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  CLI::App* benchmark = add_group(program, "benchmark", "How fast this machine is");
  const auto own = std::make_shared<IoOptions>();
  CLI::App* app = add_leaf_command(
      *benchmark, commands, "io", "Reads files in several ways and recommends the fastest",
      "srun comap_mpi benchmark io --readers 1,2,4 --cold level1/*.hd5",
      [own](const CommandContext& context) { return run_io(context, *own); }, options);
  commands.back().needs_config = false;
  commands.back().writes_log = false;
  const auto list = [&](const char* name, auto& values, const char* description) {
    return app->add_option(name, values, description)->delimiter(',')->allow_extra_args(false)->capture_default_str();
  };
  app->add_option("FILE", own->subject.files, "Level-1 or Level-2 files; as many as readers, so that none shares one")
      ->required()
      ->type_name("");
  list("--readers", own->readers, "Files read at the same time, each by its own ranks")
      ->transform(whole_number())
      ->check(CLI::PositiveNumber);
  list("--ranks-per-file", own->ranks_per_file, "Ranks that read a file together")
      ->transform(whole_number())
      ->check(CLI::PositiveNumber);
  list("--access", own->access, "slices: as level2 reads; whole: in the order of the file")
      ->check(CLI::IsMember({"slices", "whole"}));
  app->add_option("--hints", own->hints, "For MPI-IO: NAME=VALUE,... or default; repeatable")
      ->allow_extra_args(false)
      ->capture_default_str();
  app->add_option("--dataset", own->subject.dataset, "Another dataset than spectrometer/tod or the binned data");
  app->add_option("--slice-samples", own->subject.slice_samples, "Samples of a slice")
      ->transform(whole_number())
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app->add_option("--repeat", own->subject.repeats, "Repetitions, of which the fastest counts")
      ->transform(whole_number())
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app->add_flag("--cold", own->subject.cold, "Drop the files from the page cache before each repetition");
  app->add_option("--json", own->json_path, "Also write the table as JSON")->type_name("FILE");
  app->add_option("--plot", own->plot_path, "Also draw throughput and latency")->type_name("FILE.png");
}

}  // namespace comap
