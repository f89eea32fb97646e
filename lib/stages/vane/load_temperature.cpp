#include "stages/vane/load_temperature.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "core/constants.hpp"
#include "math/median.hpp"

namespace comap {
namespace {

constexpr double kNoReading_C = 0.0;

struct Reading {
  const char* sensor;
  double temperature_C;  ///< median of all rows, for the text when it is not believed
  bool is_plausible = false;
  int n_agreeing = 0;  ///< plausible sensors that say the same, itself included
};

Reading read_sensor(const char* sensor, std::span<const double> rows_C, const SystemTemperatureConfig& config) {
  std::vector<double> plausible_C;
  for (const double value : rows_C) {
    const bool is_within = value >= config.min_vane_temperature_C && value <= config.max_vane_temperature_C;
    if (is_within && value != kNoReading_C) plausible_C.push_back(value);
  }
  Reading reading{sensor, median(rows_C)};
  reading.is_plausible = !plausible_C.empty() && 2 * plausible_C.size() >= rows_C.size();
  if (reading.is_plausible) reading.temperature_C = median(std::span<const double>(plausible_C));
  return reading;
}

/// Rows of the vane's housekeeping in an event [first, end); all where there are none.
std::array<std::size_t, 2> rows_of_event(const Level1Metadata& level1, SampleRange event, double delay_s) {
  const std::vector<double>& times = level1.vane.utc_mjd;
  const double delay_d = delay_s / kSecondsPerDay;
  const double start = level1.mjd[event[0]] + delay_d;
  const double end = level1.mjd[event[1] - 1] + delay_d;
  const auto first = std::ranges::lower_bound(times, start) - times.begin();
  const auto last = std::ranges::upper_bound(times, end) - times.begin();
  if (first >= last) return {0, times.size()};
  return {static_cast<std::size_t>(first), static_cast<std::size_t>(last)};
}

std::vector<Reading> read_sensors(const Level1Metadata& level1, SampleRange event,
                                  const SystemTemperatureConfig& config) {
  const auto [first, end] = rows_of_event(level1, event, config.hk_time_offset_s);
  const auto rows = [first = first, end = end](const std::vector<double>& column) {
    return std::span(column).subspan(first, end - first);
  };
  std::vector<Reading> readings = {read_sensor("Tshroud", rows(level1.vane.shroud_temperature_C), config),
                                   read_sensor("Tvane", rows(level1.vane.vane_temperature_C), config),
                                   read_sensor("Tambient", rows(level1.vane.ambient_temperature_C), config),
                                   read_sensor("airTemperature", level1.air_temperature_C, config)};
  for (Reading& one : readings) {
    if (!one.is_plausible) continue;
    one.n_agreeing = static_cast<int>(std::ranges::count_if(readings, [&](const Reading& other) {
      return other.is_plausible && std::abs(other.temperature_C - one.temperature_C) <= config.max_vane_disagreement_K;
    }));
  }
  return readings;
}

Trouble trouble_of(const std::vector<Reading>& readings, const char* taken) {
  std::string what;
  for (const Reading& reading : readings) {
    if (std::isnan(reading.temperature_C)) continue;
    what += fmt::format("{}{} {:.2f} C", what.empty() ? "" : ", ", reading.sensor, reading.temperature_C);
  }
  return {TroubleKind::vane_temperature, "system_temperature", "hk/antenna0/vane/Tshroud",
          "sensors of the load that cannot all be right: " + what,
          taken == nullptr ? "none is believed" : fmt::format("{} is taken as the load's temperature", taken)};
}

}  // namespace

LoadTemperature load_temperature(const Level1Metadata& level1, SampleRange event,
                                 const SystemTemperatureConfig& config) {
  const std::vector<Reading> readings = read_sensors(level1, event, config);
  const auto best = std::ranges::max_element(readings, {}, &Reading::n_agreeing);
  const auto n_plausible = std::ranges::count_if(readings, &Reading::is_plausible);
  // One sensor alone is believed when no other speaks; of several one that another confirms.
  if (best->n_agreeing == 0 || (best->n_agreeing == 1 && n_plausible > 1)) {
    return {kNan, trouble_of(readings, nullptr)};
  }
  LoadTemperature result{best->temperature_C + kZeroCelsius_K, std::nullopt};
  const bool is_contradicted = std::ranges::any_of(readings, [&](const Reading& other) {
    const bool differs = std::abs(other.temperature_C - best->temperature_C) > config.max_vane_disagreement_K;
    return differs && other.is_plausible;
  });
  if (best != readings.begin() || best->n_agreeing == 1 || is_contradicted) {
    result.trouble = trouble_of(readings, best->sensor);
  }
  return result;
}

std::vector<Trouble> odd_temperatures(const Level1Metadata& level1, const SystemTemperatureConfig& config) {
  const std::array<std::pair<const char*, const std::vector<double>*>, 3> sensors = {
      {{"Tshroud", &level1.vane.shroud_temperature_C},
       {"Tvane", &level1.vane.vane_temperature_C},
       {"Tambient", &level1.vane.ambient_temperature_C}}};
  std::vector<Trouble> troubles;
  for (const auto& [sensor, rows_C] : sensors) {
    const auto n_odd = std::ranges::count_if(*rows_C, [&](double value) {
      return !(value >= config.min_vane_temperature_C && value <= config.max_vane_temperature_C);
    });
    if (n_odd == 0 || 2 * n_odd > std::ssize(*rows_C)) continue;
    troubles.push_back({TroubleKind::vane_temperature, "system_temperature", fmt::format("hk/antenna0/vane/{}", sensor),
                        fmt::format("{} of {} rows are outside {:g} to {:g} deg C", n_odd, rows_C->size(),
                                    config.min_vane_temperature_C, config.max_vane_temperature_C),
                        "these rows do not count"});
  }
  return troubles;
}

}  // namespace comap
