#include <fmt/format.h>

#include <memory>

#include "command.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "inject/inject_sky.hpp"
#include "probe.hpp"
#include "simulate/simulate_observations.hpp"
#include "sky/coordinates.hpp"
#include "whole_number.hpp"

namespace comap {
namespace {

std::string pattern_text(simulate::ScanPattern pattern) {
  switch (pattern) {
    case simulate::ScanPattern::raster:
      return "raster";
    case simulate::ScanPattern::constant_elevation:
      return "ces";
    case simulate::ScanPattern::lissajous:
      return "lissajous";
    case simulate::ScanPattern::sky_dip:
      return "sky_dip";
  }
  return "";
}

void print_plans(const SimulateConfig& config, const Observer& observer) {
  fmt::print("{:>8} {:<12} {:<10} {:>6} {:<20} {:>9} {:>9}  {}\n", "obsid", "source", "scans", "HA/h", "start (UTC)",
             "samples", "MB", "file");
  for (const simulate::ObservationPlan& plan : simulate::plan_observations(config, observer)) {
    const bool there = !config.overwrite && simulate::is_up_to_date(config, plan);
    fmt::print("{:>8} {:<12} {:<10} {:>6.2f} {:<20} {:>9} {:>9.1f}  {}{}\n", plan.obsid, plan.source,
               pattern_text(plan.pattern), plan.hour_angle_h, simulate::start_text(plan), plan.timeline.n_samples,
               static_cast<double>(plan.file_bytes) / 1e6, simulate::observation_files(config, plan).level1,
               there ? " (is there)" : "");
  }
}

int run_simulate(const CommandContext& context) {
  const Observer observer = map_observer(context.config.mapmake);
  if (context.options.dry_run) {
    if (context.world.rank() == 0) print_plans(context.config.simulate, observer);
    return kDone;
  }
  const simulate::SimulateSummary summary =
      simulate::simulate_observations(context.config.simulate, observer, context.world);
  if (context.world.rank() == 0) {
    log_info("simulate: {} written, {} kept, {} failed; {:.0f} MB of TOD in {:.1f} s, {:.0f} MB/s on {} ranks",
             summary.n_written, summary.n_kept, summary.n_failed, summary.written_MB, summary.slowest_rank_s,
             summary.slowest_rank_s > 0.0 ? summary.written_MB / summary.slowest_rank_s : 0.0, context.world.size());
  }
  return summary.n_failed == 0 ? kDone : kSomeFailed;
}

/// --inject-into and what belongs to it.
struct InjectOptions {
  std::string file;
  std::int64_t obsid = 0;
};

int run_injection(const CommandContext& context, const InjectOptions& own) {
  run_on_rank_zero(context.world, [&] {
    if (own.file.empty() || own.obsid == 0) {
      throw ConfigError("simulate: --inject-into FILE and --as-obsid N go together: N is the obsid of the copy");
    }
    const InjectionRequest request{own.file, own.obsid};
    require_harmless(own.file, ProbeDepth::contents);
    if (context.options.dry_run) {
      fmt::print("{} would be copied to {} and the sky of [simulate] added\n", own.file,
                 injection_files(context.config.simulate, request).level1);
      return;
    }
    const InjectionSummary summary = inject_sky(context.config, map_observer(context.config.mapmake), request);
    if (summary.brightest_K == 0.0) {
      log_warning("{}: the telescope never looked at the sky of [simulate]: nothing was added", own.file);
    }
    log_info("simulate: {} is {} with a sky of up to {:.4g} K at 30 GHz; {:.0f} MB of TOD changed; truth {}",
             summary.files.level1, own.file, summary.brightest_K, summary.tod_MB, summary.files.truth);
  });
  return kDone;
}

}  // namespace

void add_simulate_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  const auto inject = std::make_shared<InjectOptions>();
  const auto run = [inject](const CommandContext& context) {
    const bool injects = !inject->file.empty() || inject->obsid != 0;
    return injects ? run_injection(context, *inject) : run_simulate(context);
  };
  CLI::App* app = add_leaf_command(program, commands, "simulate",
                                   "Makes Level-1 files of a known sky, with the truth beside them (docs/simulate.md)",
                                   "comap_mpi simulate quickstart.toml --set simulate.n_observations=5", run, options);
  app->add_option("--inject-into", inject->file,
                  "Copy this Level-1 file and add the sky of [simulate] to the copy, instead of making files")
      ->type_name("FILE");
  app->add_option("--as-obsid", inject->obsid, "Obsid of the copy")
      ->transform(whole_number())
      ->check(CLI::Range(1, 9999999))
      ->type_name("N");
  commands.back().needs_config = false;
}

}  // namespace comap
