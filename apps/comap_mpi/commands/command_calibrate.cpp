#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <iostream>
#include <map>
#include <memory>

#include "calibrate/flux_models.hpp"
#include "calibrate/gain_models.hpp"
#include "catalogue/catalogue.hpp"
#include "command.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "io/plot/line_plot.hpp"
#include "table_output.hpp"

namespace comap {
namespace {

constexpr int kSubBands = 2;  // of a band, in calibration_flux

struct CalibrateOptions {
  std::string format = "table";
  std::string plot;  ///< PNG; empty = none
};

std::string now_utc() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

OutputTable counts_table(const GainFits& fits) {
  OutputTable table = {"measurements", {"outcome", "count"}, {}};
  for (std::size_t cut = 0; cut < kGainCuts; ++cut) {
    if (cut > 0 && fits.counts[cut] == 0) continue;
    const std::string outcome = (cut == 0 ? "" : "cut: ") + std::string(cut_text(static_cast<GainCut>(cut)));
    table.rows.push_back({outcome, fits.counts[cut]});
  }
  return table;
}

OutputTable models_table(const GainFits& fits) {
  struct Tally {
    std::int64_t n_rows = 0, n_kept = 0;
    double first_mjd = 0.0, last_mjd = 0.0;
  };
  std::map<std::tuple<int, int, int>, Tally> tallies;
  for (const GainMeasurement& one : fits.measurements) {
    Tally& tally = tallies[{one.flux.feed, one.flux.band, one.flux.channel}];
    ++tally.n_rows;
    if (one.cut != GainCut::none) continue;
    tally.first_mjd = tally.n_kept == 0 ? one.flux.mjd : std::min(tally.first_mjd, one.flux.mjd);
    tally.last_mjd = tally.n_kept == 0 ? one.flux.mjd : std::max(tally.last_mjd, one.flux.mjd);
    ++tally.n_kept;
  }
  OutputTable table = {
      "calibration_model_fit", {"feed", "band", "channel", "rows", "kept", "gain_first", "gain_last", "fit_rms"}, {}};
  for (const auto& entry : tallies) {
    const auto& [feed, band, channel] = entry.first;
    const Tally& tally = entry.second;
    std::vector<SqlValue> row = {std::int64_t{feed}, std::int64_t{band}, std::int64_t{channel},
                                 tally.n_rows,       tally.n_kept,       SqlValue{},
                                 SqlValue{},         SqlValue{}};
    const auto model = std::ranges::find_if(fits.models, [&](const CalibrationModel& one) {
      return std::tuple(one.feed, one.band, one.channel) == entry.first;
    });
    if (model != fits.models.end()) {
      row[5] = fmt::format("{:.4f}", gain_ratio_at(*model, tally.first_mjd));
      row[6] = fmt::format("{:.4f}", gain_ratio_at(*model, tally.last_mjd));
      row[7] = fmt::format("{:.4f}", model->fit_rms);
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// Adds the used measurements of one feed against the days since `first_mjd` and, as a line, its model; nothing without
/// measurements.
void add_curves(const GainFits& fits, int feed, int frequency_band, double first_mjd, CurvePanel& panel) {
  constexpr int kSteps = 200;
  const auto is_wanted = [&](const auto& row) {
    return row.feed == feed && row.band * kSubBands + row.channel == frequency_band;
  };
  Curve measured{fmt::format("feed {}", feed), {}, {}, CurveStyle::points, feed - 1};
  for (const GainMeasurement& one : fits.measurements) {
    if (one.cut != GainCut::none || !is_wanted(one.flux)) continue;
    measured.x.push_back(one.flux.mjd - first_mjd);
    measured.y.push_back(one.gain_ratio);
  }
  if (measured.x.empty()) return;
  const auto model = std::ranges::find_if(fits.models, is_wanted);
  if (model != fits.models.end()) {
    Curve line{"", {}, {}, CurveStyle::line, feed - 1};
    const auto [first, last] = std::ranges::minmax(measured.x);
    for (int step = 0; step <= kSteps; ++step) {
      line.x.push_back(first + (last - first) * step / kSteps);
      line.y.push_back(gain_ratio_at(*model, first_mjd + line.x.back()));
    }
    panel.curves.push_back(std::move(line));
  }
  panel.curves.push_back(std::move(measured));
}

void plot(const GainFits& fits, const std::string& source, const std::string& png_path) {
  constexpr int kColumns = 4;
  const auto mjd_of = [](const GainMeasurement& one) { return one.flux.mjd; };
  const double first_mjd = std::floor(mjd_of(*std::ranges::min_element(fits.measurements, {}, mjd_of)));
  std::vector<CurvePanel> panels;
  for (int band = 0; band < kFrequencyBands; ++band) {
    CurvePanel panel{fmt::format("band {} channel {}", band / kSubBands, band % kSubBands),
                     fmt::format("MJD - {:.0f}", first_mjd),
                     "measured / model flux",
                     false,
                     false,
                     {}};
    for (int feed = 1; feed <= kScienceFeeds; ++feed) add_curves(fits, feed, band, first_mjd, panel);
    panels.push_back(std::move(panel));
  }
  try {
    write_line_plot(png_path, "Gain ratio from " + source, panels, kColumns);
    log_info("calibrate: picture {}", png_path);
  } catch (const IoError& error) {
    log_warning("{}", error.what());
  }
}

/// The message to the user when there is nothing to do, else empty.
std::string nothing_to_fit(const CalibrateConfig& config, const GainFits& fits) {
  if (fits.measurements.empty()) {
    return fmt::format(
        "the catalogue has no flux of {} in the selected observations; run level2 with calibrator_fit on "
        "observations of it, or correct [select] and [calibrate] source",
        config.source);
  }
  if (fits.models.empty()) {
    return fmt::format(
        "no element has min_observations = {} usable measurements of {}; the models in the catalogue "
        "stay as they are",
        config.min_observations, config.source);
  }
  return "";
}

int calibrate_on_rank_zero(const CommandContext& context, const CalibrateOptions& own) {
  const OutputFormat format = parse_output_format(own.format);
  const CalibrateConfig& config = context.config.calibrate;
  if (!has_flux_model(config.source)) source_flux_Jy(config.source, 1.0, 0.0);
  Catalogue catalogue(context.config.catalogue, use_of_catalogue(context));
  const GainFits fits =
      fit_gains(config, catalogue.calibration_fluxes(config.source, context.config.select), now_utc());
  if (!context.options.quiet && !fits.measurements.empty()) {
    print_tables(std::cout, {counts_table(fits), models_table(fits)}, format);
    std::cout.flush();
  }
  if (!own.plot.empty() && !fits.measurements.empty()) plot(fits, config.source, own.plot);
  if (const std::string problem = nothing_to_fit(config, fits); !problem.empty()) {
    log_warning("calibrate: {}", problem);
    return kSomeFailed;
  }
  if (context.options.dry_run) {
    log_info("calibrate: dry run, {} models not written", fits.models.size());
    return kDone;
  }
  catalogue.write_calibration_models(fits.models);
  log_info("calibrate: {} models of {} written to {}", fits.models.size(), config.source, catalogue.description());
  return kDone;
}

int calibrate(const CommandContext& context, const CalibrateOptions& own) {
  std::int64_t code = kDone;
  run_on_rank_zero(context.world, [&] { code = calibrate_on_rank_zero(context, own); });
  return static_cast<int>(context.world.sum(context.world.rank() == 0 ? code : std::int64_t{0}));
}

}  // namespace

void add_calibrate_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  const auto own = std::make_shared<CalibrateOptions>();
  CLI::App* app = add_leaf_command(
      program, commands, "calibrate", "Fit gain models to the fluxes measured of a calibrator",
      "comap_mpi calibrate comap.toml --set calibrate.source=CasA --plot gains.png --dry-run",
      [own](const CommandContext& context) { return calibrate(context, *own); }, options);
  app->add_option("--format", own->format, kOutputFormats)->capture_default_str();
  app->add_option("--plot", own->plot, "Draw gain ratio against time for every band")->type_name("PNG");
}

}  // namespace comap
