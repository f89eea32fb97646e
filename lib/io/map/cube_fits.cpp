#include <fmt/core.h>

#include <chrono>
#include <cmath>

#include "core/constants.hpp"
#include "io/map/cube_file.hpp"
#include "io/map/fits_writer.hpp"

namespace comap {
namespace {

// VELREF of the AIPS convention: 256 = radio velocity, 1 = local standard of rest, 3 = observer.
constexpr std::int64_t kRadioVelocityLsr = 257;
constexpr std::int64_t kRadioVelocityObserver = 259;

void write_spectral_axis(FitsWriter& file, const SpectralCube& cube) {
  const SpectralAxis& axis = cube.axis;
  const bool is_lsrk = cube.frame == SpectralFrame::lsrk;
  const double rest_Hz = cube.rest_GHz * kHertzPerGigahertz;
  const double velocity_m_s = 1e3 * kLightSpeed_km_s * (1.0 - axis.first_GHz / cube.rest_GHz);
  file.write_card({"CTYPE3", std::string("FREQ"), "frequency"});
  file.write_card({"CRPIX3", 1.0, "reference channel"});
  file.write_card({"CRVAL3", axis.first_GHz * kHertzPerGigahertz, "[Hz] frequency there"});
  file.write_card({"CDELT3", axis.step_GHz * kHertzPerGigahertz, "[Hz] channel width"});
  file.write_card({"CUNIT3", std::string("Hz"), ""});
  file.write_card({"RESTFRQ", rest_Hz, "[Hz] of the line at rest"});
  file.write_card({"SPECSYS", std::string(is_lsrk ? "LSRK" : "TOPOCENT"), "frame of the frequency axis"});
  file.write_card({"SSYSOBS", std::string("TOPOCENT"), "frame that was constant during a scan"});
  file.write_card({"VELREF", is_lsrk ? kRadioVelocityLsr : kRadioVelocityObserver, "256 radio; 1 LSR, 3 observer"});
  file.write_card({"ALTRPIX", 1.0, "reference channel of the velocity"});
  file.write_card({"ALTRVAL", velocity_m_s, "[m/s] radio velocity there"});
}

/// A time to the second, as FITS writes it.
std::string iso_date(double mjd) {
  using namespace std::chrono;
  constexpr sys_days kMjdZero = year{1858} / November / 17;
  const auto time = kMjdZero + seconds(std::llround(mjd * kSecondsPerDay));
  const year_month_day date(floor<days>(time));
  const hh_mm_ss clock(time - floor<days>(time));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

/// Where and when from, on the ellipsoid of WGS 84.
void write_observer(FitsWriter& file, const SiteConfig& site, double mjd) {
  constexpr double kEquator_m = 6378137.0, kFlattening = 1.0 / 298.257223563;
  const double longitude = site.longitude_deg * kDegree_rad, latitude = site.latitude_deg * kDegree_rad;
  const double eccentricity2 = kFlattening * (2.0 - kFlattening);
  const double normal_m = kEquator_m / std::sqrt(1.0 - eccentricity2 * std::pow(std::sin(latitude), 2));
  const double from_axis_m = (normal_m + site.height_m) * std::cos(latitude);
  const double north_m = (normal_m * (1.0 - eccentricity2) + site.height_m) * std::sin(latitude);
  file.write_card({"OBSGEO-X", from_axis_m * std::cos(longitude), "[m] observer"});
  file.write_card({"OBSGEO-Y", from_axis_m * std::sin(longitude), "[m] observer"});
  file.write_card({"OBSGEO-Z", north_m, "[m] observer"});
  file.write_card({"DATE-AVG", iso_date(mjd), "mean time of the samples"});
  file.write_card({"MJD-AVG", std::round(mjd * kSecondsPerDay) / kSecondsPerDay, "[d] the same"});
}

void write_beam(FitsWriter& file, double fwhm_deg) {
  file.write_card({"BMAJ", fwhm_deg, "[deg] FWHM of the beam"});
  file.write_card({"BMIN", fwhm_deg, "[deg] FWHM of the beam"});
  file.write_card({"BPA", 0.0, "[deg] its position angle"});
}

/// One channel after the other, so that the whole grid is never in memory.
void write_channels(FitsWriter& file, const SpectralCube& cube, const std::vector<float>& values) {
  const std::int64_t n_image = cube.wcs.naxis[0] * cube.wcs.naxis[1];
  const std::size_t n_channels = cube.axis.n_channels;
  std::vector<float> image(n_image, kFloatNan);
  for (std::size_t channel = 0; channel < n_channels; ++channel) {
    for (std::size_t i = 0; i < cube.spectra.n_pixels(); ++i) {
      image[cube.spectra.pixel[i]] = values[i * n_channels + channel];
    }
    file.write_pixels(image, static_cast<std::int64_t>(channel) * n_image);
  }
}

void write_hdu(FitsWriter& file, const SpectralCube& cube, const std::string& name, const std::string& unit,
               const std::vector<float>& values) {
  file.create_image(FLOAT_IMG, std::array<std::int64_t, 3>{cube.wcs.naxis[0], cube.wcs.naxis[1], cube.axis.n_channels});
  file.write_card({"EXTNAME", name, "name of this cube"});
  write_celestial_axes(file, cube.wcs);
  write_spectral_axis(file, cube);
  write_observer(file, cube.site, cube.mean_mjd);
  write_beam(file, cube.beam_fwhm_deg);
  if (!unit.empty()) file.write_card({"BUNIT", unit, "Rayleigh-Jeans"});
  write_range(file, values);
  write_channels(file, cube, values);
}

}  // namespace

void write_cube_fits(const std::string& path, const SpectralCube& cube) {
  FitsWriter file(path);
  write_hdu(file, cube, "LINE", "K", cube.spectra.temperature_K);
  write_settings(file, cube.cards, cube.history);
  file.finish_hdu();
  write_hdu(file, cube, "HITS", "", cube.spectra.hits);
  file.finish_hdu();
  write_hdu(file, cube, "RMS", "K", cube.spectra.rms_K);
  file.finish_hdu();
  write_observations(file, cube.observations);
  write_config(file, cube.config_text);
  file.finish();
}

}  // namespace comap
