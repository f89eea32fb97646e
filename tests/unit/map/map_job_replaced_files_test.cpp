// A Level-2 file that is replaced while a map is made of it in several groups of bands.

#include <gtest/gtest.h>

#include "map/map_job.hpp"
#include "map/plan/memory_plan.hpp"
#include "support/synthetic_level2.hpp"

namespace comap {
namespace {

/// Does something when the map of the first group is written.
class AtFirstMap final : public TeamFiles {
 public:
  explicit AtFirstMap(std::function<void()> work) : work_(std::move(work)) {}
  h5::File open_read(const std::string& path, bool /*collective*/) const override { return h5::File::open_read(path); }
  h5::File open_write(const std::string& path) const override { return h5::File::open_write(path); }
  h5::File create(const std::string& path) const override {
    if (path.find("band0") != std::string::npos) work_();
    return h5::File::create(path);
  }

 private:
  std::function<void()> work_;
};

test::SyntheticLevel2 made(std::int64_t obsid) {
  test::SyntheticLevel2 file;
  file.obsid = obsid;
  file.start_mjd += 0.1 * static_cast<double>(obsid - 30001);
  file.dataset = "binned_filtered_data";
  return file;
}

TEST(ReplacedFiles, LaterGroupsOfBandsAreMadeWithoutThem) {
  const std::string directory = test::fresh_directory("replaced_files");
  std::vector<MapObservation> offered;
  for (const std::int64_t obsid : {30001, 30002}) {
    MapObservation& one = offered.emplace_back();
    one.observation.obsid = obsid;
    one.observation.level2_path = directory + "/" + std::to_string(obsid) + ".hd5";
    test::write_level2(one.observation.level2_path, made(obsid));
  }
  MapmakeConfig config;
  config.feeds = {1, 3};
  config.bands = {0, 1, 2, 3};
  config.output_dir = directory;
  config.format = "hdf5";
  config.cdelt_deg = 1.0 / 30.0;
  config.noise_prior = "false";
  constexpr std::int64_t kSamples = 2 * 2 * 2100;
  config.memory_GB = 1.001e-9 * static_cast<double>(kSamples) * bytes_per_sample(config, 1, true);
  const AtFirstMap files([&] {
    test::SyntheticLevel2 other = made(30002);
    other.n_samples = 1000;
    other.scans = {{0, 300}, {400, 500}, {600, 1000}};
    test::write_level2(offered[1].observation.level2_path, other);
  });
  const MapJobResult result = run_map_job(config, IoConfig(), offered, "", SerialCommunicator(), files);
  ASSERT_EQ(result.bands.size(), 4U);
  EXPECT_EQ(result.bands[0].n_observations, 2);
  for (const std::size_t band : {1U, 2U, 3U}) {
    EXPECT_EQ(result.bands[band].n_observations, 1);
    EXPECT_EQ(result.bands[band].n_samples * 2, result.bands[0].n_samples);
  }
  EXPECT_EQ(result.selection.counts[static_cast<std::size_t>(Exclusion::file_replaced)], 1);
  EXPECT_EQ(result.selection.n_bad_files(), 1);
  const std::string& reason = result.selection.observations[1].reason;
  EXPECT_NE(reason.find("was replaced"), std::string::npos) << reason;
  EXPECT_NE(reason.find("maps of the bands before"), std::string::npos) << reason;
}

}  // namespace
}  // namespace comap
