#include <fmt/core.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>

#include "acquire/acquire_plan.hpp"
#include "acquire/fetch.hpp"
#include "acquire/landing.hpp"
#include "command.hpp"
#include "core/child_process.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/retry.hpp"
#include "core/text_file.hpp"
#include "mpi/long_work.hpp"
#include "mpi/stop_signal.hpp"
#include "probe.hpp"
#include "table_output.hpp"

namespace comap {
namespace {

constexpr double kBytesPerMB = 1e6;

struct AcquireOptions {
  std::string format = "table";
  bool fetch_lost = false;
};

// ---- the list

void check_settings(const AcquireConfig& config) {
  if (config.list_command.empty() && config.list_file.empty()) {
    throw ConfigError("[acquire] has neither list_command nor list_file: what does the observatory have?");
  }
  if (config.directory.empty()) throw ConfigError("acquire.directory is empty: where should the files go?");
}

std::string text_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw ConfigError(fmt::format("acquire.list_file: {} cannot be read", path));
  return text;
}

std::string list_text(const Config& config) {
  const AcquireConfig& acquire = config.acquire;
  if (acquire.list_command.empty()) return text_of_file(acquire.list_file);
  const std::vector<std::string> words = split_command(acquire.list_command);
  if (words.empty()) throw ConfigError("acquire.list_command holds no word");
  IoConfig pauses = config.io;
  pauses.open_retries = acquire.retries;
  pauses.retry_delay_s = acquire.retry_delay_s;
  std::string text;
  with_retries(pauses, "acquire.list_command",
               [&] { text = output_of(words, acquire.timeout_s, true, mpi::stop_requested); });
  return text;
}

// ---- what is done

struct Settled {
  ListedFile file;
  std::string status, path, reason;
  std::int64_t n_bytes = 0;
  std::int64_t n_tries = 0;
  double elapsed_s = 0.0;
};

/// Fetches, registers, and remembers what became of each file.
class Acquisition {
 public:
  Acquisition(const AcquireConfig& config, Catalogue& catalogue)
      : config_(config), catalogue_(catalogue), landing_(config, make_probe(ProbeDepth::headers)) {}

  /// Returns the number of files that a signal left undone.
  std::int64_t run(const std::vector<PlannedFile>& plan) {
    std::vector<ListedFile> missing;
    for (const PlannedFile& planned : plan) {
      if (!planned.is_wanted) continue;
      if (std::filesystem::exists(landing_.final_path(planned.file))) {
        settle({planned.file, "", 0, 0.0}, "registered", [&] { return found_file(planned.file); });
      } else {
        missing.push_back(planned.file);
      }
    }
    const auto arrived = [&](const FetchOutcome& outcome) {
      settle(outcome, "fetched", [&] {
        if (!outcome.error.empty()) throw IoError(outcome.error);
        return landing_.take_in(outcome.file);
      });
    };
    return fetch_files(config_, landing_, missing, arrived, mpi::stop_requested);
  }

  const std::vector<Settled>& settled() const { return settled_; }
  bool has_failures() const {
    return std::ranges::any_of(settled_, [](const Settled& one) { return one.status == "failed"; });
  }

 private:
  FileFinding found_file(const ListedFile& file) const {
    try {
      return landing_.checked(landing_.final_path(file), file.obsid);
    } catch (const ObservationError& error) {
      throw ObservationError(fmt::format("{}; it was there before: move it away to fetch it", error.what()));
    }
  }

  template <typename Take>
  void settle(const FetchOutcome& outcome, const std::string& status, Take take) {
    Settled one = {outcome.file, status, "", "", 0, outcome.n_tries, outcome.elapsed_s};
    try {
      const FileFinding finding = take();
      one.path = finding.path;
      one.n_bytes = static_cast<std::int64_t>(std::filesystem::file_size(finding.path));
      register_file(finding);
      log_info("obsid {}: {} {}, {:.1f} MB in {:.1f} s", one.file.obsid, status, one.path,
               static_cast<double>(one.n_bytes) / kBytesPerMB, one.elapsed_s);
    } catch (const CatalogueError&) {
      throw;  // no file can be registered; those that are in place will be by the next run
    } catch (const std::exception& error) {
      one.status = "failed";
      one.reason = error.what();
      log_error("obsid {}: {}", one.file.obsid, one.reason);
    }
    settled_.push_back(std::move(one));
  }

  void register_file(const FileFinding& finding) {
    for (const std::string& remark : finding.remarks) log_warning("{}: {}", finding.path, remark);
    catalogue_.upsert_observations({finding.row}, false);
    catalogue_.upsert_observations({{{"obsid", finding.obsid}, {"level1_path", finding.path}}}, true);
  }

  const AcquireConfig& config_;
  Catalogue& catalogue_;
  Landing landing_;
  std::vector<Settled> settled_;
};

// ---- tables

std::int64_t count_of(const std::vector<Settled>& settled, const std::string& status) {
  return std::ranges::count(settled, status, &Settled::status);
}

OutputTable bad_line_table(const ObservatoryList& list) {
  OutputTable table = {"bad_lines", {"line", "reason"}, {}};
  for (const BadLine& bad : list.bad_lines) table.rows.push_back({std::int64_t{bad.line}, bad.reason});
  return table;
}

std::vector<OutputTable> plan_tables(const ObservatoryList& list, const std::vector<PlannedFile>& plan,
                                     const std::string& directory) {
  OutputTable table = {"acquire", {"obsid", "target", "action", "reason", "path"}, {}};
  for (const PlannedFile& planned : plan) {
    const auto place = std::filesystem::path(directory) / file_name_of(planned.file);
    const std::string action = !planned.is_wanted               ? "left out"
                               : std::filesystem::exists(place) ? "would be registered"
                                                                : "would be fetched";
    table.rows.push_back({planned.file.obsid, planned.file.target, action, planned.reason, planned.file.path});
  }
  return {table, bad_line_table(list)};
}

std::vector<OutputTable> end_tables(const ObservatoryList& list, const std::vector<PlannedFile>& plan,
                                    const std::vector<Settled>& settled, std::int64_t n_left) {
  const auto n_out = std::ranges::count_if(plan, [](const PlannedFile& planned) { return !planned.is_wanted; });
  std::int64_t n_bytes = 0;
  OutputTable files = {"files", {"obsid", "status", "path", "bytes", "seconds", "tries", "reason"}, {}};
  for (const Settled& one : settled) {
    if (one.status == "fetched") n_bytes += one.n_bytes;
    files.rows.push_back({one.file.obsid, one.status, one.path, one.n_bytes, one.elapsed_s, one.n_tries, one.reason});
  }
  OutputTable counts = {"acquire", {"what", "count"}, {}};
  counts.rows = {{"lines of the list", static_cast<std::int64_t>(plan.size() + list.bad_lines.size())},
                 {"bad lines", static_cast<std::int64_t>(list.bad_lines.size())},
                 {"left out (--dry-run says why)", std::int64_t{n_out}},
                 {"fetched", count_of(settled, "fetched")},
                 {"already there, registered", count_of(settled, "registered")},
                 {"failed", count_of(settled, "failed")},
                 {"left undone", n_left},
                 {"bytes fetched", n_bytes}};
  return {counts, files, bad_line_table(list)};
}

void write_summary(const std::vector<OutputTable>& tables, const LogConfig& config) {
  const auto path = std::filesystem::path(config.directory) / "acquire_summary.json";
  std::ostringstream text;
  print_tables(text, tables, OutputFormat::json);
  std::filesystem::create_directories(path.parent_path());
  write_text_file(path.string(), text.str());
}

// ---- the command

/// A dry run may meet a catalogue that has not been created.
bool has_observations(Catalogue& catalogue) {
  return std::ranges::count(catalogue.missing_tables(), "comap_data") == 0;
}

int acquire(const CommandContext& context, const AcquireOptions& options) {
  const AcquireConfig& config = context.config.acquire;
  const OutputFormat format = parse_output_format(options.format);
  check_settings(config);
  Catalogue catalogue(context.config.catalogue, CatalogueUse::create);
  if (!has_observations(catalogue)) {
    log_warning("catalogue {} is new: everything that the observatory has counts as missing here; is its url right?",
                catalogue.description());
  }
  if (!context.options.dry_run && !catalogue.missing_tables().empty()) catalogue.initialize();
  const ObservatoryList list = parse_observatory_list(list_text(context.config));
  for (const BadLine& bad : list.bad_lines) log_warning("line {} of the list: {}", bad.line, bad.reason);
  const auto known = has_observations(catalogue) ? catalogue.select({}) : std::vector<Observation>();
  const auto plan = plan_acquisition(list.files, known, {config.min_obsid, context.options.obsids, options.fetch_lost});
  if (context.options.dry_run) {
    print_tables(std::cout, plan_tables(list, plan, config.directory), format);
    std::cout.flush();
    return kDone;
  }
  if (mpi::stop_requested()) return kStopped;
  Acquisition acquisition(config, catalogue);
  const std::int64_t n_left = acquisition.run(plan);
  const auto tables = end_tables(list, plan, acquisition.settled(), n_left);
  print_tables(std::cout, tables, format);
  std::cout.flush();
  write_summary(tables, context.config.log);
  if (n_left > 0) {
    log_warning("stopped by a signal: {} files are left; the same command goes on with what they have", n_left);
    return kStopped;
  }
  return acquisition.has_failures() ? kSomeFailed : kDone;
}

int run_acquire(const CommandContext& context, const AcquireOptions& options) {
  const mpi::StopSignals signals;
  std::int64_t code = kDone;
  mpi::run_long_on_rank_zero(context.world, [&] { code = acquire(context, options); });
  return static_cast<int>(context.world.sum(code));
}

}  // namespace

void add_acquire_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  const auto own = std::make_shared<AcquireOptions>();
  CLI::App* app = add_leaf_command(
      program, commands, "acquire", "Fetch what the observatory has and the catalogue has not, with rsync",
      "comap_mpi acquire comap.toml --dry-run",
      [own](const CommandContext& context) { return run_acquire(context, *own); }, options);
  app->add_option("--format", own->format, kOutputFormats)->capture_default_str();
  app->add_flag("--lost", own->fetch_lost, "Also files whose registered directory is gone");
}

}  // namespace comap
