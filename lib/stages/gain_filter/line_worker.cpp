#include "stages/gain_filter/line_worker.hpp"

#include "stages/gain_filter/line_filter.hpp"

namespace comap {

void LineWorker::begin_scan() {
  sub_bands_.resize(products().n_sub_bands());
  for (SubBand& sub_band : sub_bands_) sub_band = {};
}

void LineWorker::add_sub_band(const SubBandRows& rows) {
  SubBand& target = sub_bands_[rows.sub_band];
  const auto in_line = line_channels(observation().level1.frequencies_GHz(rows.band), config().line_mask);
  std::vector<ChannelSamples> fit_rows, line_rows;
  std::vector<double> fit_s, fit_x;
  std::vector<std::array<float, 1>> line_s;
  for (std::size_t i = 0; i < rows.channels.size(); ++i) {
    const double s = 1.0 / rows.system_temperature_K[i];
    const double x = log_frequency(rows.frequency_GHz[i]);
    target.all.add(s, x);
    if (in_line[rows.channels[i]] != 0) {
      line_rows.push_back(rows.rows[i]);
      line_s.push_back({static_cast<float>(s)});
    } else {
      fit_rows.push_back(rows.rows[i]);
      fit_s.push_back(s);
      fit_x.push_back(x);
    }
  }
  add_channels(fit_rows, fit_s, fit_x, scan().n_samples, target.fit);
  target.sum_sy = target.fit.sums[1];
  add_channel_sums<1>(line_rows, line_s, scan().n_samples, {target.sum_sy.data()});
  products().add_frequencies(rows);
}

void LineWorker::finish_scan() {
  for (std::size_t band = 0; band < kBands; ++band) finish_band(band);
}

void LineWorker::finish_band(std::size_t band) {
  const std::size_t n_freq_bin = config().n_freq_bin;
  TemplateSums fit;
  for (std::size_t i = band * n_freq_bin; i < (band + 1) * n_freq_bin; ++i) {
    if (!sub_bands_[i].sum_sy.empty()) fit += sub_bands_[i].fit;
  }
  const auto continuum = fit_continuum(fit);
  for (std::size_t i = band * n_freq_bin; i < (band + 1) * n_freq_bin; ++i) {
    if (!sub_bands_[i].sum_sy.empty()) store(i, fit.moments, continuum);
  }
}

void LineWorker::store(std::size_t sub_band, const ChannelMoments& fit,
                       const std::array<std::vector<double>, 3>& continuum) {
  const SubBand& source = sub_bands_[sub_band];
  const ChannelMoments& all = source.all;
  products().set_sub_band(sub_band, scan().index, all.s / all.ss,
                          white_variance() * line_noise_variance(all, source.fit.moments, fit));
  const std::span<float> unfiltered = products().unfiltered(sub_band, scan().start, scan().n_samples);
  const std::span<float> filtered = products().filtered(sub_band, scan().start, scan().n_samples);
  for (std::size_t t = 0; t < scan().n_samples; ++t) {
    const double model = continuum[0][t] * all.s + continuum[1][t] * all.ss + continuum[2][t] * all.ssx;
    unfiltered[t] = static_cast<float>(source.sum_sy[t] / all.ss);
    filtered[t] = static_cast<float>((source.sum_sy[t] - model) / all.ss);
  }
}

}  // namespace comap
