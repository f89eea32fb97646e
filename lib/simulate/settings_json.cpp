#include "simulate/settings_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "config/bind_config.hpp"
#include "config/table_json.hpp"
#include "core/version.hpp"

namespace comap::simulate {
namespace {

using Json = nlohmann::json;

std::string pattern_name(ScanPattern pattern) {
  switch (pattern) {
    case ScanPattern::raster:
      return "raster";
    case ScanPattern::constant_elevation:
      return "ces";
    case ScanPattern::lissajous:
      return "lissajous";
    case ScanPattern::sky_dip:
      return "sky_dip";
  }
  return "";
}

void add_course(const SimulateConfig& config, const ObservationPlan& plan, Json& json) {
  json["obsid"] = plan.obsid;
  json["source"] = plan.source;
  json["field_ra"] = plan.centre_icrs.longitude_deg;
  json["field_dec"] = plan.centre_icrs.latitude_deg;
  json["start_mjd"] = plan.start_mjd;
  json["hour_angle"] = plan.hour_angle_h;
  json["scan_type"] = pattern_name(plan.pattern);
  json["lissajous"] = plan.pattern == ScanPattern::lissajous;
  json["track"] = plan.pattern != ScanPattern::constant_elevation;
  json["nscan"] = plan.timeline.scans.size();
  json["scan_len"] = plan.timeline.scans.front().size();
  json["gap_len"] = std::llround(config.repointing_duration_s * config.sample_rate_Hz);
  const std::vector<SampleRange>& vanes = plan.timeline.vanes;
  json["vane_len"] = vanes.empty() ? 0 : vanes.front().size();
  json["idle_len"] = vanes.empty() ? plan.timeline.scans.front().begin : vanes.front().begin;
  json["az_half"] = plan.is_calibrator ? config.calibrator_half_width_deg : config.azimuth_half_width_deg;
  json["el_half"] = plan.is_calibrator ? config.calibrator_half_width_deg : config.elevation_half_width_deg;
  json["sweep_time"] = plan.is_calibrator ? config.calibrator_sweep_duration_s : config.sweep_duration_s;
}

void add_physics(const SimulateConfig& config, const ObservationPlan& plan, Json& json) {
  json["comment"] = comment_of(config, plan);
  json["nfeed"] = config.n_feeds;
  json["nchan"] = config.n_channels;
  json["seed"] = config.seed;
  json["instrument_seed"] = config.instrument_seed;
  json["sky_seed"] = config.sky_seed;
  json["sigma_red"] = config.gain_sigma;
  json["alpha"] = config.gain_alpha;
  json["band_corr"] = config.gain_band_correlation;
  json["t_atm"] = config.atmosphere_temperature_K;
  json["tau0"] = config.zenith_opacity;
  json["tau_drift"] = config.opacity_drift;
  json["t_hot"] = config.vane_temperature_K;
  json["nspike"] = config.glitches_per_feed;
  json["spike_amp"] = config.glitch_amplitude_K;
  json["nnan_time"] = config.n_nan_samples;
  json["nnan_chan"] = config.n_nan_channels;
  json["nspiky"] = config.spiky_channels_per_band;
  json["line_peak"] = config.line_peak_K;
  json["line_fwhm"] = config.line_fwhm_GHz;
  json["noise"] = config.radiometer_noise;
}

}  // namespace

std::string settings_json(const SimulateConfig& config, const ObservationPlan& plan) {
  Json json;
  SimulateConfig copy = config;  // a Binder takes values that may be changed
  json["settings"] = table_json([&](Binder& binder) { bind_simulate(binder, copy); }).effective;
  json["software_version"] = software_version();
  add_course(config, plan, json);
  add_physics(config, plan, json);
  return json.dump();
}

}  // namespace comap::simulate
