#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "config/config_parser.hpp"
#include "config/wcs_definitions.hpp"
#include "core/error.hpp"
#include "stages/stage_list.hpp"
#include "support/text_file.hpp"

namespace comap {
namespace {

constexpr double kArcminute_deg = 1.0 / 60.0;
const std::string kConfigs = COMAP_SOURCE_DIR "/configs";

TEST(DistributedConfigs, AllParse) {
  int n_parsed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kConfigs)) {
    if (entry.path().filename() == "wcs_definitions.toml") continue;
    ASSERT_EQ(entry.path().extension(), ".toml");
    EXPECT_NO_THROW(parse_config(read_text(entry.path()), entry.path(), {}, all_stages())) << entry.path();
    ++n_parsed;
  }
  EXPECT_GE(n_parsed, 5);
}

TEST(DistributedConfigs, QuickstartNeedsNoServerAndStaysInItsDirectory) {
  const Config config = parse_config(read_text(kConfigs + "/quickstart.toml"), "quickstart.toml", {}, all_stages());
  EXPECT_EQ(config.catalogue.url, "sqlite:demo/comap.db");
  for (const std::string& path :
       {config.log.directory, config.simulate.output_dir, config.level2.output_dir, config.mapmake.output_dir}) {
    EXPECT_TRUE(path.starts_with("demo/")) << path;
  }
  EXPECT_EQ(config.run.level1_dirs, std::vector<std::string>{config.simulate.output_dir});
}

TEST(WcsDefinitions, HoldTheGoldenGrid) {
  const auto definitions = read_wcs_definitions(kConfigs + "/wcs_definitions.toml");
  const WcsDefinition& golden = definitions.at("golden");
  EXPECT_EQ(golden.naxis, (std::array<std::int64_t, 2>{241, 211}));
  EXPECT_EQ(golden.crpix, (std::array<double, 2>{121.0, 106.0}));
  EXPECT_EQ(golden.crval_deg, (std::array<double, 2>{29.95, 0.0}));
  EXPECT_NEAR(golden.cdelt_deg[0], -kArcminute_deg, 1e-12);
  EXPECT_NEAR(golden.cdelt_deg[1], kArcminute_deg, 1e-12);
  EXPECT_EQ(golden.ctype, (std::array<std::string, 2>{"GLON-CAR", "GLAT-CAR"}));
}

// CAR grids are linear, so the latitude of the middle of the map follows from CRPIX2 alone.
TEST(WcsDefinitions, PlainCylindricalGridsAreCentredWhereTheySay) {
  const auto definitions = read_wcs_definitions(kConfigs + "/wcs_definitions.toml");
  const auto middle_deg = [&](const std::string& name) {
    const WcsDefinition& grid = definitions.at(name);
    return grid.crval_deg[1] + (0.5 * static_cast<double>(grid.naxis[1] + 1) - grid.crpix[1]) * grid.cdelt_deg[1];
  };
  EXPECT_NEAR(middle_deg("lambda_orionis"), -12.0, kArcminute_deg);
  EXPECT_NEAR(middle_deg("perseus"), -18.62, kArcminute_deg);
  for (const auto& [name, grid] : definitions) {
    if (grid.ctype[1].ends_with("-CAR")) {
      EXPECT_EQ(grid.crval_deg[1], 0.0) << name;
    }
  }
}

TEST(WcsDefinitions, NamesWhatIsWrong) {
  try {
    parse_wcs_definitions("[a]\nNAXIS = [1]\nCRPX = [1, 1]\n", "grids.toml");
    FAIL();
  } catch (const ConfigError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("grids.toml:2: a.NAXIS: expected two whole numbers"), std::string::npos) << text;
    EXPECT_NE(text.find("grids.toml:3: a.CRPX: unknown key; did you mean a.CRPIX?"), std::string::npos) << text;
    EXPECT_NE(text.find("grids.toml:1: a.CTYPE: is required"), std::string::npos) << text;
  }
}

TEST(WcsDefinitions, AreLookedUpWhenAMapNamesOne) {
  const std::string file = "[mapmake]\nwcs_file = \"" + kConfigs + "/wcs_definitions.toml\"\n";
  EXPECT_EQ(parse_config(file + "wcs = \"golden\"\n", "my.toml", {}, all_stages()).mapmake.wcs, "golden");
  try {
    parse_config(file + "wcs = \"gulden\"\n", "my.toml", {}, all_stages());
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("my.toml:3: mapmake.wcs: there is no grid \"gulden\""), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("did you mean \"golden\"?"), std::string::npos);
  }
}

}  // namespace
}  // namespace comap
