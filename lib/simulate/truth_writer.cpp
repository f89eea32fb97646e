#include "simulate/truth_writer.hpp"

#include <fmt/format.h>

#include "simulate/settings_json.hpp"

namespace comap::simulate {
namespace {

void write_text(h5::File& file, std::string_view object, std::string_view name, std::string_view text) {
  file.write_attribute(object, name, h5::AttributeValue(std::in_place_type<std::string>, text));
}

/// Rows of `n_columns` numbers, with the names of the columns.
template <typename T>
void write_rows(h5::File& file, const std::string& name, std::uint64_t n_columns, const std::vector<T>& values,
                std::string_view columns) {
  file.write<T>(name, {values.size() / n_columns, n_columns}, values);
  write_text(file, name, "columns", columns);
}

void write_ranges(h5::File& file, const std::string& name, const std::vector<SampleRange>& ranges) {
  std::vector<std::int64_t> values;
  for (const SampleRange& range : ranges) values.insert(values.end(), {range.begin, range.end});
  write_rows(file, name, 2, values, "begin end");
}

void write_faults(h5::File& file, const Faults& faults) {
  std::vector<double> glitches;
  std::vector<std::int64_t> samples;
  std::vector<std::int64_t> channels;
  for (const Glitch& g : faults.glitches) {
    glitches.insert(glitches.end(), {static_cast<double>(g.feed_row), static_cast<double>(g.sample), g.amplitude_K});
  }
  for (const LostSample& s : faults.lost_samples) samples.insert(samples.end(), {s.feed_row, s.band, s.sample});
  for (const LostChannel& c : faults.lost_channels) channels.insert(channels.end(), {c.feed_row, c.band, c.channel});
  write_rows(file, "spikes", 3, glitches, "feed_index sample amplitude_K");
  write_rows(file, "nan_time", 3, samples, "feed_index band sample");
  write_rows(file, "nan_channels", 3, channels, "feed_index band channel");
}

void write_attributes(h5::File& file, const SimulateConfig& config, const ObservationPlan& plan, double ut1_utc_s) {
  const SkyPosition galactic = icrs_to_galactic(plan.centre_icrs);
  file.write_attribute("/", "config", settings_json(config, plan));
  file.write_attribute("/", "field_ra", plan.centre_icrs.longitude_deg);
  file.write_attribute("/", "field_dec", plan.centre_icrs.latitude_deg);
  file.write_attribute("/", "field_l", galactic.longitude_deg);
  file.write_attribute("/", "field_b", galactic.latitude_deg);
  file.write_attribute("/", "dut1_s", ut1_utc_s);
  file.write_attribute("/", "relative_white_sigma_per_channel",
                       radiometer_sigma(config.n_channels, config.sample_rate_Hz));
}

}  // namespace

void write_sky(h5::File& file, const SkyModel& sky) {
  std::vector<double> sources;
  for (const SkySource& s : sky.sources) {
    sources.insert(sources.end(), {s.l_deg, s.b_deg, s.T30_K, s.fwhm_arcmin, s.beta});
  }
  write_rows(file, "sky/sources", 5, sources, "l_deg b_deg T30_K fwhm_arcmin beta");
  if (sky.ridge) {
    const SkyRidge& r = *sky.ridge;
    const std::vector<double> ridge = {r.spine_b_deg, r.sigma_deg, r.T30_K, r.beta, r.modulation, r.period_deg};
    file.write<double>("sky/ridge", {ridge.size()}, ridge);
    write_text(file, "sky/ridge", "columns", "b0_deg sigma_b_deg T30_K beta modulation period_deg");
  }
  if (sky.random) {
    const RandomSkySettings& r = sky.random->settings();
    const std::vector<double> random = {r.rms_K, r.slope, r.beta, r.beam_fwhm_arcmin, r.size_deg, r.l_deg, r.b_deg};
    file.write<double>("sky/random", {random.size()}, random);
    write_text(file, "sky/random", "columns", "rms_K slope beta beam_fwhm_arcmin size_deg l_deg b_deg");
  }
  if (sky.line) {
    const SkyLine& l = *sky.line;
    const std::vector<double> line = {static_cast<double>(l.source), l.peak_K, l.centre_GHz, l.fwhm_GHz};
    file.write<double>("sky/line", {line.size()}, line);
    write_text(file, "sky/line", "columns", "source_index peak_K centre_GHz fwhm_GHz");
  }
}

TruthWriter::TruthWriter(const std::string& path, const SimulateConfig& config, const ObservationPlan& plan,
                         const ObservationSignal& signal, double ut1_utc_s)
    : file_(h5::File::create(path)),
      n_feeds_(config.n_feeds),
      n_channels_(config.n_channels),
      n_samples_(plan.timeline.n_samples) {
  write_attributes(file_, config, plan, ut1_utc_s);
  file_.write<double>("frequency", {kBands, n_channels_}, signal.frequency_GHz, "GHz");
  file_.write<double>("tau_nu", {kBands, n_channels_}, signal.zenith_opacity);
  file_.write<double>("tau_t", {n_samples_}, signal.opacity_factor);
  write_ranges(file_, "scans", plan.timeline.scans);
  write_ranges(file_, "vanes", plan.timeline.vanes);
  write_sky(file_, signal.sky);
  write_faults(file_, signal.faults);
  create_feed_datasets();
}

void TruthWriter::create_feed_datasets() {
  const auto create = [this](const char* name, h5::StoredType type, const h5::Extent& extent, const char* unit) {
    h5::DatasetSpec spec;
    spec.type = type;
    spec.extent = extent;
    spec.unit.assign(unit);
    file_.create_dataset(name, spec);
  };
  const h5::Extent channels = {n_feeds_, kBands, n_channels_};
  create("gain", h5::StoredType::float64, channels, "counts/K");
  create("t_rx", h5::StoredType::float64, channels, "K");
  create("tsys_cold", h5::StoredType::float64, channels, "K");
  create("galactic_l", h5::StoredType::float64, {n_feeds_, n_samples_}, "degrees");
  create("galactic_b", h5::StoredType::float64, {n_feeds_, n_samples_}, "degrees");
  create("dg", h5::StoredType::float32, {n_feeds_, kBands, n_samples_}, "");
  write_text(file_, "gain", "note", "counts/K at the receiver input, dg = 0");
  write_text(file_, "tsys_cold", "note", "t_rx + sky + atmosphere averaged over the cold part of vane 1");
}

void TruthWriter::write_feed(const FeedSignal& feed, const BandTable& cold_K, std::span<const double> l_deg,
                             std::span<const double> b_deg) {
  const std::uint64_t row = feed.row;
  const h5::Slab channels{{row, 0, 0}, {1, kBands, n_channels_}};
  file_.open("gain").write<double>(channels, feed.receiver.gain_counts_per_K);
  file_.open("t_rx").write<double>(channels, feed.receiver.temperature_K);
  file_.open("tsys_cold").write<double>(channels, cold_K);
  const h5::Slab samples{{row, 0}, {1, n_samples_}};
  file_.open("galactic_l").write<double>(samples, l_deg);
  file_.open("galactic_b").write<double>(samples, b_deg);
  for (std::uint64_t band = 0; band < kBands; ++band) {
    file_.open("dg").write<float>({{row, band, 0}, {1, 1, n_samples_}}, feed.gain_variation[band]);
  }
  const std::int64_t n_channels = n_channels_;
  for (const int index : feed.receiver.spiky_channels) {
    spiky_channels_.insert(spiky_channels_.end(), {feed.row, index / n_channels, index % n_channels});
  }
}

void TruthWriter::close() {
  write_rows(file_, "spiky_channels", 3, spiky_channels_, "feed_index band channel");
  file_.close();
}

}  // namespace comap::simulate
