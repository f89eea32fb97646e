#include <fmt/format.h>

#include "command.hpp"
#include "core/log.hpp"
#include "simulate/simulate_observations.hpp"
#include "sky/coordinates.hpp"

namespace comap {
namespace {

/// The observer of map making, so that both see the same sky.
Observer simulated_observer(const MapmakeConfig& mapmake) {
  return {mapmake.site, mapmake.refraction,
          mapmake.eop_file.empty() ? EarthOrientationTable::built_in()
                                   : EarthOrientationTable::with_file(mapmake.eop_file)};
}

std::string pattern_text(simulate::ScanPattern pattern) {
  switch (pattern) {
    case simulate::ScanPattern::raster:
      return "raster";
    case simulate::ScanPattern::constant_elevation:
      return "ces";
    case simulate::ScanPattern::lissajous:
      return "lissajous";
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
  const Observer observer = simulated_observer(context.config.mapmake);
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

}  // namespace

void add_simulate_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  add_leaf_command(program, commands, "simulate",
                   "Makes Level-1 files of a known sky, with the truth beside them (docs/simulate.md)",
                   "comap_mpi simulate quickstart.toml --set simulate.n_observations=5", run_simulate, options);
  commands.back().needs_config = false;
}

}  // namespace comap
