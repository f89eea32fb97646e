#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "catalogue/observation_queries.hpp"
#include "commands/catalogue_commands.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/text_file.hpp"
#include "observed_place.hpp"
#include "sky/local_time.hpp"
#include "whole_number.hpp"

namespace comap {
namespace {

struct TargetOptions {
  std::string source;
  std::int64_t min_obsid = 0, max_obsid = 0;
  bool coordinates = false, paths = false, level2_paths = false, local_time = false, all = false, exports = false;
};

/// Access to the columns of an answer by name.
class Columns {
 public:
  explicit Columns(const OutputTable& table) : table_(table) {}
  std::size_t index(const std::string& name) const {
    const auto found = std::find(table_.columns.begin(), table_.columns.end(), name);
    if (found == table_.columns.end()) throw Bug("no column " + name);
    return static_cast<std::size_t>(found - table_.columns.begin());
  }
  std::string text(std::size_t row, const std::string& name) const {
    return sql::text_of(table_.rows[row][index(name)]);
  }

 private:
  const OutputTable& table_;
};

Observation observation_of(const OutputTable& states, std::size_t row) {
  const Columns columns(states);
  return {sql::integer_of(states.rows[row][columns.index("obsid")]),
          columns.text(row, "source"),
          columns.text(row, "source_group"),
          columns.text(row, "level1_path"),
          columns.text(row, "level2_path"),
          columns.text(row, "utc_start")};
}

void add_columns(OutputTable& table, const std::vector<std::string>& names,
                 const std::function<std::vector<SqlValue>(std::size_t)>& values_of_row) {
  table.columns.insert(table.columns.end(), names.begin(), names.end());
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    for (SqlValue& value : values_of_row(row)) table.rows[row].push_back(std::move(value));
  }
}

/// The column of `states` once more.
void add_copy(OutputTable& table, const OutputTable& states, const std::string& name) {
  const std::size_t column = Columns(states).index(name);
  add_columns(table, {name}, [&](std::size_t row) { return std::vector<SqlValue>{states.rows[row][column]}; });
}

SqlValue local_time(const Observation& observation) {
  try {
    return observatory_local_time(parse_utc_start(observation.utc_start));
  } catch (const ObservationError& error) {
    log_warning("obsid {}: {}", observation.obsid, error.what());
    return {};
  }
}

const std::vector<std::string>& coordinate_names() {
  static const std::vector<std::string> names = {"ra_deg",      "dec_deg",       "l_deg",           "b_deg",
                                                 "azimuth_deg", "elevation_deg", "coordinates_from"};
  return names;
}

/// To 1e-5 deg, far below the beam.
SqlValue shown_angle(double angle_deg) {
  constexpr double kPerDegree = 1e5;
  return std::round(angle_deg * kPerDegree) / kPerDegree;
}

std::vector<SqlValue> coordinates(const Config& config, const Observer& observer, const Observation& observation) {
  const auto place = observed_place(config, observer, observation);
  if (!place) return std::vector<SqlValue>(coordinate_names().size());
  return {shown_angle(place->icrs.longitude_deg),
          shown_angle(place->icrs.latitude_deg),
          shown_angle(place->galactic.longitude_deg),
          shown_angle(place->galactic.latitude_deg),
          shown_angle(place->horizontal.azimuth_deg),
          shown_angle(place->horizontal.elevation_deg),
          place->origin};
}

/// The columns of `states` without the paths, then those that were asked for.
OutputTable target_table(const OutputTable& states, const TargetOptions& options, const Config& config) {
  const std::size_t n_shown = Columns(states).index("level1_path");
  const auto shown = [&](const auto& all) { return std::vector(all.begin(), all.begin() + std::ptrdiff_t(n_shown)); };
  OutputTable table = {"observations", shown(states.columns), {}};
  for (const auto& row : states.rows) table.rows.push_back(shown(row));
  if (options.local_time || options.all) {
    add_columns(table, {"local_time"},
                [&](std::size_t row) { return std::vector<SqlValue>{local_time(observation_of(states, row))}; });
  }
  if (options.coordinates || options.all) {
    const Observer observer = map_observer(config.mapmake);
    add_columns(table, coordinate_names(),
                [&](std::size_t row) { return coordinates(config, observer, observation_of(states, row)); });
  }
  if (options.paths || options.all) add_copy(table, states, "level1_path");
  if (options.paths || options.level2_paths || options.all) add_copy(table, states, "level2_path");
  return table;
}

// ---- --export

/// The source as part of a file name.
std::string file_word(std::string source) {
  std::replace_if(
      source.begin(), source.end(),
      [](char letter) { return letter == '/' || letter == '*' || letter == '?' || letter == ' '; }, '_');
  return source;
}

void export_level2_paths(const OutputTable& states, const std::string& source, bool dry_run) {
  const std::size_t column = Columns(states).index("level2_path");
  std::string text;
  std::int64_t n_paths = 0;
  for (const auto& row : states.rows) {
    const std::string path = sql::text_of(row[column]);
    if (path.empty()) continue;
    text += path + "\n";
    ++n_paths;
  }
  const std::string file = file_word(source) + "_level2_paths.txt";
  if (!dry_run) write_text_file(file, text);
  log_info("{} paths {} {}", n_paths, dry_run ? "would be written to" : "written to", file);
}

Tables query_target(Catalogue& catalogue, const TargetOptions& options, const CommandContext& context) {
  SelectConfig selection;
  selection.source = {options.source};
  selection.min_obsid = options.min_obsid;
  selection.max_obsid = options.max_obsid;
  const OutputTable states = ask(catalogue, "observations", [&](sql::Connection& connection) {
    return sql::observation_states(connection, selection);
  });
  if (states.rows.empty()) log_warning("the catalogue has no such observation of '{}'", options.source);
  if (options.exports) export_level2_paths(states, options.source, context.options.dry_run);
  return {target_table(states, options, context.config)};
}

}  // namespace

void add_catalogue_target(const CatalogueGroup& group) {
  const auto options = std::make_shared<TargetOptions>();
  CLI::App* app = add_catalogue_report(
      group, "query-target", "Observations of a source and how far they are", "TauA --coordinates --export",
      [options](Catalogue& one, const CatalogueView& view) { return query_target(one, *options, view.context); });
  app->add_option("SOURCE", options->source, "Name; * stands for any text, ? for one character")->required();
  app->add_option("--min-obsid", options->min_obsid, "From this observation on")
      ->transform(whole_number())
      ->type_name("N");
  app->add_option("--max-obsid", options->max_obsid, "Up to this observation")
      ->transform(whole_number())
      ->type_name("N");
  app->add_flag("--coordinates", options->coordinates,
                "Mean position and elevation: from the Level-2 file, else that of a calibration source");
  app->add_flag("--paths", options->paths, "Paths of both levels");
  app->add_flag("--level2-paths", options->level2_paths, "Path of the Level-2 file");
  app->add_flag("--local-time", options->local_time, "Start on the clock of the observatory");
  app->add_flag("--all", options->all, "All of these columns");
  app->add_flag("--export", options->exports, "Also write SOURCE_level2_paths.txt here, one path in a line");
}

}  // namespace comap
