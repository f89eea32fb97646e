#include "map/map_job.hpp"

#include <fitsio.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>

#include "core/error.hpp"
#include "io/hdf5/h5.hpp"
#include "mpi/parallel_file.hpp"
#include "support/mpi_main.hpp"
#include "support/partial_files.hpp"
#include "support/synthetic_level2.hpp"

namespace comap {
namespace {

constexpr float kMarkedSample = 12345.678F;  // found again in the bytes of a file, to damage it there

/// A source of 0.3 K with a sigma of 4 arcmin where the field of the synthetic files is.
double source_K(SkyPosition position, SkyPosition centre) {
  const double x = (position.longitude_deg - centre.longitude_deg) * std::cos(centre.latitude_deg * kDegree_rad);
  const double y = position.latitude_deg - centre.latitude_deg;
  return 0.3 * std::exp(-0.5 * (x * x + y * y) / (0.0667 * 0.0667));
}

struct Images {
  long n_x = 0, n_y = 0;
  std::map<std::string, std::vector<float>> image;
  std::map<std::string, double> card;
};

Images read_map(const std::string& path, const std::vector<std::string>& cards) {
  Images images;
  fitsfile* file = nullptr;
  int status = 0;
  fits_open_file(&file, path.c_str(), READONLY, &status);
  for (const std::string& name : cards) {
    fits_read_key(file, TDOUBLE, name.c_str(), &images.card[name], nullptr, &status);
  }
  const std::array<const char*, 5> names = {"DESTRIPED", "NAIVE", "HITS", "RMS", "MASK"};
  for (int hdu = 1; hdu <= 5; ++hdu) {
    std::array<long, 2> size{};
    fits_movabs_hdu(file, hdu, nullptr, &status);
    fits_get_img_size(file, 2, size.data(), &status);
    images.n_x = size[0];
    images.n_y = size[1];
    std::vector<float>& image = images.image[names[static_cast<std::size_t>(hdu - 1)]];
    image.resize(static_cast<std::size_t>(size[0] * size[1]));
    fits_read_img(file, TFLOAT, 1, size[0] * size[1], nullptr, image.data(), nullptr, &status);
  }
  fits_close_file(file, &status);
  EXPECT_EQ(status, 0) << path;
  return images;
}

double rms(const std::vector<float>& values) {
  double sum = 0.0, n = 0.0;
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    sum += static_cast<double>(value) * value;
    n += 1.0;
  }
  return std::sqrt(sum / n);
}

/// Equal but for rounding of the solver.
void expect_same(const Images& a, const Images& b) {
  ASSERT_EQ(a.n_x, b.n_x);
  ASSERT_EQ(a.n_y, b.n_y);
  const double scale = rms(b.image.at("DESTRIPED"));
  for (std::size_t i = 0; i < b.image.at("HITS").size(); ++i) {
    ASSERT_EQ(a.image.at("MASK")[i], b.image.at("MASK")[i]);
    if (b.image.at("MASK")[i] != 0.0F) continue;
    ASSERT_EQ(a.image.at("HITS")[i], b.image.at("HITS")[i]);
    ASSERT_NEAR(a.image.at("DESTRIPED")[i], b.image.at("DESTRIPED")[i], 1e-5 * scale);
  }
}

/// Three observations of one field at three hour angles, on every rank's disk under the same name.
class MapJob : public ::testing::Test {
 protected:
  MapJob() : directory_(std::filesystem::temp_directory_path().string() + "/comap_test_map_job") {
    config_.name = "field";
    config_.dataset = "binned_data";
    config_.feeds = {1, 3};
    config_.bands = {0};
    config_.padding_deg = 0.1;
    config_.cdelt_deg = 1.0 / 30.0;
    first_.n_samples = 6000;
    first_.scans = {{100, 2900}, {3050, 5950}};
    config_.write_mean_azel = true;
    centre_ =
        horizontal_to_sky(Observer(), first_.mjd(3000), {first_.azimuth_deg, first_.elevation_deg}, SkyFrame::galactic);
    test::world().run_agreed("files", [&] {
      if (test::world().rank() == 0) write_files();
    });
    for (int i = 0; i < 3; ++i) observations_.push_back(offered(i));
  }

  void write_files() {
    test::fresh_directory("map_job");
    for (int i = 0; i < 3; ++i) test::write_level2(path(i), made(i));
  }

  std::string path(int i) const { return directory_ + "/" + std::to_string(30001 + i) + ".hd5"; }

  test::SyntheticLevel2 made(int i) const {
    test::SyntheticLevel2 file = first_;
    file.obsid = 30001 + i;
    file.seed = static_cast<std::uint64_t>(i) + 1;
    file.offset_K = offset_K_;
    file.start_mjd += 0.06 * i;
    const Horizontal at = sky_to_horizontal(Observer(), file.mjd(3000), centre_, SkyFrame::galactic);
    file.azimuth_deg = at.azimuth_deg;
    file.elevation_deg = at.elevation_deg;
    if (has_sky_) file.sky_K = [centre = centre_](SkyPosition position) { return source_K(position, centre); };
    return file;
  }

  void without_sky() {
    has_sky_ = false;
    test::world().run_agreed("files", [&] {
      if (first_rank()) write_files();
    });
  }

  /// Writes the file again with checksums and changes one byte of its samples.
  void damage_samples(int i) const {
    test::SyntheticLevel2 file = made(i);
    file.checksum = true;
    file.change_samples = [&](std::vector<float>& samples) {
      samples[test::sample_index(file, 3, 0, 1500)] = kMarkedSample;
    };
    test::write_level2(path(i), file);
    std::ifstream in(path(i), std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    std::string mark(sizeof(float), '\0');
    std::memcpy(mark.data(), &kMarkedSample, sizeof(float));
    const std::size_t at = bytes.find(mark);
    ASSERT_NE(at, std::string::npos);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    std::ofstream(path(i), std::ios::binary) << bytes;
  }

  MapObservation offered(int i) const {
    MapObservation offered;
    offered.observation.obsid = 30001 + i;
    offered.observation.source_group = "Galactic";
    offered.observation.level2_path = path(i);
    return offered;
  }

  MapJobResult run(const std::string& output, const Communicator& ranks, const TeamFiles& files = SerialFiles()) {
    config_.output_dir = directory_ + "/" + output;
    return run_map_job(config_, IoConfig(), observations_, "[mapmake]\nname = \"field\"\n", ranks, files);
  }

  bool first_rank() const { return test::world().rank() == 0; }

  std::string directory_;
  bool has_sky_ = true;
  double offset_K_ = 0.05;
  test::SyntheticLevel2 first_;
  SkyPosition centre_;
  MapmakeConfig config_;
  std::vector<MapObservation> observations_;
};

TEST_F(MapJob, FindsTheSourceAndRemovesTheOffsets) {
  config_.glitch_sigma = 0.0;  // the steps between the offsets would be cut
  const MapJobResult result = run("found", test::world());
  ASSERT_EQ(result.bands.size(), 1U);
  EXPECT_TRUE(result.bands[0].solver.converged);
  EXPECT_EQ(result.bands[0].n_observations, 3);
  EXPECT_EQ(result.selection.n_used(), 3);
  if (!first_rank()) return;

  const Images map =
      read_map(result.bands[0].paths.fits, {"MEAN_EL", "NSAMPLES", "NITER", "CRVAL1", "CRPIX1", "CRPIX2"});
  EXPECT_EQ(map.card.at("NSAMPLES"), 3 * 2 * 5700);
  const auto& destriped = map.image.at("DESTRIPED");
  const auto peak = std::max_element(destriped.begin(), destriped.end(), [](float a, float b) {
    return (std::isfinite(a) ? a : -1.0F) < (std::isfinite(b) ? b : -1.0F);
  });
  const auto index = std::distance(destriped.begin(), peak);
  const double latitude = (static_cast<double>(index / map.n_x) + 1.0 - map.card.at("CRPIX2")) * config_.cdelt_deg;
  EXPECT_NEAR(latitude, centre_.latitude_deg, 0.035);
  EXPECT_NEAR(*peak, 0.3, 0.03);
  EXPECT_LT(rms(destriped), 0.8 * rms(map.image.at("NAIVE")));
}

// Sums are taken in another order with other numbers of ranks, nothing else changes.
TEST_F(MapJob, IsTheMapOfOneRank) {
  const MapJobResult parallel = run("parallel", test::world());
  if (!first_rank()) return;
  const MapJobResult serial = run("serial", SerialCommunicator());
  const Images a = read_map(parallel.bands[0].paths.fits, {});
  const Images b = read_map(serial.bands[0].paths.fits, {});
  expect_same(a, b);
}

TEST_F(MapJob, RepeatsBitForBit) {
  config_.bands = {2, 7};
  const MapJobResult first = run("once", test::world());
  const MapJobResult second = run("again", test::world());
  if (!first_rank()) return;
  for (std::size_t band = 0; band < 2; ++band) {
    const Images a = read_map(first.bands[band].paths.fits, {"FREQBAND"});
    const Images b = read_map(second.bands[band].paths.fits, {"FREQBAND"});
    EXPECT_EQ(a.card.at("FREQBAND"), config_.bands[band]);
    for (const auto& [name, image] : a.image) {
      EXPECT_EQ(std::memcmp(image.data(), b.image.at(name).data(), image.size() * sizeof(float)), 0) << name;
    }
  }
}

// Lanes of several bands are summed in another order than one alone.
TEST_F(MapJob, BandsShareThePointingButNotTheSamples) {
  config_.bands = {0, 1};
  const MapJobResult both = run("both", test::world());
  config_.bands = {1};
  const MapJobResult alone = run("alone", test::world());
  if (!first_rank()) return;
  const Images a = read_map(both.bands[1].paths.fits, {});
  const Images b = read_map(alone.bands[0].paths.fits, {});
  expect_same(a, b);
}

TEST_F(MapJob, OnAScratchGivesTheSameBits) {
  first_.n_samples = 30000;
  first_.scans = {{100, 14900}, {15050, 29950}};
  test::world().run_agreed("files", [&] {
    if (test::world().rank() == 0) write_files();
  });
  config_.scratch_dir = directory_;
  const MapJobResult in_memory = run("in_memory", test::world());
  const double n_samples_of_rank = 3 * 2 * 29700.0 / test::world().size();
  config_.memory_GB = 21e-9 * n_samples_of_rank;  // one band takes 26 bytes
  const MapJobResult on_scratch = run("on_scratch", test::world());
  if (!first_rank()) return;
  const Images a = read_map(in_memory.bands[0].paths.fits, {});
  const Images b = read_map(on_scratch.bands[0].paths.fits, {});
  for (const auto& [name, image] : a.image) {
    EXPECT_EQ(std::memcmp(image.data(), b.image.at(name).data(), image.size() * sizeof(float)), 0) << name;
  }
}

/// Of the destriped map about its mean, where it is not masked.
double scatter_K(const BandResult& band) {
  const Images map = read_map(band.paths.fits, {});
  std::vector<float> values;
  for (std::size_t i = 0; i < map.image.at("MASK").size(); ++i) {
    if (map.image.at("MASK")[i] == 0.0F) values.push_back(map.image.at("DESTRIPED")[i]);
  }
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  for (float& value : values) value -= static_cast<float>(mean);
  return rms(values);
}

// Without the prior offsets of 10 samples follow the white noise.
TEST_F(MapJob, PriorFromTheResidual) {
  offset_K_ = 0.002;
  without_sky();
  config_.glitch_sigma = 0.0;
  config_.offset_length = 10;
  config_.noise_prior = "false";
  const MapJobResult without = run("no_prior", test::world());
  config_.noise_prior = "residual";
  const MapJobResult with = run("residual", test::world());
  if (!first_rank()) return;
  const double scatter_with_K = scatter_K(with.bands[0]);
  EXPECT_LT(scatter_with_K, 0.5 * scatter_K(without.bands[0]));
  const MapJobResult serial = run("serial", SerialCommunicator());
  EXPECT_NEAR(scatter_K(serial.bands[0]), scatter_with_K, 1e-3 * scatter_with_K);
}

// A glitch of eight samples of 5 sigma each: too weak for the search in single samples.
TEST_F(MapJob, LongGlitchesAreFoundInTheSecondPass) {
  constexpr std::int64_t kGlitch = 1560;  // sample
  without_sky();
  test::world().run_agreed("a glitch", [&] {
    if (!first_rank()) return;
    test::SyntheticLevel2 file = made(1);
    file.change_samples = [&](std::vector<float>& samples) {
      for (std::int64_t i = 0; i < 8; ++i) {
        samples[test::sample_index(file, 3, 0, kGlitch + i)] += static_cast<float>(5.0 * file.noise_K);
      }
    };
    test::write_level2(path(1), file);
  });
  const MapJobResult once = run("once", test::world());
  config_.glitch_second_pass = true;
  const MapJobResult twice = run("twice", test::world());
  EXPECT_GE(once.bands[0].n_samples - twice.bands[0].n_samples, 6);
  EXPECT_LE(once.bands[0].n_samples - twice.bands[0].n_samples, 20);
}

/// All datasets of a map written by one rank and by many, which agree to rounding of the solver.
void expect_same_hdf5(const std::string& path, const std::string& reference_path) {
  const h5::File file = h5::File::open_read(path), reference = h5::File::open_read(reference_path);
  ASSERT_EQ(file.list("/"), reference.list("/"));
  for (const std::string& name : reference.list("/")) {
    if (!reference.is_dataset(name)) continue;
    ASSERT_EQ(file.info(name).extent, reference.info(name).extent) << name;
    const auto values = file.read<double>(name), expected = reference.read<double>(name);
    const double tolerance = name == "destriped" ? 1e-6 : 0.0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(expected[i]) && std::isnan(values[i])) continue;
      ASSERT_NEAR(values[i], expected[i], tolerance) << name << " " << i;
    }
  }
  const auto attributes = file.attributes("/"), wanted = reference.attributes("/");
  ASSERT_EQ(attributes.size(), wanted.size());
  for (const auto& [name, value] : wanted) {
    ASSERT_TRUE(attributes.contains(name)) << name;
    const bool is_text = std::holds_alternative<std::string>(value);
    if (is_text && name != "DATE") {
      EXPECT_EQ(attributes.at(name), value) << name;
    }
    if (is_text || name.starts_with("RES")) continue;
    EXPECT_NEAR(h5::to_number(attributes.at(name)).value(), h5::to_number(value).value(), 1e-6) << name;
  }
  EXPECT_EQ(file.read<std::int64_t>("observations/obsid"), (std::vector<std::int64_t>{30001, 30002, 30003}));
}

TEST_F(MapJob, Hdf5MapsAreThoseOfOneRank) {
  const mpi::ParallelFiles parallel_files(dynamic_cast<const mpi::MpiCommunicator&>(test::world()), {});
  config_.format = "hdf5";
  for (const std::string wcs : {"dynamic", "healpix"}) {
    config_.wcs = wcs;
    config_.nside = 512;
    const MapJobResult parallel = run("parallel", test::world(), parallel_files);
    ASSERT_TRUE(parallel.bands[0].paths.fits.empty());
    if (!first_rank()) continue;
    EXPECT_FALSE(test::has_partial_file(std::filesystem::path(parallel.bands[0].paths.hdf5).parent_path()));
    const MapJobResult serial = run("serial", SerialCommunicator());
    expect_same_hdf5(parallel.bands[0].paths.hdf5, serial.bands[0].paths.hdf5);
  }
}

TEST_F(MapJob, AnHdf5MapThatCannotBeWrittenIsAnErrorOnEveryRank) {
  const mpi::ParallelFiles parallel_files(dynamic_cast<const mpi::MpiCommunicator&>(test::world()), {});
  config_.format = "hdf5";
  config_.output_dir = "/proc/nowhere";
  EXPECT_THROW(run_map_job(config_, IoConfig(), observations_, "", test::world(), parallel_files), Error);
}

TEST_F(MapJob, ABadFileIsLeftOutAndReported) {
  test::world().run_agreed("damage", [&] {
    if (first_rank()) std::ofstream(path(1)) << "not a Level-2 file";
  });
  const MapJobResult result = run("bad_file", test::world());
  EXPECT_EQ(result.selection.n_used(), 2);
  EXPECT_EQ(result.selection.n_bad_files(), 1);
  EXPECT_EQ(result.bands[0].n_observations, 2);
}

// The survey reads no samples, so one rank meets the damage later, alone; all must leave the observation out.
TEST_F(MapJob, DamagedSamplesEndOneObservationOnly) {
  test::world().run_agreed("damage", [&] {
    if (first_rank()) damage_samples(2);
  });
  const auto all = observations_;
  // With the glitch search the samples are first read with the pointing, without it when the band is loaded.
  for (const double glitch_sigma : {6.0, 0.0}) {
    config_.glitch_sigma = glitch_sigma;
    observations_ = all;
    const MapJobResult result = run("damaged", test::world());
    EXPECT_EQ(result.selection.n_used(), 2);
    EXPECT_EQ(result.selection.n_bad_files(), 1);
    EXPECT_NE(result.selection.observations[2].reason.find("30003.hd5"), std::string::npos)
        << result.selection.observations[2].reason;
    EXPECT_EQ(result.bands[0].n_observations, 2);
    observations_.pop_back();
    EXPECT_EQ(result.bands[0].n_samples, run("without", test::world()).bands[0].n_samples);
  }
}

TEST_F(MapJob, NothingUsableIsAResult) {
  for (MapObservation& offered : observations_) offered.observation.level2_path.clear();
  const MapJobResult result = run("nothing", test::world());
  EXPECT_TRUE(result.bands.empty());
  EXPECT_EQ(result.selection.n_used(), 0);
  EXPECT_FALSE(std::filesystem::exists(config_.output_dir));
}

}  // namespace
}  // namespace comap
