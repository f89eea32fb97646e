#include "io/level2/level2_reader.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/retry.hpp"
#include "data/level2_datasets.hpp"
#include "data/sample_flag.hpp"
#include "io/level1/level1_identity.hpp"
#include "io/level1/sample_times.hpp"
#include "math/gaps.hpp"

namespace comap {
namespace {

h5::Dataset open_required(const h5::File& file, const std::string& dataset) {
  if (!file.exists(dataset) || !file.is_dataset(dataset)) {
    throw ObservationError(
        fmt::format("{}: dataset {} is missing; run level2 on this observation", file.path(), dataset));
  }
  return file.open(dataset);
}

template <typename T>
std::vector<T> read_required(const h5::File& file, std::string_view dataset) {
  const h5::Dataset open = open_required(file, std::string(dataset));
  const h5::Slab slab = h5::Slab::all(open.info().extent);
  std::vector<T> values(slab.size());
  open.read(slab, std::span<T>(values));
  return values;
}

constexpr double kFullTurn_deg = 360.0;
constexpr double kHighestElevation_deg = 90.0;

bool is_direction(double azimuth_deg, double elevation_deg) {
  return std::isfinite(azimuth_deg) && elevation_deg > 0.0 && elevation_deg <= kHighestElevation_deg;
}

/// The streams of a file that is not known to be unfinished.
h5::Dataset open_finished(const h5::File& file, const std::string& dataset) {
  const auto mark = file.attribute("/", level2::kCompleteAttribute);
  if (mark && h5::to_number(*mark) != 1.0) {
    throw ObservationError(fmt::format("{}: the file was never finished (comap_mpi_complete is {}); run level2 again",
                                       file.path(), h5::to_text(*mark)));
  }
  return open_required(file, dataset);
}

}  // namespace

Level2Reader::Level2Reader(const std::string& path, const std::string& dataset)
    : file_(h5::File::open_read(path)), dataset_("level2/" + dataset), stream_(open_finished(file_, dataset_)) {
  if (file_.exists("comap")) attributes_ = file_.attributes("comap");
  mjd_ = read_required<double>(file_, level2::kMjd);
  feeds_ = read_required<std::int64_t>(file_, level2::kFeeds);
  read_scans();
  couples_bands_ = filter_couples_bands(file_);
  check_shapes();
  const level2::NoiseDatasets& noise = level2::noise_of(dataset);
  auto_rms_ = read_noise(noise.auto_rms);
  sigma_red_ = read_noise(noise.sigma_red);
  alpha_ = read_noise(noise.alpha);
  central_frequency_GHz_ = read_sub_bands(level2::kCentralFrequencies);
  bandwidth_GHz_ = read_sub_bands(level2::kBandwidths);
}

void Level2Reader::read_scans() {
  const auto edges = read_required<std::int64_t>(file_, level2::kScanEdges);
  for (std::size_t row = 0; row + 1 < edges.size(); row += 2) {
    const std::array<std::int64_t, 2> scan = {edges[row], edges[row + 1]};
    if (scan[0] < 0 || scan[1] <= scan[0] || scan[1] > n_samples()) {
      throw ObservationError(fmt::format("{}: {} has the scan [{}, {}) in a file of {} samples", file_.path(),
                                         level2::kScanEdges.path, scan[0], scan[1], n_samples()));
    }
    scans_.push_back(scan);
  }
}

void Level2Reader::check_shapes() const {
  const h5::Extent& extent = stream_.info().extent;
  if (extent.size() != 4 || extent[0] < kScienceFeeds || extent[1] != kBands || extent[2] == 0 ||
      extent[3] != mjd_.size()) {
    throw ObservationError(fmt::format("{}: {} is not [{}][{}][sub-band][{} samples]", file_.path(), dataset_,
                                       kScienceFeeds, kBands, mjd_.size()));
  }
  for (const std::string_view pointing : {level2::kAzimuth, level2::kElevation}) {
    const h5::Extent shape = open_required(file_, std::string(pointing)).info().extent;
    if (shape.size() != 2 || shape[0] != feeds_.size() || shape[1] != mjd_.size()) {
      throw ObservationError(
          fmt::format("{}: {} is not [{} feeds][{} samples]", file_.path(), pointing, feeds_.size(), mjd_.size()));
    }
  }
  if (!file_.exists(level2::kSampleFlags)) return;
  if (file_.info(level2::kSampleFlags).extent != h5::Extent{kScienceFeeds, kBands, mjd_.size()}) {
    throw ObservationError(fmt::format("{}: {} is not [{}][{}][{} samples]", file_.path(), level2::kSampleFlags.path,
                                       kScienceFeeds, kBands, mjd_.size()));
  }
}

Array<double, 4> Level2Reader::read_noise(const level2::Dataset& dataset) const {
  if (!file_.exists(dataset)) return {};
  const auto shape = shape_of(kScienceFeeds, kBands, n_freq_bin(), scans_.size());
  std::vector<double> values = file_.read<double>(dataset);
  if (std::ssize(values) != n_elements(shape)) {
    throw ObservationError(fmt::format("{}: {} has {} values where {} feeds, {} frequency bands and {} scans need {}",
                                       file_.path(), dataset.path, values.size(), kScienceFeeds, n_frequency_bands(),
                                       scans_.size(), n_elements(shape)));
  }
  return {shape, std::move(values)};
}

/// Empty when it is missing or of another shape, as in files of other programs.
Array<double, 3> Level2Reader::read_sub_bands(const level2::Dataset& dataset) const {
  if (!file_.exists(dataset)) return {};
  const auto shape = shape_of(kScienceFeeds, kBands, n_freq_bin());
  std::vector<double> values = file_.read<double>(dataset);
  if (std::ssize(values) < n_elements(shape)) return {};
  values.resize(n_elements(shape));
  return {shape, std::move(values)};
}

std::int64_t Level2Reader::obsid() const {
  const auto found = attributes_.find("obsid");
  if (found != attributes_.end()) {
    if (const auto number = h5::to_integer(found->second)) return *number;
  }
  return obsid_of_file_name(path());
}

std::string Level2Reader::attribute_text(const std::string& name) const {
  return h5::attribute_text(attributes_, name);
}

int Level2Reader::n_frequency_bands() const { return kBands * n_freq_bin(); }

bool Level2Reader::has_feed(int feed) const { return std::ranges::find(feeds_, feed) != feeds_.end(); }

std::optional<double> Level2Reader::noise_value(const Array<double, 4>& values, int feed, int frequency_band,
                                                std::size_t scan) const {
  if (values.empty()) return std::nullopt;
  return values(feed - 1, frequency_band / n_freq_bin(), frequency_band % n_freq_bin(), scan);
}

std::optional<double> Level2Reader::auto_rms_K(int feed, int frequency_band, std::size_t scan) const {
  return noise_value(auto_rms_, feed, frequency_band, scan);
}

std::optional<double> Level2Reader::sigma_red_K(int feed, int frequency_band, std::size_t scan) const {
  return noise_value(sigma_red_, feed, frequency_band, scan);
}

std::optional<double> Level2Reader::alpha(int feed, int frequency_band, std::size_t scan) const {
  return noise_value(alpha_, feed, frequency_band, scan);
}

Passband Level2Reader::passband(int feed, int frequency_band) const {
  const int band = frequency_band / n_freq_bin(), sub_band = frequency_band % n_freq_bin();
  Passband passband;
  if (!central_frequency_GHz_.empty()) passband.centre_GHz = central_frequency_GHz_(feed - 1, band, sub_band);
  if (!bandwidth_GHz_.empty()) passband.width_GHz = bandwidth_GHz_(feed - 1, band, sub_band);
  return passband;
}

bool Level2Reader::is_filtered() const { return dataset_ == level2::kBinnedFiltered.path; }

double Level2Reader::sample_time_s() const { return comap::sample_time_s(mjd_); }

std::optional<GainNoise> Level2Reader::gain_noise(int feed, int frequency_band, std::size_t scan) const {
  for (const std::string_view needed : {level2::kEffectiveTsys.path, level2::kSigmaCommon.path, level2::kSigmaBand.path,
                                        level2::kGainAlpha.path, level2::kGainInformation.path}) {
    if (!file_.exists(needed)) return std::nullopt;
  }
  const std::uint64_t row = feed - 1;
  const std::uint64_t n_sub = n_freq_bin();
  const std::uint64_t half_band = frequency_band;
  GainNoise noise;
  noise.band = half_band / n_sub;
  noise.effective_tsys_K =
      file_.read<double>(level2::kEffectiveTsys, {{row, noise.band, half_band % n_sub, scan}, {1, 1, 1, 1}}).front();
  const auto of_bands = [&](std::string_view dataset) {
    return file_.read<double>(dataset, {{row, 0, scan}, {1, kBands, 1}});
  };
  noise.sigma_common = of_bands(level2::kSigmaCommon)[noise.band];
  noise.sigma_band = of_bands(level2::kSigmaBand)[noise.band];
  noise.alpha = of_bands(level2::kGainAlpha)[noise.band];
  const auto or_zero = [](double value) { return std::isfinite(value) ? value : 0.0; };
  if (file_.exists(level2::kGainInformationMatrix)) {
    const auto matrix = file_.read<double>(level2::kGainInformationMatrix, {{row, 0, 0, scan}, {1, kBands, kBands, 1}});
    for (std::size_t i = 0; i < matrix.size(); ++i) noise.information[i / kBands][i % kBands] = or_zero(matrix[i]);
  } else if (couples_bands_) {
    throw ObservationError(fmt::format(
        "{}: dataset {} is missing, without which the noise of data filtered with sky = \"power_law\" is not "
        "known; run level2 on this observation with --set level2.overwrite=true",
        path(), level2::kGainInformationMatrix.path));
  } else {
    const auto diagonal = of_bands(level2::kGainInformation);
    for (std::size_t b = 0; b < kBands; ++b) noise.information[b][b] = or_zero(diagonal[b]);
  }
  const bool finite = std::isfinite(noise.effective_tsys_K) && std::isfinite(noise.sigma_common) &&
                      std::isfinite(noise.sigma_band) && std::isfinite(noise.alpha) && noise.sigma_common > 0.0;
  return finite ? std::optional(noise) : std::nullopt;
}

FeedPointing Level2Reader::stored_pointing(int feed) const {
  const auto found = std::ranges::find(feeds_, feed);
  if (found == feeds_.end()) throw ObservationError(fmt::format("{}: feed {} is not in the file", path(), feed));
  const std::uint64_t row = found - feeds_.begin();
  const h5::Slab slab{{row, 0}, {1, mjd_.size()}};
  return {file_.read<double>(level2::kAzimuth, slab), file_.read<double>(level2::kElevation, slab)};
}

FeedPointing Level2Reader::read_pointing(int feed) const {
  FeedPointing pointing = stored_pointing(feed);
  const std::vector<std::uint8_t> flags = read_flags(feed, 0);
  std::vector<std::uint8_t> is_missing(flags.size());
  std::ranges::transform(flags, is_missing.begin(), [](std::uint8_t bits) { return bits & sample_flag::kPointing; });
  // Flags say nothing of samples outside scans.
  for (std::size_t i = 0; i < is_missing.size(); ++i) {
    is_missing[i] |= static_cast<std::uint8_t>(!is_direction(pointing.azimuth_deg[i], pointing.elevation_deg[i]));
  }
  bridge_missing(pointing.azimuth_deg, is_missing, kFullTurn_deg);
  bridge_missing(pointing.elevation_deg, is_missing);
  return pointing;
}

std::vector<std::uint8_t> Level2Reader::read_flags(int feed, int frequency_band) const {
  std::vector<std::uint8_t> flags(mjd_.size(), 0);
  if (file_.exists(level2::kSampleFlags)) {
    const std::uint64_t band = frequency_band / n_freq_bin();
    const h5::Slab slab{{static_cast<std::uint64_t>(feed - 1), band, 0}, {1, 1, mjd_.size()}};
    file_.open(level2::kSampleFlags).read(slab, std::span<std::uint8_t>(flags));
    return flags;
  }
  const FeedPointing pointing = stored_pointing(feed);
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if (!is_direction(pointing.azimuth_deg[i], pointing.elevation_deg[i])) flags[i] = sample_flag::kPointing;
  }
  return flags;
}

std::vector<float> Level2Reader::read_stream(int feed, int frequency_band) const {
  const std::uint64_t n_sub = n_freq_bin();
  const std::uint64_t index = frequency_band;
  const h5::Slab slab{{static_cast<std::uint64_t>(feed - 1), index / n_sub, index % n_sub, 0}, {1, 1, 1, mjd_.size()}};
  std::vector<float> values(mjd_.size());
  stream_.read(slab, std::span<float>(values));
  const std::vector<std::uint8_t> flags = read_flags(feed, frequency_band);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (flags[i] != 0) values[i] = kFloatNan;
  }
  return values;
}

void check_same_file(const std::string& path, const FileIdentity& identity) {
  if (file_identity(path) == identity) return;
  throw ReplacedFile(path + ": was replaced while it was used; run again");
}

bool filter_couples_bands(const h5::File& file) {
  constexpr const char* kRecord = "comap_mpi/stages/gain_filter";
  if (!file.exists(kRecord)) return false;
  const auto text = file.attribute(kRecord, "parameters");
  const auto parameters = nlohmann::json::parse(text ? h5::to_text(*text) : "", nullptr, false);
  const auto is = [&](const char* name, const char* value) {
    return parameters.is_object() && parameters.contains(name) && parameters.at(name) == value;
  };
  return is("method", "maximum_posterior") && is("sky", "power_law");
}

Level2Reader open_level2(const IoConfig& io, const std::string& path, const std::string& dataset) {
  std::optional<Level2Reader> file;
  with_retries(io, path, [&] { file.emplace(path, dataset); });
  return std::move(*file);
}

std::pair<Level2Reader, FileIdentity> open_level2_first(const IoConfig& io, const std::string& path,
                                                        const std::string& dataset) {
  FileIdentity identity;
  with_retries(io, path, [&] { identity = file_identity(path); });
  return {open_same_level2(io, path, dataset, identity), identity};
}

Level2Reader open_same_level2(const IoConfig& io, const std::string& path, const std::string& dataset,
                              const FileIdentity& identity) {
  // Before and after: what was opened in between is that file.
  with_retries(io, path, [&] { check_same_file(path, identity); });
  Level2Reader file = open_level2(io, path, dataset);
  check_same_file(path, identity);
  return file;
}

}  // namespace comap
