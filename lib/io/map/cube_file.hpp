#pragma once
/// \file
/// Spectral cubes as files, and their pictures.

#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "config/linemap_config.hpp"
#include "config/mapmake_config.hpp"
#include "io/map/continuum_map.hpp"

namespace comap {

/// Regular channels at first_GHz + k step_GHz; the step may be negative.
struct SpectralAxis {
  double first_GHz = 0.0;
  double step_GHz = 0.0;
  int n_channels = 0;

  double frequency_GHz(double channel) const { return first_GHz + channel * step_GHz; }
  /// Channel number, with its fraction, of a frequency.
  double channel_of(double frequency_GHz) const { return (frequency_GHz - first_GHz) / step_GHz; }
  static auto members(auto& x) { return std::tie(x.first_GHz, x.step_GHz, x.n_channels); }
};

/// The hit pixels of a cube, or some of them. Spectra are [pixel][channel], NaN where a channel was never hit.
struct CubeSpectra {
  int n_channels = 0;
  std::vector<std::int64_t> pixel;   ///< y * n_x + x, ascending
  std::vector<float> temperature_K;  ///< weighted mean
  std::vector<float> rms_K;          ///< 1 / sqrt(sum of weights)
  std::vector<float> hits;           ///< samples

  std::size_t n_pixels() const { return pixel.size(); }
  static auto members(auto& x) { return std::tie(x.n_channels, x.pixel, x.temperature_K, x.rms_K, x.hits); }
};

/// A cube and what its header says.
struct SpectralCube {
  WcsDefinition wcs;
  SpectralAxis axis;  ///< in `frame`
  CubeSpectra spectra;
  double rest_GHz = 0.0;
  SpectralFrame frame = SpectralFrame::lsrk;
  std::array<double, 2> window_km_s{};  ///< where the line may be
  double beam_fwhm_deg = 0.0;
  SiteConfig site;
  double mean_mjd = 0.0;
  std::vector<HeaderCard> cards;
  std::vector<std::string> history;
  std::string config_text;  ///< effective configuration, TOML
  std::vector<ObservationRow> observations;
};

/// Writes `path`: primary HDU the cube (longitude, latitude, FREQ in Hz), then HITS, RMS, OBSIDS and CONFIG; NaN
/// where a pixel was never hit in a channel. Needs the memory of one channel besides the cube. The file appears under
/// its name only when complete. Throws IoError.
void write_cube_fits(const std::string& path, const SpectralCube& cube);

/// A PNG of the intensity integrated over the window [K km/s], the mean spectrum of all pixels, and the spectrum of the
/// brightest place, averaged over the beam. Throws IoError when gnuplot is missing or fails.
void plot_cube(const std::string& png_path, const SpectralCube& cube, const std::string& title);

}  // namespace comap
