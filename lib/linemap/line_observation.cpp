#include "linemap/line_observation.hpp"

#include <fmt/core.h>

#include <filesystem>

#include "core/error.hpp"
#include "core/retry.hpp"
#include "data/level2_datasets.hpp"
#include "io/level1/level1_metadata.hpp"
#include "stages/feed_row.hpp"

namespace comap {

LineObservation::LineObservation(const Config& config, const MapObservation& offered, const FileIdentity& expected)
    : config_(config),
      offered_(offered),
      level2_identity_(expected),
      level2_(open_same_level2(config.io, offered.observation.level2_path, config.mapmake.dataset, expected)) {
  context_.level1 = read_level1_copies(level2_.path());
  const h5::File file = h5::File::open_read(level2_.path());
  for (const std::string_view needed :
       {level2::kSystemTemperature.path, level2::kGain.path, level2::kVaneEventMjd.path}) {
    if (file.exists(needed)) continue;
    throw ObservationError(
        fmt::format("{}: dataset {} is missing; run level2 on this observation", file.path(), needed));
  }
  context_.products.set(level2::kVaneEventMjd, Array<double, 1>(file.read<double>(level2::kVaneEventMjd)));
  check_same_file(level2_.path(), expected);
}

void LineObservation::check_same_files() const {
  check_same_file(level2_.path(), level2_identity_);
  if (level1_) check_same_file(level1_->path(), level1_identity_);
}

std::span<const double> LineObservation::frequencies_GHz(int band) const {
  return std::span(context_.level1.frequency_GHz).subspan(static_cast<std::size_t>(band) * n_channels(), n_channels());
}

FileIdentity LineObservation::open_level1() {
  const std::string& path = offered_.observation.level1_path;
  if (path.empty()) {
    throw ObservationError("no Level-1 file is known; run catalogue scan --level1, or give it with --level1-file");
  }
  if (!std::filesystem::exists(path)) throw ObservationError(fmt::format("{}: the file does not exist", path));
  Level1Metadata axes;
  with_retries(config_.io, path, [&] {
    tod_.reset();
    axes = read_level1_axes(path);
    level1_identity_ = file_identity(path);
    level1_.emplace(h5::File::open_read(path));
    tod_.emplace(*level1_, axes.order);
  });
  const Level1Metadata& copies = context_.level1;
  const bool is_same =
      axes.n_feeds == copies.n_feeds && axes.n_samples == copies.n_samples && axes.mjd.front() == copies.mjd.front();
  if (!is_same || axes.frequency_GHz != copies.frequency_GHz) {
    throw ObservationError(fmt::format("{}: shape, times or frequencies are not those of {}; run level2 on it again",
                                       path, level2_.path()));
  }
  check_same_file(path, level1_identity_);
  return level1_identity_;
}

std::span<float> LineObservation::read_tod(int feed, int first_band, int n_bands, std::int64_t start,
                                           std::int64_t n_samples) {
  const std::size_t size = static_cast<std::size_t>(n_bands) * n_channels() * static_cast<std::size_t>(n_samples);
  const std::span<float> values = tod_->buffer(0, size);
  const int row = static_cast<int>(row_of_feed(context_.level1, feed));
  tod_->read({row, first_band, n_bands, start, n_samples}, values);
  return values;
}

void LineObservation::select_feed(int feed) {
  const h5::File file = h5::File::open_read(level2_.path());
  const auto shape = shape_of(context_.products.get(level2::kVaneEventMjd).size(), kBands, n_channels());
  const h5::Slab slab{{0, row_of_feed(context_.level1, feed), 0, 0},
                      {static_cast<std::uint64_t>(shape[0]), 1, kBands, n_channels()}};
  for (const auto* dataset : {&level2::kSystemTemperature, &level2::kGain}) {
    feed_products_.set(*dataset, Array(shape, file.read<float>(*dataset, slab)));
  }
}

VaneCalibration LineObservation::calibration(double mjd_utc) const {
  return calibration_at(context_, feed_products_, config_.level2.system_temperature, mjd_utc);
}

}  // namespace comap
