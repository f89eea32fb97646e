#include "map/plan/level2_traits.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "core/constants.hpp"
#include "core/json_text.hpp"
#include "io/level2/stage_record.hpp"
#include "math/median.hpp"

namespace comap {
namespace {

constexpr auto kFrequencyDataset = "spectrometer/frequency";  // GHz [band][channel]

/// Mean of the channels of a half band; NaN where the file has no such channels.
double centre_of_channels_GHz(const Level2Reader& file, const std::vector<double>& frequency_GHz, int frequency_band) {
  const std::size_t n = frequency_GHz.size() / file.n_frequency_bands();
  double sum_GHz = 0.0;
  for (std::size_t i = 0; i < n; ++i) sum_GHz += frequency_GHz[frequency_band * n + i];
  return n > 0 ? sum_GHz / static_cast<double>(n) : kNan;
}

std::vector<double> centres_GHz(const MapmakeConfig& config, const Level2Reader& file) {
  std::vector<double> channels_GHz;
  std::vector<double> centres;
  for (const int band : config.bands) {
    std::vector<double> of_feeds;
    for (const int feed : config.feeds) {
      const double centre_GHz = file.passband(feed, band).centre_GHz;
      if (file.has_feed(feed) && std::isfinite(centre_GHz)) of_feeds.push_back(centre_GHz);
    }
    if (of_feeds.empty() && channels_GHz.empty() && file.file().exists(kFrequencyDataset)) {
      channels_GHz = file.file().read<double>(kFrequencyDataset);
    }
    centres.push_back(of_feeds.empty() ? centre_of_channels_GHz(file, channels_GHz, band) : upper_median(of_feeds));
  }
  return centres;
}

/// "0.2.0", or "0.2.0 (3 files), 0.3.0 (1 file)"
std::string with_counts(const std::map<std::string, std::int64_t>& values) {
  if (values.size() == 1) return values.begin()->first;
  std::string text;
  for (const auto& [value, n] : values) {
    text += fmt::format("{}{} ({} file{})", text.empty() ? "" : ", ", value, n, n == 1 ? "" : "s");
  }
  return text;
}

}  // namespace

Level2Traits traits_of(const MapmakeConfig& config, const Level2Reader& file, const FileIdentity& identity) {
  Level2Traits traits;
  traits.identity = identity;
  traits.obsid = file.obsid();
  const std::vector<double>& mjd = file.mjd();
  if (!mjd.empty()) {
    traits.first_mjd = mjd.front();
    traits.last_mjd = mjd.back();
  }
  traits.n_freq_bin = file.n_freq_bin();
  if (const auto unit = file.file().attribute("level2/" + config.dataset, "unit")) traits.unit = h5::to_text(*unit);
  traits.centre_GHz = centres_GHz(config, file);
  nlohmann::json settings = nlohmann::json::object();
  for (const auto& [stage, record] : read_stage_records(file.file())) {
    settings[stage] = {{"parameters", record.parameters}, {"version", record.software_version}};
    if (stage == "gain_filter") traits.gain_filter = json_text(record.parameters);
  }
  traits.settings = std::make_shared<const std::string>(json_text(settings));
  return traits;
}

std::vector<std::string> common_settings(const std::vector<const std::string*>& settings) {
  std::map<std::string, std::int64_t> texts, versions;
  for (const std::string* text : settings) ++texts[*text];
  std::map<std::string, std::map<std::string, std::map<std::string, std::int64_t>>> values;  // [stage][key][value]
  for (const auto& [text, n] : texts) {
    const auto stages = nlohmann::json::parse(text);
    if (stages.empty()) versions["not told"] += n;
    std::map<std::string, std::int64_t> of_file;
    for (const auto& [stage, record] : stages.items()) {
      of_file[record.at("version").get<std::string>()] = n;
      values[stage];
      for (const auto& [key, value] : record.at("parameters").items()) values[stage][key][json_text(value)] += n;
    }
    for (const auto& [version, files] : of_file) versions[version] += files;
  }
  std::vector<std::string> lines = {fmt::format("made by version {}", with_counts(versions))};
  for (const auto& [stage, keys] : values) {
    std::string line = stage + ":";
    for (const auto& [key, of_key] : keys) {
      line += fmt::format("{} {} {}", line.back() == ':' ? "" : ",", key, with_counts(of_key));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace comap
