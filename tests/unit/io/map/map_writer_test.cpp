#include "io/map/map_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "core/final_name.hpp"
#include "sky/healpix_map.hpp"
#include "sky/wcs.hpp"
#include "support/partial_files.hpp"
#include "support/test_map.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

struct CommandResult {
  int status = -1;
  std::string output;
};

CommandResult run(const std::string& command) {
  CommandResult result;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) result.output += buffer.data();
  result.status = pclose(pipe);
  return result;
}

fs::path scratch(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / ("map_file_" + name);
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

WcsDefinition grid(const std::string& name) {
  if (name == "car") return {{121, 91}, {61.0, 100.0}, {-1.0 / 60, 1.0 / 60}, {29.95, 0.0}, {"GLON-CAR", "GLAT-CAR"}};
  if (name == "tan")
    return {{120, 90}, {60.5, 45.5}, {-1.0 / 60, 1.0 / 60}, {83.633, 22.014}, {"RA---TAN", "DEC--TAN"}};
  return {{61, 61}, {31.0, 31.0}, {-0.05, 0.05}, {0.1, 12.0}, {"GLON-ZEA", "GLAT-ZEA"}};
}

/// x, y and our own longitude and latitude of every 7th pixel.
void write_pixel_positions(const fs::path& path, const WcsDefinition& definition) {
  std::vector<double> x, y;
  for (std::int64_t pixel = 0; pixel < definition.naxis[0] * definition.naxis[1]; pixel += 7) {
    x.push_back(static_cast<double>(pixel % definition.naxis[0]));
    y.push_back(static_cast<double>(pixel / definition.naxis[0]));
  }
  std::vector<double> longitude(x.size()), latitude(x.size());
  Wcs(definition).pixel_to_sky(x, y, longitude, latitude);
  std::ofstream file(path);
  file.precision(15);
  for (std::size_t i = 0; i < x.size(); ++i) {
    file << x[i] << ',' << y[i] << ',' << longitude[i] << ',' << latitude[i] << '\n';
  }
}

void write_arrays(const fs::path& path, const ContinuumMap& map) {
  std::ofstream file(path, std::ios::binary);
  const std::vector<float> mask(map.mask.begin(), map.mask.end());
  for (const auto* image : {&map.destriped_K(), &map.image("NAIVE"), &map.image("HITS"), &map.image("RMS"), &mask}) {
    file.write(reinterpret_cast<const char*>(image->data()),
               static_cast<std::streamsize>(image->size() * sizeof(float)));
  }
}

class MapFits : public testing::TestWithParam<const char*> {};

TEST_P(MapFits, FitsverifyAndAstropyReadWhatWasWritten) {
  const fs::path folder = scratch(GetParam());
  const ContinuumMap map = test::make_test_map(grid(GetParam()));
  const fs::path path = folder / "maps" / "map [band 0].fits";
  write_map_fits(path.string(), map);
  EXPECT_FALSE(test::has_partial_file(path.parent_path()));

  fs::copy_file(path, folder / "map.fits");
  const CommandResult verified = run("fitsverify " + (folder / "map.fits").string());
  EXPECT_NE(verified.output.find("found 0 warning(s) and 0 error(s)"), std::string::npos) << verified.output;

  write_pixel_positions(folder / "pixels.csv", map.wcs);
  write_arrays(folder / "arrays.f32", map);
  const CommandResult read = run(std::string(COMAP_PYTHON " " COMAP_SOURCE_DIR "/tests/support/check_map_file.py ") +
                                 (folder / "map.fits").string() + " " + (folder / "pixels.csv").string() + " " +
                                 (folder / "arrays.f32").string());
  EXPECT_EQ(read.status, 0) << read.output;
}

INSTANTIATE_TEST_SUITE_P(Projections, MapFits, testing::Values("car", "tan", "zea"));

/// Every third pixel of a stretch on nside 1024, values of every kind.
ContinuumMap healpix_map(SkyFrame frame) {
  ContinuumMap map = test::make_test_map(grid("car"));
  const auto n = map.mask.size();
  map.healpix = HealpixDefinition{1024, frame};
  for (std::size_t i = 0; i < n; ++i) map.pixel.push_back(5'000'000 + 3 * static_cast<std::int64_t>(i));
  return map;
}

CommandResult check_with_python(const std::string& script, const fs::path& map, const fs::path& arrays,
                                const std::string& kind) {
  return run(std::string(COMAP_PYTHON " " COMAP_SOURCE_DIR "/tests/support/") + script + " " + map.string() + " " +
             arrays.string() + " " + kind);
}

TEST(MapFile, HealpixTableIsReadByOthersAndByUs) {
  const fs::path folder = scratch("healpix");
  for (const SkyFrame frame : {SkyFrame::icrs, SkyFrame::galactic}) {
    const ContinuumMap map = healpix_map(frame);
    // Both frames and both kinds of rows, each once.
    const HealpixRows rows = frame == SkyFrame::icrs ? HealpixRows::full_sky : HealpixRows::partial;
    write_map_fits((folder / "map.fits").string(), map, rows);
    const CommandResult verified = run("fitsverify " + (folder / "map.fits").string());
    EXPECT_NE(verified.output.find("found 0 warning(s) and 0 error(s)"), std::string::npos) << verified.output;
    write_arrays(folder / "arrays.f32", map);
    const CommandResult read = check_with_python("check_healpix_file.py", folder / "map.fits", folder / "arrays.f32",
                                                 frame == SkyFrame::icrs ? "C" : "G");
    EXPECT_EQ(read.status, 0) << read.output;
  }
  const ContinuumMap map = healpix_map(SkyFrame::galactic);
  const HealpixSky sky((folder / "map.fits").string());
  const HealpixGrid healpix(*map.healpix);
  const auto good = static_cast<std::size_t>(std::ranges::find(map.mask, 0) - map.mask.begin());
  EXPECT_EQ(static_cast<float>(sky.temperature_K(healpix.pixel_centre(map.pixel[good]))), map.destriped_K()[good]);
  EXPECT_TRUE(std::isnan(sky.temperature_K(healpix.pixel_centre(map.pixel[good] + 1)))) << "not hit";
  EXPECT_TRUE(std::isnan(sky.temperature_K(healpix.pixel_centre(map.pixel[0])))) << "masked";
}

TEST(MapFile, Hdf5HoldsTheSameAsFits) {
  const fs::path folder = scratch("hdf5");
  for (const bool on_sphere : {false, true}) {
    const ContinuumMap map = on_sphere ? healpix_map(SkyFrame::galactic) : test::make_test_map(grid("tan"));
    write_map_fits((folder / "map.fits").string(), map);
    // Written in many pieces, as a map beyond the limit of one write is.
    write_map_hdf5((folder / "map.hd5").string(), map, SerialFiles(), SerialCommunicator(), 10'000);
    EXPECT_FALSE(test::has_partial_file(folder));
    const CommandResult read = check_with_python("check_map_hdf5.py", folder / "map.hd5", folder / "map.fits", "");
    EXPECT_EQ(read.status, 0) << read.output;
  }
  EXPECT_THROW(
      write_map_hdf5("/proc/nowhere/map.hd5", test::make_test_map(grid("tan")), SerialFiles(), SerialCommunicator()),
      Error);
}

TEST(MapFile, EmptyMapIsAValidFile) {
  const fs::path folder = scratch("empty");
  ContinuumMap map = test::make_test_map(grid("car"));
  map.mask.assign(map.mask.size(), 1);
  map.observations.clear();
  map.cards.clear();
  map.history.clear();
  write_map_fits((folder / "map.fits").string(), map);
  const CommandResult verified = run("fitsverify " + (folder / "map.fits").string());
  EXPECT_NE(verified.output.find("found 0 warning(s) and 0 error(s)"), std::string::npos) << verified.output;
}

TEST(MapFile, ReplacesAnOldMapAndLeavesNothingHalfWritten) {
  const fs::path folder = scratch("replace");
  const fs::path path = folder / "map.fits";
  std::ofstream(path) << "old";
  const std::string partial = PartialFile(path.string()).name();
  std::ofstream(folder / "precious") << "of somebody";
  fs::create_symlink(folder / "precious", partial);
  const ContinuumMap map = test::make_test_map(grid("car"));
  write_map_fits(path.string(), map);
  EXPECT_GT(fs::file_size(path), map.destriped_K().size() * 17);
  EXPECT_EQ(fs::file_size(folder / "precious"), 11) << "written through a link";

  fs::create_directories(folder / "a_folder.fits" / "not_empty");
  EXPECT_THROW(write_map_fits((folder / "a_folder.fits").string(), map), IoError);
  EXPECT_FALSE(test::has_partial_file(folder));
  EXPECT_THROW(write_map_fits("/proc/nowhere/map.fits", map), IoError);
}

TEST(MapFile, ImagesMustHaveTheSizeOfTheGrid) {
  ContinuumMap map = test::make_test_map(grid("car"));
  map.image("RMS").pop_back();
  EXPECT_THROW(write_map_fits((scratch("size") / "map.fits").string(), map), Bug);
}

}  // namespace
}  // namespace comap
