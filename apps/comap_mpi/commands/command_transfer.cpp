#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "catalogue/catalogue.hpp"
#include "command.hpp"
#include "config/config_parser.hpp"
#include "config/wcs_definitions.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "io/map/map_reader.hpp"
#include "io/output_directory.hpp"
#include "map/map_job.hpp"
#include "map_selection.hpp"
#include "probe.hpp"
#include "reduce_files.hpp"
#include "stages/stage.hpp"
#include "stages/stage_list.hpp"
#include "transfer/injected_copies.hpp"
#include "transfer/transfer_of_maps.hpp"
#include "transfer/transfer_report.hpp"
#include "whole_number.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

struct TransferOptions {
  std::string work_dir = "transfer";
  int n_realisations = 1;
  double rms_K = 0.002;
};

/// The same observations once as they are or once with a sky in them, reduced and mapped.
struct Variant {
  std::string directory;
  Config config;       ///< with the output directories of this variant
  ReducedFiles files;  ///< the same on every rank
  MapJobResult maps;   ///< paths on rank 0 only
};

Variant make_variant(const CommandContext& context, const std::string& directory) {
  Variant variant{directory, context.config, {}, {}};
  variant.config.level2.output_dir = (fs::path(directory) / "level2").string();
  MapmakeConfig& mapmake = variant.config.mapmake;
  mapmake.output_dir = (fs::path(directory) / "maps").string();
  mapmake.format = "fits";
  mapmake.split = {"none"};
  mapmake.calibration = "none";  // a gain would be in the recovered sky and not in the injected one
  return variant;
}

/// Level-1 of the selected observations with their flags; the catalogue is only read. Sky dips have no map.
std::vector<MapObservation> selected_observations(const CommandContext& context) {
  return from_rank_zero(context.world, [&] {
    std::vector<MapObservation> selected = observations_of_catalogue(context.config);
    std::erase_if(selected, [](const MapObservation& one) {
      return one.observation.level1_path.empty() || one.observation.source_group == kSkyDipGroup;
    });
    if (selected.empty()) {
      throw ConfigError(fmt::format("no observation of {} with a Level-1 file matches [select]",
                                    Catalogue(context.config.catalogue, CatalogueUse::look).description()));
    }
    return selected;
  });
}

/// Those whose Level-1 file may be opened.
std::vector<MapObservation> without_deadly(const CommandContext& context, std::vector<MapObservation> selected) {
  run_on_rank_zero(context.world, [&] { require_harmless(context.config.mapmake.planck_map, ProbeDepth::sky_map); });
  const auto deadly = deadly_files(context.world, paths_of(selected, &Observation::level1_path), ProbeDepth::contents);
  for (const auto& [path, reason] : deadly) {
    if (context.world.rank() == 0) log_error("{}: {}; the observation is left out", path, reason);
  }
  std::erase_if(selected, [&](const MapObservation& one) { return deadly.contains(one.observation.level1_path); });
  if (selected.empty()) throw ObservationError("transfer: no Level-1 file can be read");
  return selected;
}

/// Those whose Level-2 file is complete in every variant.
std::vector<MapObservation> common_observations(const std::vector<MapObservation>& selected,
                                                const std::vector<Variant>& variants) {
  std::vector<MapObservation> common;
  std::ranges::copy_if(selected, std::back_inserter(common), [&](const MapObservation& observation) {
    return std::ranges::all_of(
        variants, [&](const Variant& variant) { return variant.files.level2.contains(observation.observation.obsid); });
  });
  return common;
}

std::vector<MapObservation> with_paths(std::vector<MapObservation> observations,
                                       const std::map<std::int64_t, std::string>& level2) {
  for (MapObservation& observation : observations) {
    observation.observation.level2_path = level2.at(observation.observation.obsid);
  }
  return observations;
}

void make_maps(const CommandContext& context, const std::vector<MapObservation>& observations, Variant& variant) {
  variant.maps = run_map_job(variant.config.mapmake, variant.config.io, with_paths(observations, variant.files.level2),
                             config_of_product(variant.config, Product::map, all_stages()), context.world);
}

/// The grid of the first map, on every rank.
WcsDefinition grid_of(const CommandContext& context, const Variant& variant) {
  return from_rank_zero(context.world, [&] {
    const auto made =
        std::ranges::find_if(variant.maps.bands, [](const BandResult& band) { return !band.paths.fits.empty(); });
    if (made == variant.maps.bands.end()) {
      throw ObservationError("no map could be made; run mapmake on these observations to see why");
    }
    return read_map(made->paths.fits).wcs;
  });
}

/// Rank 0 only.
TransferFunction compare_band(const CommandContext& context, const std::vector<Variant>& variants, std::size_t band,
                              const Wcs& wcs, const InjectedMap& injected) {
  MapFiles files;
  for (const Variant& variant : variants) files.injected.push_back(variant.maps.bands[band].paths.fits);
  files.original = files.injected.front();
  files.injected.erase(files.injected.begin());
  const SimulateConfig& sky = context.config.simulate;
  return transfer_of_maps(files, injected, wcs, sky.beam_fwhm_arcmin, sky.random_size_deg);
}

/// An amplitude that changes what is cut makes the answer depend on the amplitude.
void warn_of_cuts(const std::vector<Variant>& variants) {
  const SelectionReport& without = variants.front().maps.selection;
  for (std::size_t i = 1; i < variants.size(); ++i) {
    const SelectionReport& with = variants[i].maps.selection;
    if (with.n_scans == without.n_scans) continue;
    log_warning("{}: {} scans used instead of {}: the injected sky changes what is cut; lower --rms-K",
                variants[i].directory, with.n_scans, without.n_scans);
  }
}

std::vector<simulate::SkyModel> skies_of(const std::vector<Variant>& variants) {
  std::vector<simulate::SkyModel> skies;
  for (std::size_t i = 1; i < variants.size(); ++i) skies.push_back(simulate::field_sky(variants[i].config.simulate));
  return skies;
}

/// Maps of all variants on the grid of the first, and their comparison band by band.
TransferReport measure(const CommandContext& context, const TransferOptions& options,
                       const std::vector<MapObservation>& common, std::vector<Variant>& variants) {
  TransferReport report{options.rms_K, context.config.simulate.random_slope, options.n_realisations, {}, {}};
  for (const MapObservation& observation : common) report.obsids.push_back(observation.observation.obsid);
  make_maps(context, common, variants.front());
  const WcsDefinition grid = grid_of(context, variants.front());
  for (std::size_t i = 1; i < variants.size(); ++i) {
    variants[i].config.mapmake.wcs = "inline";
    variants[i].config.mapmake.wcs_inline = grid;
    make_maps(context, common, variants[i]);
  }
  if (context.world.rank() == 0) warn_of_cuts(variants);
  const std::vector<MapObservation> originals = with_paths(common, variants.front().files.level2);
  const Wcs wcs(grid);
  const std::vector<simulate::SkyModel> skies = skies_of(variants);
  for (std::size_t band = 0; band < context.config.mapmake.bands.size(); ++band) {
    const auto is_empty = [&](const Variant& variant) {
      return band >= variant.maps.bands.size() || variant.maps.bands[band].n_samples == 0;
    };
    if (std::ranges::any_of(variants, is_empty)) continue;
    const int frequency_band = context.config.mapmake.bands[band];
    const InjectedMap injected = bin_injected_sky(variants.front().config.mapmake, context.config.io, originals, wcs,
                                                  frequency_band, skies, context.world);
    run_on_rank_zero(context.world, [&] {
      report.bands.push_back({frequency_band, compare_band(context, variants, band, wcs, injected)});
    });
  }
  return report;
}

int show_dry_run(const CommandContext& context, const TransferOptions& options,
                 const std::vector<MapObservation>& selected) {
  if (context.world.rank() != 0) return kDone;
  std::uintmax_t bytes = 0;
  for (const MapObservation& observation : selected) {
    std::error_code error;
    const auto size = fs::file_size(observation.observation.level1_path, error);
    bytes += error ? 0 : size;
    fmt::print("{}\t{}\n", observation.observation.obsid, observation.observation.level1_path);
  }
  fmt::print("{} observations would be copied {} times into {} ({:.0f} MB), reduced {} times and mapped\n",
             selected.size(), options.n_realisations, options.work_dir,
             static_cast<double>(bytes) * options.n_realisations / 1e6, options.n_realisations + 1);
  return kDone;
}

/// Level-2 of the originals and of every realisation. Returns true when stopped by a signal.
bool reduce_all(const CommandContext& context, const TransferOptions& options,
                const std::vector<MapObservation>& selected, std::vector<Variant>& variants) {
  std::vector<Observation> originals;
  for (const MapObservation& observation : selected) originals.push_back(observation.observation);
  const auto centre = from_rank_zero(context.world, [&] {
    return mean_direction(map_observer(context.config.mapmake), originals.front().level1_path);
  });
  variants.push_back(make_variant(context, (fs::path(options.work_dir) / "original").string()));
  variants.back().files = reduce_files(context, variants.back().config, originals);
  if (variants.back().files.stopped) return true;
  for (int realisation = 1; realisation <= options.n_realisations; ++realisation) {
    const std::string directory = (fs::path(options.work_dir) / fmt::format("injected_{}", realisation)).string();
    Variant& variant = variants.emplace_back(make_variant(context, directory));
    variant.config.simulate = injection_config(context.config, options.rms_K, realisation, centre, directory).simulate;
    const std::vector<Observation> copies = make_injected_copies(variant.config, directory, originals, context.world);
    variant.files = reduce_files(context, variant.config, copies);
    if (variant.files.stopped) return true;
  }
  return false;
}

int run_transfer(const CommandContext& context, const TransferOptions& options) {
  if (is_healpix(context.config.mapmake)) {
    throw ConfigError("transfer: [mapmake] wcs = \"healpix\": a flat grid is needed; use \"dynamic\" or a name");
  }
  const std::vector<MapObservation> selected = selected_observations(context);
  if (context.options.dry_run) return show_dry_run(context, options, selected);
  const std::vector<MapObservation> harmless = without_deadly(context, selected);
  run_on_rank_zero(context.world, [&] { prepare_output_directory(options.work_dir); });
  std::vector<Variant> variants;
  if (reduce_all(context, options, harmless, variants)) return kStopped;
  const std::vector<MapObservation> common = common_observations(harmless, variants);
  if (common.empty()) throw ObservationError("transfer: no observation could be copied and reduced");
  const TransferReport report = measure(context, options, common, variants);
  run_on_rank_zero(context.world, [&] {
    const std::string stem = (fs::path(options.work_dir) / "transfer").string();
    write_report(report, config_of_product(context.config, Product::transfer, all_stages()), stem);
    if (!context.options.quiet) fmt::print("{}", table_of(report));
    std::fflush(stdout);
    log_info("{}.tsv, {}.json, {}.png", stem, stem, stem);
  });
  const auto has_bad_files = [](const Variant& variant) { return variant.maps.selection.n_bad_files() > 0; };
  const bool complete = common.size() == selected.size() && std::ranges::none_of(variants, has_bad_files);
  return complete ? kDone : kSomeFailed;
}

}  // namespace

void add_transfer_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  const auto own = std::make_shared<TransferOptions>();
  CLI::App* app = add_leaf_command(
      program, commands, "transfer",
      "What level2 and mapmake leave of a sky, against angular scale: a random sky is added to copies of the selected "
      "Level-1 files (docs/transfer.md)",
      "srun comap_mpi transfer comap.toml --obsid 31001 31002 --realisations 4",
      [own](const CommandContext& context) { return run_transfer(context, *own); }, options);
  app->add_option("--work-dir", own->work_dir,
                  "Where copies, their Level-2 files and maps, and the result go; a second run with other settings "
                  "keeps what is still valid there")
      ->type_name("DIR")
      ->capture_default_str();
  app->add_option("--realisations", own->n_realisations, "Number of random skies")
      ->transform(whole_number())
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  app->add_option("--rms-K", own->rms_K,
                  "Brightness of the random sky at 30 GHz; its other settings are [simulate] "
                  "random_*, sky_seed and beam_fwhm_arcmin")
      ->check(decimal_number())
      ->check(CLI::PositiveNumber)
      ->type_name("K")
      ->capture_default_str();
}

}  // namespace comap
