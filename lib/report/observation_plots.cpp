#include "report/observation_plots.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <span>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "data/level2_datasets.hpp"
#include "io/hdf5/h5.hpp"
#include "io/level1/sample_times.hpp"
#include "io/plot/line_plot.hpp"
#include "math/median.hpp"
#include "report/calibrator_panels.hpp"
#include "stages/noise_stats_level2.hpp"

namespace comap {
namespace {

constexpr std::size_t kMaxPoints = 2500;  ///< of a curve; more cannot be seen
constexpr double kMilli = 1000.0;
constexpr std::string_view kFilteredName = "binned_filtered_data";
constexpr std::string_view kUnfilteredName = "binned_data";

struct Scan {
  std::size_t start;
  std::size_t end;
};

/// Choices of whoever asks for pictures.
struct PlotChoice {
  int frequency_band;
  const Level2Config& config;
  std::size_t element() const { return static_cast<std::size_t>(frequency_band); }
};

/// The part of the file that every picture needs.
struct Observed {
  explicit Observed(const std::string& path)
      : file(h5::File::open_read(path)),
        mjd(file.read<double>(level2::kMjd)),
        n_freq_bin(file.info(level2::kBinned).extent.at(2)) {
    const auto edges = file.read<std::int64_t>(level2::kScanEdges);
    for (std::size_t i = 0; i + 1 < edges.size(); i += 2) {
      scans.push_back({static_cast<std::size_t>(edges[i]), static_cast<std::size_t>(edges[i + 1])});
    }
    for (const std::int64_t feed : file.read<std::int64_t>(level2::kFeeds)) {
      if (feed >= 1 && feed <= kScienceFeeds) feeds.push_back(static_cast<std::size_t>(feed));
    }
    if (scans.empty() || feeds.empty() || mjd.size() < 2) {
      throw ObservationError(fmt::format("{}: no scan or no feed to show", path));
    }
  }

  double sample_time_s() const { return comap::sample_time_s(mjd); }
  double seconds(std::size_t sample) const { return (mjd[sample] - mjd.front()) * kSecondsPerDay; }

  /// One stream [sample] of level2/<dataset>.
  std::vector<float> stream(std::string_view dataset, std::size_t feed, std::size_t band, std::size_t sub_band) const {
    return file.read<float>(fmt::format("level2/{}", dataset), {{feed - 1, band, sub_band, 0}, {1, 1, 1, mjd.size()}});
  }
  /// [scan] of a dataset [19][4][n_freq_bin][n_scan].
  std::vector<double> of_scans(const std::string& dataset, std::size_t feed, std::size_t band,
                               std::size_t sub_band) const {
    return file.read<double>(dataset, {{feed - 1, band, sub_band, 0}, {1, 1, 1, scans.size()}});
  }

  h5::File file;
  std::vector<double> mjd;
  std::size_t n_freq_bin;
  std::vector<Scan> scans;
  std::vector<std::size_t> feeds;  ///< feed numbers
};

std::string feed_title(std::size_t feed) { return fmt::format("feed {}", feed); }

/// Time in seconds, and means over as many samples as make kMaxPoints of the observation; gaps between scans.
Curve time_curve(const Observed& observed, const std::vector<double>& values, std::string label, int colour) {
  Curve curve{std::move(label), {}, {}, CurveStyle::line, colour};
  const std::size_t step = std::max<std::size_t>(1, values.size() / kMaxPoints);
  for (const Scan& scan : observed.scans) {
    for (std::size_t first = scan.start; first < scan.end; first += step) {
      const std::size_t end = std::min(first + step, scan.end);
      double sum = 0.0;
      for (std::size_t i = first; i < end; ++i) sum += values[i];
      curve.x.push_back(observed.seconds(first));
      curve.y.push_back(sum / static_cast<double>(end - first));
    }
    curve.x.push_back(kNan);
    curve.y.push_back(kNan);
  }
  return curve;
}

/// Curves of one vane dataset against frequency, one for each band.
CurvePanel calibration_panel(const Observed& observed, std::size_t feed, std::size_t feed_row, std::string_view dataset,
                             std::string y_label) {
  CurvePanel panel{feed_title(feed), "frequency [GHz]", std::move(y_label), false, true, {}};
  const auto frequency_GHz = observed.file.read<double>("spectrometer/frequency");
  const std::size_t n_channels = frequency_GHz.size() / kBands;
  for (std::size_t band = 0; band < kBands; ++band) {
    const auto values = observed.file.read<float>(dataset, {{0, feed_row, band, 0}, {1, 1, 1, n_channels}});
    const auto first = frequency_GHz.begin() + static_cast<std::ptrdiff_t>(band * n_channels);
    panel.curves.push_back({feed_row == 0 ? fmt::format("band {}", band) : "",
                            {first, first + static_cast<std::ptrdiff_t>(n_channels)},
                            {values.begin(), values.end()},
                            CurveStyle::points,
                            static_cast<int>(band)});
  }
  return panel;
}

std::vector<CurvePanel> calibration_panels(const Observed& observed, const PlotChoice& /*choice*/) {
  const auto rows = observed.file.read<std::int64_t>(level2::kFeeds);
  std::vector<CurvePanel> panels;
  for (const std::size_t feed : observed.feeds) {
    const auto row = static_cast<std::size_t>(std::ranges::find(rows, static_cast<std::int64_t>(feed)) - rows.begin());
    panels.push_back(calibration_panel(observed, feed, row, level2::kSystemTemperature, "T_{sys} [K]"));
    panels.push_back(calibration_panel(observed, feed, row, level2::kGain, "gain [counts/K]"));
  }
  return panels;
}

/// Means over scans of one statistic, x = feed + element / number of elements.
Curve noise_curve(const Observed& observed, std::string_view dataset, const std::string& statistic, double scale,
                  int colour) {
  Curve curve{std::string(dataset), {}, {}, CurveStyle::points, colour};
  const std::size_t n_elements = kBands * observed.n_freq_bin;
  for (const std::size_t feed : observed.feeds) {
    for (std::size_t element = 0; element < n_elements; ++element) {
      const auto values = observed.of_scans(fmt::format("{}/{}/{}", level2::kNoiseStatsGroup, dataset, statistic), feed,
                                            element / observed.n_freq_bin, element % observed.n_freq_bin);
      curve.x.push_back(static_cast<double>(feed) + static_cast<double>(element) / static_cast<double>(n_elements));
      curve.y.push_back(scale * finite_mean(values));
    }
  }
  return curve;
}

std::vector<CurvePanel> noise_panels(const Observed& observed, const PlotChoice& /*choice*/) {
  struct Statistic {
    std::string name, label;
    double scale;
  };
  const std::vector<Statistic> statistics = {{"auto_rms", "auto rms [mK]", kMilli},
                                             {"sigma_white", "{/Symbol s}_{white} [mK]", kMilli},
                                             {"sigma_red", "{/Symbol s}_{red} at 0.1 Hz [mK]", kMilli},
                                             {"alpha", "{/Symbol a}", 1.0}};
  std::vector<CurvePanel> panels;
  for (const Statistic& statistic : statistics) {
    CurvePanel panel{statistic.name, "feed + sub-band", statistic.label, false, false, {}};
    int colour = 0;
    for (const std::string_view dataset : {kUnfilteredName, kFilteredName}) {
      panel.curves.push_back(noise_curve(observed, dataset, statistic.name, statistic.scale, colour++));
    }
    panels.push_back(std::move(panel));
  }
  return panels;
}

std::size_t longest_scan(const Observed& observed) {
  const auto shorter = [](const Scan& a, const Scan& b) { return a.end - a.start < b.end - b.start; };
  return static_cast<std::size_t>(std::ranges::max_element(observed.scans, shorter) - observed.scans.begin());
}

std::vector<double> elevation_of(const Observed& observed, std::size_t feed, const Scan& scan) {
  const auto rows = observed.file.read<std::int64_t>(level2::kFeeds);
  const auto row = static_cast<std::size_t>(std::ranges::find(rows, static_cast<std::int64_t>(feed)) - rows.begin());
  return observed.file.read<double>(level2::kElevation, {{row, scan.start}, {1, scan.end - scan.start}});
}

/// The spectrum of one scan, prepared as for the fit, and the stored model.
void add_spectrum(const Observed& observed, std::string_view dataset, std::size_t feed, const PlotChoice& choice,
                  CurvePanel& panel, int colour) {
  const std::size_t band = choice.element() / observed.n_freq_bin, sub_band = choice.element() % observed.n_freq_bin;
  const std::size_t index = longest_scan(observed);
  const Scan scan = observed.scans[index];
  const auto stream = observed.stream(dataset, feed, band, sub_band);
  const auto elevation_deg = elevation_of(observed, feed, scan);
  const auto values = std::span(stream).subspan(scan.start, scan.end - scan.start);
  const NoiseStatistics found =
      noise_statistics({values, elevation_deg, {}, observed.sample_time_s(), choice.config.noise_stats_level2.seed},
                       choice.config.noise_stats_level2);
  const auto statistic = [&](const char* name) {
    return observed.of_scans(fmt::format("{}/{}/{}", level2::kNoiseStatsGroup, dataset, name), feed, band,
                             sub_band)[index];
  };
  const double white = statistic("sigma_white"), red = statistic("sigma_red"), alpha = statistic("alpha");
  Curve spectrum{std::string(dataset), {}, {}, CurveStyle::points, colour};
  Curve model{"", {}, {}, CurveStyle::line, colour};
  for (const SpectrumBin& bin : found.spectrum) {
    spectrum.x.push_back(bin.frequency_Hz);
    spectrum.y.push_back(bin.power);
    model.x.push_back(bin.frequency_Hz);
    model.y.push_back(white * white +
                      red * red *
                          std::pow(bin.frequency_Hz / choice.config.noise_stats_level2.reference_frequency_Hz, alpha));
  }
  panel.curves.push_back(std::move(spectrum));
  panel.curves.push_back(std::move(model));
}

std::vector<CurvePanel> spectrum_panels(const Observed& observed, const PlotChoice& choice) {
  std::vector<CurvePanel> panels;
  for (const std::size_t feed : observed.feeds) {
    CurvePanel panel{feed_title(feed), "frequency [Hz]", "power [K^2]", true, true, {}};
    add_spectrum(observed, kUnfilteredName, feed, choice, panel, 0);
    add_spectrum(observed, kFilteredName, feed, choice, panel, 1);
    panels.push_back(std::move(panel));
  }
  return panels;
}

/// (unfiltered - filtered) / effective Tsys: the relative gain that was taken out of a band.
std::vector<double> gain_solution(const Observed& observed, std::size_t feed, std::size_t band) {
  const auto unfiltered = observed.stream(kUnfilteredName, feed, band, 0);
  const auto filtered = observed.stream(kFilteredName, feed, band, 0);
  const auto tsys_K = observed.of_scans(std::string(level2::kEffectiveTsys), feed, band, 0);
  std::vector<double> gain(unfiltered.size(), kNan);
  for (std::size_t scan = 0; scan < observed.scans.size(); ++scan) {
    for (std::size_t i = observed.scans[scan].start; i < observed.scans[scan].end; ++i) {
      gain[i] = (static_cast<double>(unfiltered[i]) - static_cast<double>(filtered[i])) / tsys_K[scan];
    }
  }
  return gain;
}

std::vector<CurvePanel> gain_panels(const Observed& observed, const PlotChoice& /*choice*/) {
  std::vector<CurvePanel> panels;
  for (const std::size_t feed : observed.feeds) {
    CurvePanel panel{feed_title(feed), "time [s]", "{/Symbol d}G/G", false, false, {}};
    for (std::size_t band = 0; band < kBands; ++band) {
      panel.curves.push_back(time_curve(observed, gain_solution(observed, feed, band), fmt::format("band {}", band),
                                        static_cast<int>(band)));
    }
    panels.push_back(std::move(panel));
  }
  return panels;
}

std::vector<CurvePanel> tod_panels(const Observed& observed, const PlotChoice& choice) {
  const std::size_t band = choice.element() / observed.n_freq_bin;
  const std::size_t sub_band = choice.element() % observed.n_freq_bin;
  std::vector<CurvePanel> panels;
  for (const std::size_t feed : observed.feeds) {
    CurvePanel panel{feed_title(feed), "time [s]", "T [K]", false, false, {}};
    int colour = 0;
    for (const std::string_view dataset : {kUnfilteredName, kFilteredName}) {
      const auto stream = observed.stream(dataset, feed, band, sub_band);
      panel.curves.push_back(time_curve(observed, {stream.begin(), stream.end()}, std::string(dataset), colour++));
    }
    panels.push_back(std::move(panel));
  }
  return panels;
}

std::vector<CurvePanel> fit_panels(const Observed& observed, const PlotChoice& choice) {
  return calibrator_panels(observed.file.path(), choice.frequency_band, choice.config.calibrator_fit);
}

/// How a picture is made.
struct Recipe {
  std::string name;
  std::string title;
  std::vector<std::string_view> datasets;  ///< that the file must have
  std::function<std::vector<CurvePanel>(const Observed&, const PlotChoice&)> panels;
  int n_columns;
};

const std::vector<Recipe>& recipes() {
  constexpr int kWide = 4;
  static const std::vector<Recipe> all = {
      {"calibration", "vane calibration", {level2::kSystemTemperature, level2::kGain}, calibration_panels, kWide},
      {"noise", "noise, means over scans", {level2::kNoiseStatsGroup}, noise_panels, 2},
      {"spectra", "power spectra of the longest scan", {level2::kNoiseStatsGroup}, spectrum_panels, kWide},
      {"gain", "gain solution", {level2::kEffectiveTsys}, gain_panels, kWide},
      {"tod", "binned data", {level2::kBinned, level2::kBinnedFiltered}, tod_panels, kWide},
      {"calibrator", "fit of the calibrator", {level2::kCalibratorFitGroup}, fit_panels, kWide},
  };
  return all;
}

}  // namespace

std::vector<ObservationPicture> observation_pictures(const std::string& level2_path, int frequency_band,
                                                     const Level2Config& config) {
  const PlotChoice choice{frequency_band, config};
  const Observed observed(level2_path);
  const auto source = observed.file.attribute("comap", "source");
  const std::string what = fmt::format("{} ({})", std::filesystem::path(level2_path).stem().string(),
                                       source ? h5::to_text(*source) : "unknown source");
  std::vector<ObservationPicture> pictures;
  for (const Recipe& recipe : recipes()) {
    const auto is_there = [&](std::string_view dataset) { return observed.file.exists(dataset); };
    if (!std::ranges::all_of(recipe.datasets, is_there)) continue;
    auto panels = recipe.panels(observed, choice);
    const int n_columns = std::min(recipe.n_columns, static_cast<int>(panels.size()));
    pictures.push_back({recipe.name, fmt::format("{}: {}", what, recipe.title), std::move(panels), n_columns});
  }
  return pictures;
}

std::vector<std::string> plot_observation(const std::string& level2_path, const std::string& directory,
                                          int frequency_band, const Level2Config& config) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw IoError(fmt::format("{}: cannot create the directory: {}", directory, error.message()));
  std::vector<std::string> written;
  for (const ObservationPicture& picture : observation_pictures(level2_path, frequency_band, config)) {
    const std::string path = (std::filesystem::path(directory) / (picture.name + ".png")).string();
    write_line_plot(path, picture.title, picture.panels, picture.n_columns);
    written.push_back(path);
  }
  return written;
}

}  // namespace comap
