#include "stages/check_level1/position_comparison.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "sky/of_date.hpp"

namespace comap {
namespace {

constexpr double kArcsecPerDegree = 3600.0;
constexpr double kSkyRate_deg_s = 360.98564736629 / kSecondsPerDay;  ///< of the hour angle
constexpr double kDecidingShare = 0.75;                              ///< of the samples
constexpr std::size_t kLeastSamples = 4;                             ///< below which nothing is compared
constexpr double kZenith_deg = 90.0;

/// Quantile of finite values, the lower of two; NaN when there are too few.
double quantile(std::vector<double> values, double share, std::size_t least) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.size() < least) return kNan;
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + rank);
  return values[rank];
}

double median_of(std::vector<double> values) { return quantile(std::move(values), 0.5, 1); }

double offset_deg(double from_deg, double to_deg) { return std::remainder(to_deg - from_deg, 360.0); }

}  // namespace

PositionComparison::PositionComparison(const Level1Metadata& level1, const StatedPositions& stated,
                                       const Observer& observer)
    : observer_(observer), n_times_(stated.samples.size()) {
  for (int row = 0; row < level1.n_feeds; ++row) {
    const int feed = level1.feeds[row];
    if (feed <= kScienceFeeds) add_feed(level1, stated, row, feed);
  }
}

void PositionComparison::add_feed(const Level1Metadata& level1, const StatedPositions& stated, std::size_t row,
                                  int feed) {
  feeds_.push_back(feed);
  for (std::size_t i = 0; i < n_times_; ++i) {
    const std::size_t sample = stated.samples[i];
    const std::size_t place = row * level1.n_samples + sample;
    const double ra = stated.ra[row * n_times_ + i], dec = stated.dec[row * n_times_ + i];
    const double azimuth_deg = level1.azimuth_deg[place], elevation_deg = level1.elevation_deg[place];
    const bool is_stated = std::isfinite(dec) && !(ra == 0.0 && dec == 0.0);
    const bool is_seen = std::isfinite(azimuth_deg) && std::abs(elevation_deg) <= kZenith_deg;
    mjd_.push_back(level1.mjd[sample]);
    azimuth_deg_.push_back(azimuth_deg);
    elevation_deg_.push_back(elevation_deg);
    ra_.push_back(is_stated && is_seen ? ra : kNan);
    dec_.push_back(dec);
  }
}

std::vector<SkyPosition> PositionComparison::computed(double late_s) const {
  std::vector<double> mjd = mjd_;
  for (double& time : mjd) time -= late_s / kSecondsPerDay;
  const auto [ra_deg, dec_deg] = horizontal_to_sky(observer_, mjd, azimuth_deg_, elevation_deg_, SkyFrame::icrs);
  std::vector<SkyPosition> places;
  for (std::size_t i = 0; i < mjd.size(); ++i) places.push_back({ra_deg[i], dec_deg[i]});
  return places;
}

SkyPosition PositionComparison::meant(const PositionMeaning& meaning, std::size_t i, double late_s) const {
  const SkyPosition degrees = {ra_[i] * meaning.degrees_per_unit_ra, dec_[i] * meaning.degrees_per_unit_dec};
  return meaning.is_of_date ? of_date_to_icrs(mjd_[i] - late_s / kSecondsPerDay, degrees) : degrees;
}

std::vector<double> PositionComparison::separations_arcsec(const PositionMeaning& meaning, double late_s) const {
  const std::vector<SkyPosition> places = computed(late_s);
  std::vector<double> result(places.size(), kNan);
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!std::isfinite(ra_[i])) continue;
    result[i] = separation_deg(places[i], meant(meaning, i, late_s)) * kArcsecPerDegree;
  }
  return result;
}

double PositionComparison::error_arcsec(const PositionMeaning& meaning, double late_s) const {
  const std::vector<double> separations = separations_arcsec(meaning, late_s);
  std::vector<double> of_times;
  for (std::size_t time = 0; time < n_times_; ++time) {
    std::vector<double> of_feeds;
    for (std::size_t i = time; i < separations.size(); i += n_times_) of_feeds.push_back(separations[i]);
    of_times.push_back(median_of(std::move(of_feeds)));
  }
  return quantile(std::move(of_times), kDecidingShare, kLeastSamples);
}

double PositionComparison::late_s() const {
  constexpr int kSteps = 4;  // the sky does not turn about the pole of ICRS
  double late_s = 0.0;
  for (int step = 0; step < kSteps; ++step) {
    const std::vector<SkyPosition> places = computed(late_s);
    std::vector<double> offsets;
    for (std::size_t i = 0; i < places.size(); ++i) offsets.push_back(offset_deg(ra_[i], places[i].longitude_deg));
    const double offset_s = median_of(std::move(offsets)) / kSkyRate_deg_s;
    if (!std::isfinite(offset_s)) break;
    late_s += offset_s;
  }
  return late_s;
}

}  // namespace comap
