#include "simulate/settings_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "config/bind_simulate.hpp"
#include "core/error.hpp"
#include "core/version.hpp"

namespace comap::simulate {
namespace {

using Json = nlohmann::json;

/// Writes down the keys that bind_simulate names.
class JsonBinder final : public Binder {
 public:
  Json values = Json::object();

  void flag(std::string_view key, bool& value, std::string_view) override { put(key, value); }
  void number(std::string_view key, double& value, Limits, std::string_view) override { put(key, value); }
  void integer(std::string_view key, std::int64_t& value, Limits, std::string_view) override { put(key, value); }
  void text(std::string_view key, std::string& value, std::string_view) override { put(key, value); }
  void choice(std::string_view key, std::string& value, const std::vector<std::string>&, std::string_view) override {
    put(key, value);
  }
  void text_list(std::string_view key, std::vector<std::string>& value, std::string_view) override { put(key, value); }
  void integer_list(std::string_view key, std::vector<std::int64_t>& value, Limits, std::string_view) override {
    put(key, value);
  }
  void number_rows(std::string_view key, std::vector<std::vector<double>>& value, int, std::string_view) override {
    put(key, value);
  }

  // Shapes that [simulate] has no key of.
  void choice_or_list(std::string_view key, std::vector<std::string>&, const std::vector<std::string>&,
                      std::string_view) override {
    refuse(key);
  }
  void credential_url(std::string_view key, std::string&, std::string_view) override { refuse(key); }
  void command(std::string_view key, std::string&, std::string_view) override { refuse(key); }
  void integer_or_word(std::string_view key, std::int64_t&, std::string_view, std::int64_t, Limits,
                       std::string_view) override {
    refuse(key);
  }
  void integer_list_or_word(std::string_view key, std::vector<std::int64_t>&, std::string_view,
                            const std::vector<std::int64_t>&, Limits, std::string_view) override {
    refuse(key);
  }
  void flag_or_word(std::string_view key, std::string&, std::string_view, std::string_view) override { refuse(key); }
  void text_number_rows(std::string_view key, std::vector<std::pair<std::string, double>>&, std::string_view) override {
    refuse(key);
  }
  void section(std::string_view key, const BindTable&, std::string_view) override { refuse(key); }
  void table(std::string_view key, const BindTable&, std::string_view) override { refuse(key); }
  void text_or_table(std::string_view key, std::string&, std::string_view, const BindTable&,
                     std::string_view) override {
    refuse(key);
  }
  std::vector<std::string> present_keys() const override { return {}; }
  void reject(std::string_view, std::string_view) override {}

 private:
  [[noreturn]] static void refuse(std::string_view key) {
    throw Bug("simulate." + std::string(key) + " has a shape that the truth file cannot hold");
  }
  template <typename T>
  void put(std::string_view key, const T& value) {
    values[std::string(key)] = value;
  }
};

Json all_keys(SimulateConfig config) {
  JsonBinder binder;
  bind_simulate(binder, config);
  // What is made besides this observation, and where, does not change it.
  for (const char* key : {"output_dir", "overwrite", "n_observations", "n_calibrators", "n_sky_dips"})
    binder.values.erase(key);
  return binder.values;
}

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
  json["settings"] = all_keys(config);
  json["software_version"] = software_version();
  add_course(config, plan, json);
  add_physics(config, plan, json);
  return json.dump();
}

}  // namespace comap::simulate
