#include <fmt/core.h>

#include <filesystem>
#include <memory>

#include "catalogue/catalogue.hpp"
#include "command.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/rank_zero.hpp"
#include "io/hdf5/h5.hpp"
#include "io/level1/level1_identity.hpp"
#include "probe.hpp"
#include "report/observation_plots.hpp"
#include "whole_number.hpp"

namespace comap {
namespace {

struct ReportOptions {
  std::vector<std::string> files;
  std::string output_dir = "report";
  int frequency_band = 0;
};

/// Level-2 files of the selected observations; those without one are left out with a word in the log.
std::vector<std::string> selected_files(const CommandContext& context) {
  std::vector<std::string> files;
  for (const Observation& observation :
       Catalogue(context.config.catalogue, CatalogueUse::look).select(context.config.select)) {
    if (observation.level2_path.empty()) {
      log_warning("observation {} has no Level-2 file", observation.obsid);
    } else {
      files.push_back(observation.level2_path);
    }
  }
  return files;
}

/// Files get exchanged: a picture under the number of another observation would be believed.
void require_own_number(const std::string& path) {
  const auto attribute = h5::File::open_read(path).attribute("comap", "obsid");
  const std::int64_t stated = attribute ? h5::to_integer(*attribute).value_or(-1) : -1;
  const std::int64_t named = obsid_of_file_name(path);
  if (stated <= 0 || named <= 0 || stated == named) return;
  throw ObservationError(fmt::format("{}: is of obsid {}; run catalogue verify", path, stated));
}

int run_report(const CommandContext& context, const ReportOptions& options) {
  std::vector<std::string> files = options.files;
  if (files.empty()) run_on_rank_zero(context.world, [&] { files = selected_files(context); });
  files = share(context.world, files);
  std::int64_t n_failed = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (static_cast<int>(i % static_cast<std::size_t>(context.world.size())) != context.world.rank()) continue;
    const auto directory = std::filesystem::path(options.output_dir) / std::filesystem::path(files[i]).stem();
    try {
      if (context.options.dry_run) {
        fmt::print("would draw {} into {}\n", files[i], directory.string());
        continue;
      }
      require_harmless(files[i], ProbeDepth::contents);
      require_own_number(files[i]);
      for (const std::string& path :
           plot_observation(files[i], directory.string(), options.frequency_band, context.config.level2)) {
        fmt::print("{}\n", path);
      }
    } catch (const std::exception& error) {  // whatever it is: the other ranks wait in the sum below
      log_error("{}", error.what());
      ++n_failed;
    }
  }
  return context.world.sum(n_failed) > 0 ? kSomeFailed : kDone;
}

}  // namespace

void add_report_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  const auto own = std::make_shared<ReportOptions>();
  CLI::App* app = add_leaf_command(
      program, commands, "report",
      "Pictures of Level-2 files: calibration, noise, spectra, gain, data before and after",
      "comap_mpi report config.toml --obsid 30001 --output-dir report",
      [own](const CommandContext& context) { return run_report(context, *own); }, options);
  commands.back().needs_mpi = false;
  app->add_option("--file", own->files, "Level-2 files, instead of those of the selected observations");
  app->add_option("--output-dir", own->output_dir, "one directory for each observation is made there")
      ->capture_default_str();
  app->add_option("--band", own->frequency_band, "frequency_band shown where one is chosen")
      ->transform(whole_number())
      ->check(CLI::Range(0, 7))
      ->capture_default_str();
}

}  // namespace comap
