#include "config/bind_config.hpp"

#include <algorithm>

#include "core/constants.hpp"

namespace comap {
namespace {

constexpr double kMaxObsid = 1e9;
constexpr double kMaxRetries = 100;
constexpr double kMaxDelay_s = 3600.0;
constexpr double kShortestClaim_min = 0.01;
constexpr double kLongestClaim_min = 1440.0;

void bind_mpi_hints(Binder& binder, std::map<std::string, std::string>& hints) {
  for (const std::string& name : binder.present_keys()) hints.try_emplace(name);
  for (auto& [name, value] : hints) binder.text(name, value, "");
}

void bind_catalogue(Binder& binder, CatalogueConfig& config) {
  binder.credential_url("url", config.url, "sqlite:PATH, or postgresql://user@host/db, postgresql://?service=NAME");
  if (constexpr std::string_view kSqlite = "sqlite:"; config.url.starts_with(kSqlite)) {
    if (const auto path = without_tilde(config.url.substr(kSqlite.size()))) config.url = std::string(kSqlite) + *path;
  }
  binder.integer_as("connect_retries", config.connect_retries, {0, kMaxRetries}, "more tries after the first");
  binder.number("connect_retry_delay_s", config.connect_retry_delay_s, {0, kMaxDelay_s}, "before the second try [s]");
  binder.number("claim_minutes", config.claim_minutes, {kShortestClaim_min, kLongestClaim_min},
                "a claim on an observation without renewal lasts so long [min]");
}

void bind_select(Binder& binder, SelectConfig& config) {
  binder.text_list("source", config.source, "names; * and ? as wildcards; empty = all");
  binder.choice_list("source_group", config.source_group,
                     {"Galactic", "Foreground", "Calibrator", "CO", "SkyDip", "Other"}, "empty = all");
  binder.integer("min_obsid", config.min_obsid, {0, kMaxObsid}, "first obsid");
  binder.integer("max_obsid", config.max_obsid, {0, kMaxObsid}, "last obsid, 0 = no limit");
  binder.integer_list("obsids", config.obsids, {0, kMaxObsid}, "when given, only these");
  binder.path("obsid_file", config.obsid_file, "a file with one obsid per line");
}

void bind_parallel(Binder& binder, ParallelConfig& config) {
  std::int64_t ranks = config.ranks_per_observation;
  binder.integer_or_word("ranks_per_observation", ranks, "auto", 0, {1, kScienceFeeds},
                         "ranks that work on one observation together");
  config.ranks_per_observation = static_cast<int>(ranks);
}

void bind_io(Binder& binder, IoConfig& config) {
  constexpr double kMaxBackoff = 100;
  constexpr double kMaxGzipLevel = 9;
  binder.integer_as("open_retries", config.open_retries, {0, kMaxRetries},
                    "more tries for a file that is locked or briefly unavailable");
  binder.number("retry_delay_s", config.retry_delay_s, {0, kMaxDelay_s}, "before the second try [s]");
  binder.number("retry_backoff", config.retry_backoff, {1, kMaxBackoff}, "each further delay is longer by this factor");
  binder.number("retry_jitter", config.retry_jitter, {0, 1}, "random part of a delay, a fraction of it");
  binder.integer_as("compression", config.compression, {0, kMaxGzipLevel}, "gzip level of Level-2 datasets, 0 = none");
  binder.flag("read_ahead", config.read_ahead, "read the next block while one is worked on");
  binder.table(
      "mpi_hints", [&](Binder& table) { bind_mpi_hints(table, config.mpi_hints); },
      "MPI-IO hints, e.g. { romio_cb_read = \"enable\" }");
}

void bind_log(Binder& binder, LogConfig& config) {
  binder.path("directory", config.directory, "log files and run summaries");
  binder.choice("level", config.level, {"debug", "info", "warning", "error"}, "lines of this level and above");
  binder.flag("json", config.json, "JSON lines instead of text");
  binder.flag("progress", config.progress, "progress bar on a terminal");
}

void bind_calibrate(Binder& binder, CalibrateConfig& config) {
  constexpr double kMaxDegree = 10;
  constexpr double kMaxObservations = 1e9;
  binder.text("source", config.source, "one calibrator: TauA, CasA, CygA or Jupiter");
  binder.choice("model_type", config.model_type, {"polynomial", "nearest", "mean"}, "gain ratio against time");
  binder.integer_as("poly_degree", config.poly_degree, {0, kMaxDegree}, "in years since MJD 59000");
  binder.number("chi2_max", config.chi2_max, {kAboveZero}, "measurements with a worse fit are left out");
  binder.number("gain_min", config.gain_min, {0}, "measured over model flux; measurements below are left out");
  binder.number("gain_max", config.gain_max, {0}, "measurements above are left out");
  binder.integer_as("min_observations", config.min_observations, {1, kMaxObservations},
                    "elements with fewer get no model");
}

void bind_acquire(Binder& binder, AcquireConfig& config) {
  constexpr double kMaxRsyncs = 100;
  constexpr double kMaxCount = 1e9;
  binder.command("list_command", config.list_command,
                 "e.g. \"ssh host list-observations\": lines obsid path target comment");
  binder.path("list_file", config.list_file, "a file of such lines, instead");
  binder.command("remote", config.remote, "what comes before a path for rsync, e.g. \"host:\"; empty = a local path");
  binder.command("remote_shell", config.remote_shell, "rsync's way to the host, with the options of ssh");
  binder.path("directory", config.directory, "where files go");
  binder.integer("min_obsid", config.min_obsid, {0, kMaxObsid}, "first obsid");
  binder.integer_as("n_rsyncs", config.n_rsyncs, {1, kMaxRsyncs}, "files at once");
  binder.integer_as("bandwidth_limit_KBps", config.bandwidth_limit_KBps, {0, kMaxCount},
                    "of each rsync [1024 byte / s], 0 = none");
  binder.integer_as("retries", config.retries, {0, kMaxRetries}, "more tries when a connection breaks");
  binder.number("retry_delay_s", config.retry_delay_s, {0, kMaxDelay_s},
                "before the second try, doubled before each further one [s]");
  binder.integer_as("timeout_s", config.timeout_s, {1, kMaxDelay_s}, "a connection without a byte is given up [s]");
  binder.text("group", config.group, "group of the files, name or number; empty = leave");
  binder.text("mode", config.mode, "permissions of the files, octal");
}

void bind_run(Binder& binder, RunConfig& config) {
  binder.text_list("pipeline", config.pipeline, "commands in order, with their options");
  binder.path_list("level1_dirs", config.level1_dirs, "where \"catalogue scan\" looks for Level-1 files");
  binder.path_list("level2_dirs", config.level2_dirs, "where \"catalogue scan\" looks for Level-2 files");
}

void bind_level2(Binder& binder, Level2Config& config, StageEntries stages) {
  binder.path("output_dir", config.output_dir, "where Level-2 files go");
  binder.text("layout", config.layout, "directories below output_dir");
  binder.flag("overwrite", config.overwrite, "redo every stage, also those that are up to date");
  binder.text_list("pipeline", config.pipeline, "stages in order");
  for (const StageEntry& stage : stages) {
    const bool is_shared = &*std::ranges::find(stages, stage.table, &StageEntry::table) != &stage;
    if (stage.table.empty() || is_shared) continue;
    binder.section(
        stage.table, [&](Binder& table) { stage.bind(table, config); }, "");
  }
}

}  // namespace

void bind_overwrite(Binder& binder, bool& overwrite) {
  binder.without_effect().flag("overwrite", overwrite, "run it, and what builds on it, also when it is up to date");
}

void bind_config(Binder& binder, Config& config, StageEntries stages) {
  const auto section = [&](std::string_view name, auto& values, auto bind, std::string_view comment) {
    binder.section(
        name, [&](Binder& table) { bind(table, values); }, comment);
  };
  section("catalogue", config.catalogue, bind_catalogue, "the inventory of observations");
  section("select", config.select, bind_select, "which observations");
  section("parallel", config.parallel, bind_parallel, "");
  section("io", config.io, bind_io, "");
  section("log", config.log, bind_log, "");
  binder.section(
      "level2", [&](Binder& table) { bind_level2(table, config.level2, stages); }, "from Level-1 to Level-2");
  section("mapmake", config.mapmake, bind_mapmake, "from Level-2 to maps");
  section("linemap", config.linemap, bind_linemap, "spectral cubes; selection, grid, calibration as in [mapmake]");
  section("calibrate", config.calibrate, bind_calibrate, "gain models from observations of a calibrator");
  section("acquire", config.acquire, bind_acquire, "Level-1 files from the observatory");
  section("simulate", config.simulate, bind_simulate, "Level-1 files of a known sky");
  section("run", config.run, bind_run, "several commands in order");
}

}  // namespace comap
