#include "simulate/level1_writer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/version.hpp"

namespace comap::simulate {
namespace {

constexpr double kHousekeepingRate_Hz = 10.0;
constexpr double kHousekeepingMargin_s = 1.0;  ///< housekeeping starts earlier and ends later than the TOD
constexpr std::size_t kWeatherStep = 20;       ///< housekeeping samples between two of the weather
constexpr std::size_t kTrackerStep = 10;       ///< TOD samples between two of the tracker
constexpr double kCentiUnits = 100.0;          ///< housekeeping is stored in 0.01 degrees
constexpr double kVaneSensorOffset_K = 0.05;   ///< the vane's own sensor against the shroud's
constexpr double kAirTemperature_C = 15.0;

std::int32_t centi(double value) { return static_cast<std::int32_t>(std::lround(value * kCentiUnits)); }

double mjd_at(const ObservationPlan& plan, double time_s) { return plan.start_mjd + time_s / kSecondsPerDay; }

template <typename T>
void write_series(h5::File& file, const std::string& name, const std::vector<T>& values, std::string_view unit = "") {
  file.write<T>(name, {values.size()}, values, unit);
}

h5::Dataset create_tod(h5::File& file, const SimulateConfig& config, const ObservationPlan& plan) {
  const std::int64_t n_samples = plan.timeline.n_samples;
  h5::DatasetSpec spec;
  spec.type = h5::StoredType::float32;
  spec.extent = h5::extent_of(config.n_feeds + 1, kBands, config.n_channels, n_samples);
  spec.written_once = true;
  if (config.storage == TodStorage::chunked) {
    spec.chunk = h5::extent_of(1, kBands, config.n_channels, std::min<std::int64_t>(config.chunk_samples, n_samples));
    spec.compression = config.gzip_level;
  }
  return file.create_dataset("spectrometer/tod", spec);
}

void create_pointing(h5::File& file, const SimulateConfig& config, const ObservationPlan& plan) {
  h5::DatasetSpec spec;
  spec.extent = h5::extent_of(config.n_feeds + 1, plan.timeline.n_samples);
  spec.unit = "degrees";
  for (const char* name : {"az", "el", "ra", "dec"}) {
    file.create_dataset(std::string("spectrometer/pixel_pointing/pixel_") + name, spec);
  }
  spec.extent.pop_back();
  file.create_dataset("spectrometer/pixel_pointing/pixel_xoffset", spec);
  file.create_dataset("spectrometer/pixel_pointing/pixel_yoffset", spec);
}

void write_spectrometer(h5::File& file, const SimulateConfig& config, const ObservationPlan& plan,
                        const std::vector<std::int32_t>& features) {
  std::vector<double> mjd(features.size());
  for (std::size_t i = 0; i < mjd.size(); ++i) {
    mjd[i] = mjd_at(plan, static_cast<double>(i) / config.sample_rate_Hz);
  }
  write_series(file, "spectrometer/MJD", mjd, "d");
  write_series(file, "spectrometer/feeds", feed_numbers(config));
  file.write_strings("spectrometer/bands", band_names());
  file.write<double>("spectrometer/frequency", h5::extent_of(kBands, config.n_channels),
                     channel_frequencies_GHz(config.n_channels), "GHz");
  write_series(file, "spectrometer/features", features);

  const bool lissajous = plan.pattern == ScanPattern::lissajous;
  std::vector<double> tracker_mjd;
  std::vector<std::int32_t> status;
  for (std::size_t i = 0; i < mjd.size(); i += kTrackerStep) {
    tracker_mjd.push_back(mjd[i]);
    status.push_back(lissajous && features[i] == (1 << kLissajousFeature) ? 1 : 0);
  }
  write_series(file, "hk/antenna0/deTracker/utc", tracker_mjd, "d");
  write_series(file, "hk/antenna0/deTracker/lissajous_status", status);
}

/// Times after the first sample at which the housekeeping looks.
std::vector<double> housekeeping_times_s(const SimulateConfig& config, const ObservationPlan& plan) {
  const double length_s = static_cast<double>(plan.timeline.n_samples) / config.sample_rate_Hz;
  const auto n_times = std::llround((length_s + 2.0 * kHousekeepingMargin_s) * kHousekeepingRate_Hz);
  std::vector<double> times_s;
  for (std::int64_t i = 0; i < n_times; ++i) {
    times_s.push_back(static_cast<double>(i) / kHousekeepingRate_Hz - kHousekeepingMargin_s);
  }
  return times_s;
}

void write_vane_and_frame(h5::File& file, const SimulateConfig& config, const ObservationPlan& plan,
                          const std::vector<std::int32_t>& features, const std::vector<double>& times_s) {
  std::vector<double> stamps_mjd;
  std::vector<std::int32_t> angle;
  std::vector<std::int32_t> frame;
  for (const double time_s : times_s) {
    stamps_mjd.push_back(mjd_at(plan, time_s + config.housekeeping_delay_s));
    angle.push_back(centi(vane_angle_deg(plan.timeline, config.sample_rate_Hz, time_s)));
    const auto sample = static_cast<std::int64_t>(std::floor(time_s * config.sample_rate_Hz));
    const bool inside = sample >= 0 && sample < plan.timeline.n_samples;
    frame.push_back(inside ? features[sample] : 0);
  }
  const double vane_C = config.vane_temperature_K - kZeroCelsius_K;
  const auto constant = [&](double value) { return std::vector<std::int32_t>(times_s.size(), centi(value)); };
  write_series(file, "hk/antenna0/vane/utc", stamps_mjd, "d");
  write_series(file, "hk/antenna0/vane/angle", angle, "0.01 degrees");
  write_series(file, "hk/antenna0/vane/Tvane", constant(vane_C + kVaneSensorOffset_K), "0.01 degC");
  write_series(file, "hk/antenna0/vane/Tshroud", constant(vane_C), "0.01 degC");
  write_series(file, "hk/antenna0/vane/Tambient", constant(kAirTemperature_C), "0.01 degC");
  write_series(file, "hk/array/frame/utc", stamps_mjd, "d");
  write_series(file, "hk/array/frame/features", frame);
}

void write_weather(h5::File& file, const SimulateConfig& config, const ObservationPlan& plan,
                   const std::vector<double>& times_s) {
  struct Reading {
    const char* name;
    double value;
    const char* unit;
  };
  constexpr std::array<Reading, 5> kReadings = {{{"airTemperature", kAirTemperature_C, "0.01 degC"},
                                                 {"pressure", 880.0, "0.01 hPa"},
                                                 {"dewPointTemp", 2.0, "0.01 degC"},
                                                 {"windSpeed", 3.0, "0.01 m/s"},
                                                 {"windDirection", 180.0, "0.01 degrees"}}};
  std::vector<double> stamps_mjd;
  for (std::size_t i = 0; i < times_s.size(); i += kWeatherStep) {
    stamps_mjd.push_back(mjd_at(plan, times_s[i] + config.housekeeping_delay_s));
  }
  write_series(file, "hk/array/weather/utc", stamps_mjd, "d");
  for (const Reading& reading : kReadings) {
    const std::vector<float> values(stamps_mjd.size(), static_cast<float>(reading.value * kCentiUnits));
    write_series(file, std::string("hk/array/weather/") + reading.name, values, reading.unit);
  }
}

std::string pixel_list(const SimulateConfig& config) { return fmt::format("{}", fmt::join(feed_numbers(config), ",")); }

}  // namespace

std::vector<std::int32_t> feed_numbers(const SimulateConfig& config) {
  std::vector<std::int32_t> feeds;
  for (int feed = 1; feed <= config.n_feeds; ++feed) feeds.push_back(feed);
  feeds.push_back(kGroundFeed);
  return feeds;
}

std::map<std::string, h5::AttributeValue> level1_attributes(const SimulateConfig& config, const ObservationPlan& plan) {
  constexpr std::int64_t kBits = 32;
  const double bandwidth_Hz = kBandWidth_GHz * kHertzPerGigahertz;
  const double sample_time_s = 1.0 / config.sample_rate_Hz;
  return {{"obsid", plan.obsid},
          {"source", plan.source},
          {"comment", comment_of(config, plan)},
          {"utc_start", start_text(plan)},
          {"bof", std::string("simulated")},
          {"bw", bandwidth_Hz},
          {"coeff_iq", std::int64_t{0}},
          {"features", std::int64_t{0}},
          {"fft_shift", std::int64_t{0}},
          {"instrument", std::string("simulated")},
          {"iqcalid", std::int64_t{0}},
          {"level", std::int64_t{1}},
          {"nbit", kBits},
          {"nchan", std::int64_t{config.n_channels}},
          {"nint", static_cast<std::int64_t>(std::llround(sample_time_s * bandwidth_Hz / config.n_channels))},
          {"pixels", pixel_list(config)},
          {"platform", std::string("simulated")},
          {"telescope", std::string("COMAP")},
          {"tsamp", sample_time_s},
          {"version", fmt::format("comap_mpi {}", software_version())}};
}

Level1Writer::Level1Writer(const std::string& path, const SimulateConfig& config, const ObservationPlan& plan)
    : file_(h5::File::create(path)), tod_(create_tod(file_, config, plan)) {
  const std::vector<std::int32_t> features = feature_series(plan);
  const std::vector<double> times_s = housekeeping_times_s(config, plan);
  create_pointing(file_, config, plan);
  write_spectrometer(file_, config, plan, features);
  write_vane_and_frame(file_, config, plan, features, times_s);
  write_weather(file_, config, plan, times_s);
  file_.create_group("comap");
  for (const auto& [name, value] : level1_attributes(config, plan)) file_.write_attribute("comap", name, value);
}

void Level1Writer::write_pointing(int row, const FeedPointing& pointing, FeedOffset offset) {
  const std::uint64_t feed = row;
  const auto write = [&](const char* name, const std::vector<double>& values) {
    const h5::Dataset dataset = file_.open(std::string("spectrometer/pixel_pointing/pixel_") + name);
    dataset.write<double>({{feed, 0}, {1, values.size()}}, values);
  };
  write("az", pointing.path.azimuth_deg);
  write("el", pointing.path.elevation_deg);
  write("ra", pointing.ra_deg);
  write("dec", pointing.dec_deg);
  const auto write_offset = [&](const char* name, double value) {
    file_.open(std::string("spectrometer/pixel_pointing/pixel_") + name)
        .write<double>({{feed}, {1}}, std::span<const double>(&value, 1));
  };
  write_offset("xoffset", offset.x_deg);
  write_offset("yoffset", offset.y_deg);
}

void Level1Writer::write_tod(int row, const TodBlock& block, std::span<const float> counts) {
  const h5::Slab slab{h5::extent_of(row, block.first_band, block.first_channel, block.samples.begin),
                      h5::extent_of(1, block.n_bands, block.n_channels, block.samples.size())};
  tod_->write<float>(slab, counts);
}

void Level1Writer::close() {
  tod_.reset();
  file_.close();
}

}  // namespace comap::simulate
