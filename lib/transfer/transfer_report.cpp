#include "transfer/transfer_report.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/text_file.hpp"
#include "core/version.hpp"
#include "io/plot/line_plot.hpp"

namespace comap {
namespace {

std::string tsv_of(const TransferReport& report) {
  std::string text = "frequency_band\tangular_scale_arcmin\tmultipole\tn_modes\ttransfer\terror\n";
  for (const BandTransfer& band : report.bands) {
    for (const TransferBin& bin : band.function.bins) {
      text += fmt::format("{}\t{:.3f}\t{:.1f}\t{:.1f}\t{:.6f}\t{:.6f}\n", band.frequency_band, bin.angular_scale_arcmin,
                          bin.multipole, bin.n_modes, bin.transfer, bin.error);
    }
  }
  return text;
}

nlohmann::ordered_json json_of(const TransferBin& bin) {
  return {{"angular_scale_arcmin", bin.angular_scale_arcmin},
          {"multipole", bin.multipole},
          {"min_multipole", bin.min_multipole},
          {"max_multipole", bin.max_multipole},
          {"n_modes", bin.n_modes},
          {"transfer", bin.transfer},
          {"error", bin.error}};
}

std::string json_text(const TransferReport& report, const std::string& config_text) {
  nlohmann::ordered_json json = {{"software_version", software_version()},
                                 {"injected_rms_K", report.rms_K},
                                 {"injected_slope", report.slope},
                                 {"realisations", report.n_realisations},
                                 {"obsids", report.obsids}};
  json["bands"] = nlohmann::ordered_json::array();
  for (const BandTransfer& band : report.bands) {
    nlohmann::ordered_json bins = nlohmann::ordered_json::array();
    for (const TransferBin& bin : band.function.bins) bins.push_back(json_of(bin));
    json["bands"].push_back(
        {{"frequency_band", band.frequency_band}, {"all_scales", json_of(band.function.all)}, {"bins", bins}});
  }
  json["configuration"] = config_text;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

/// The points of a band joined by lines, and its error bars.
void add_curves(const BandTransfer& band, int colour, CurvePanel& panel) {
  Curve points{fmt::format("frequency band {}", band.frequency_band), {}, {}, CurveStyle::line, colour};
  Curve dots{"", {}, {}, CurveStyle::points, colour};
  Curve bars{"", {}, {}, CurveStyle::line, colour};
  for (const TransferBin& bin : band.function.bins) {
    const double scale = bin.angular_scale_arcmin;
    points.x.push_back(scale);
    points.y.push_back(bin.transfer);
    bars.x.insert(bars.x.end(), {scale, scale, kNan});
    bars.y.insert(bars.y.end(), {bin.transfer - bin.error, bin.transfer + bin.error, kNan});
  }
  dots.x = points.x;
  dots.y = points.y;
  for (Curve* curve : {&points, &dots, &bars}) panel.curves.push_back(std::move(*curve));
}

void draw(const TransferReport& report, const std::string& path) {
  constexpr int kGrey = 7;
  CurvePanel panel{
      "recovered over injected sky", "angular scale, half a wave [arcmin]", "transfer function", true, false, {}};
  double largest = 1.0, smallest = 1e9;
  for (const BandTransfer& band : report.bands) {
    add_curves(band, band.frequency_band, panel);
    for (const TransferBin& bin : band.function.bins) {
      if (!std::isfinite(bin.transfer)) continue;
      largest = std::max(largest, bin.angular_scale_arcmin);
      smallest = std::min(smallest, bin.angular_scale_arcmin);
    }
  }
  panel.curves.push_back({"", {smallest, largest}, {1.0, 1.0}, CurveStyle::line, kGrey});
  write_line_plot(
      path,
      fmt::format("Transfer function, {} observations, {} realisations", report.obsids.size(), report.n_realisations),
      {panel}, 1);
}

}  // namespace

std::string table_of(const TransferReport& report) {
  std::string text = fmt::format("{:>4} {:>12} {:>10} {:>10} {:>10} {:>10}\n", "band", "scale/arcmin", "multipole",
                                 "modes", "transfer", "error");
  for (const BandTransfer& band : report.bands) {
    for (const TransferBin& bin : band.function.bins) {
      text += fmt::format("{:>4} {:>12.2f} {:>10.0f} {:>10.1f} {:>10.4f} {:>10.4f}\n", band.frequency_band,
                          bin.angular_scale_arcmin, bin.multipole, bin.n_modes, bin.transfer, bin.error);
    }
    const TransferBin& all = band.function.all;
    text += fmt::format("{:>4} {:>12} {:>10} {:>10.1f} {:>10.4f} {:>10.4f}\n", band.frequency_band, "all", "",
                        all.n_modes, all.transfer, all.error);
  }
  return text;
}

void write_report(const TransferReport& report, const std::string& config_text, const std::string& stem) {
  write_text_file(stem + ".tsv", tsv_of(report));
  write_text_file(stem + ".json", json_text(report, config_text));
  try {
    draw(report, stem + ".png");
  } catch (const IoError& error) {
    log_warning("{}; the tables are complete", error.what());
  }
}

}  // namespace comap
