#include <fmt/core.h>

#include <iostream>
#include <memory>

#include "command.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "io/map/map_reader.hpp"
#include "io/plot/map_plot.hpp"
#include "map_diff/map_diff.hpp"
#include "probe.hpp"
#include "table_output.hpp"

namespace comap {
namespace {

/// As those of diff.
enum DiffCode : int { kSame = 0, kDifferent = 1, kTrouble = 2 };

struct DiffOptions {
  std::vector<std::string> files;
  std::string format = "table";
  std::string plot;
};

SqlValue value_or_null(const std::string& text) { return text.empty() ? SqlValue() : SqlValue(text); }

SqlValue value_or_null(const std::optional<std::int64_t>& value) { return value ? SqlValue(*value) : SqlValue(); }

/// Six digits: more than anybody compares.
SqlValue rounded(double value) { return std::stod(fmt::format("{:.6g}", value)); }
SqlValue rounded(const std::optional<double>& value) { return value ? rounded(*value) : SqlValue(); }

OutputTable table_of(const std::string& name, const std::vector<ValueChange>& changes) {
  OutputTable table{name, {"name", "a", "b"}, {}};
  for (const ValueChange& change : changes) {
    table.rows.push_back({change.name, value_or_null(change.a), value_or_null(change.b)});
  }
  return table;
}

OutputTable settings_table(const std::vector<ValueChange>& changes) {
  OutputTable table{"settings", {"key", "a", "b", "affects_pixels"}, {}};
  for (const ValueChange& change : changes) {
    table.rows.push_back({change.name, value_or_null(change.a), value_or_null(change.b), change.affects_pixels});
  }
  return table;
}

OutputTable observations_table(const std::vector<ObservationChange>& changes) {
  OutputTable table{"observations", {"obsid", "samples_a", "samples_b"}, {}};
  for (const ObservationChange& change : changes) {
    table.rows.push_back({change.obsid, value_or_null(change.samples_a), value_or_null(change.samples_b)});
  }
  return table;
}

OutputTable images_table(const std::vector<ImageChange>& changes) {
  OutputTable table{"pixels",
                    {"image", "unit", "identical", "in_both", "only_a", "only_b", "different", "mean", "rms", "largest",
                     "mean/noise", "rms/noise", "largest/noise", "correlation"},
                    {}};
  for (const ImageChange& change : changes) {
    table.rows.push_back({change.image, value_or_null(change.unit), change.identical, change.n_both, change.n_only_a,
                          change.n_only_b, change.n_different, rounded(change.mean), rounded(change.rms),
                          rounded(change.largest), rounded(change.mean_noise), rounded(change.rms_noise),
                          rounded(change.largest_noise), rounded(change.correlation)});
  }
  return table;
}

/// Tables without a row say nothing on a terminal.
void print_diff(const MapDiff& diff, OutputFormat format) {
  std::vector<OutputTable> tables = {settings_table(diff.settings),
                                     table_of("software", diff.software),
                                     observations_table(diff.observations),
                                     table_of("grid", diff.grid),
                                     table_of("header", diff.header),
                                     images_table(diff.images),
                                     {"verdict", {"verdict"}, {{diff.verdict}}}};
  if (format == OutputFormat::table) {
    tables.pop_back();
    std::erase_if(tables, [](const OutputTable& table) { return table.rows.empty(); });
  }
  print_tables(std::cout, tables, format);
  if (format == OutputFormat::table) std::cout << (tables.empty() ? "" : "\n") << diff.verdict << '\n';
  std::cout.flush();
}

void draw(const DiffOptions& own, const ContinuumMap& a, const ContinuumMap& b, const MapDiff& diff) {
  if (!diff.grid.empty()) throw ConfigError("--plot: maps on different grids have no difference to draw");
  plot_difference(own.plot, difference_map(a, b), fmt::format("{} minus {}", own.files[1], own.files[0]));
}

int compare_files(const DiffOptions& own) {
  const OutputFormat format = parse_output_format(own.format);
  for (const std::string& file : own.files) require_harmless(file, ProbeDepth::map);
  const ContinuumMap a = read_map(own.files.at(0)), b = read_map(own.files.at(1));
  const MapDiff diff = compare_maps(a, b);
  print_diff(diff, format);
  if (!own.plot.empty()) draw(own, a, b, diff);
  return diff.same_pixels() ? kSame : kDifferent;
}

int run_diff(const CommandContext& context, const DiffOptions& own) {
  std::int64_t code = kSame;
  run_on_rank_zero(context.world, [&] {
    try {
      code = compare_files(own);
    } catch (const std::exception& error) {  // 1 would say that the maps differ
      log_error("{}", error.what());
      code = kTrouble;
    }
  });
  return static_cast<int>(context.world.sum(code));
}

}  // namespace

void add_diff_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  const auto own = std::make_shared<DiffOptions>();
  CLI::App* app = add_leaf_command(
      program, commands, "diff",
      "Says why two maps differ: settings, software, observations, grid, then pixels (b minus a). Exit code 0: "
      "identical pixels, "
      "1: they differ, 2: error",
      "comap_mpi diff maps/old_band0.fits maps/new_band0.fits --plot difference.png",
      [own](const CommandContext& context) { return run_diff(context, *own); }, options);
  commands.back().needs_config = false;
  commands.back().writes_log = false;
  commands.back().needs_mpi = false;
  app->add_option("FILE", own->files, "The two maps, a and b: FITS or HDF5, images or HEALPix")
      ->required()
      ->expected(2)
      ->type_name("");
  app->add_option("--format", own->format, kOutputFormats)->capture_default_str();
  app->add_option("--plot", own->plot, "Draw the difference, in mK and over the noise")->type_name("FILE.png");
}

}  // namespace comap
