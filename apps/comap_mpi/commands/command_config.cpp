#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <memory>

#include "command.hpp"
#include "config/config_parser.hpp"
#include "config/cross_checks.hpp"
#include "core/error.hpp"
#include "core/rank_zero.hpp"
#include "io/map/product_config.hpp"
#include "map/plan/fixed_grid.hpp"

namespace comap {
namespace {

constexpr auto kProductEndings = std::to_array<std::string_view>({".fits", ".hd5", ".h5", ".hdf5"});

CLI::Validator product_name() {
  const auto check = [](const std::string& text) {
    const bool is_product =
        std::ranges::any_of(kProductEndings, [&](std::string_view ending) { return text.ends_with(ending); });
    return is_product ? std::string() : fmt::format("'{}' is neither a configuration (.toml) nor a product", text);
  };
  return {check, "", "PRODUCT"};
}

std::string config_of(const std::string& product) {
  if (const auto text = product_config(product)) return *text;
  throw IoError(fmt::format("{}: neither FITS nor HDF5", product));
}

int show(const CommandContext& context, const std::string& product) {
  run_on_rank_zero(context.world,
                   [&] { fmt::print("{}", product.empty() ? context.config_text : config_of(product)); });
  return kDone;
}

/// The configuration has been read and checked before any command runs; the grid as WCSLIB takes it, and its size, are
/// left.
int check(const CommandContext& context) {
  if (const auto definition = fixed_grid(context.config.mapmake)) {
    const MapGrid grid(*definition);
    check_grid_memory(grid.definition());
  }
  if (context.world.rank() == 0 && !context.options.quiet) {
    fmt::print("the configuration is valid ({} warnings)\n", config_warnings(context.config).size());
  }
  return kDone;
}

}  // namespace

void add_config_command(CLI::App& program, Commands& commands, GlobalOptions& options) {
  CLI::App* config = add_group(program, "config", "Show or check a configuration");
  config->footer("Example:\n  comap_mpi config check mapmake.toml");
  const auto product = std::make_shared<std::string>();
  CLI::App* app = add_leaf_command(
      *config, commands, "show",
      "Print the effective configuration, with defaults, meanings and units; or that of a product, as it was",
      "comap_mpi config show my.toml --set mapmake.bands=all > full.toml\n"
      "  comap_mpi config show maps/map_band0.fits > again.toml",
      [product](const CommandContext& context) { return show(context, *product); }, options);
  commands.back().needs_config = false;
  commands.back().writes_log = false;
  commands.back().needs_mpi = false;
  app->add_option("PRODUCT", *product, "A map, a cube or a Level-2 file")->check(product_name())->type_name("");
  add_leaf_command(*config, commands, "check", "Report all errors of a configuration at once",
                   "comap_mpi config check my.toml", check, options);
  commands.back().writes_log = false;
  commands.back().needs_mpi = false;
}

}  // namespace comap
