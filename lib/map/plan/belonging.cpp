#include "map/plan/belonging.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "io/level1/level1_identity.hpp"

namespace comap {
namespace {

/// Masked channels move the mean frequency of a half band, but not by an eighth of a band.
constexpr double kSameFrequency_GHz = 0.25;

using Survey = std::vector<SurveyedObservation>;

void leave_out(SurveyedObservation& observation, Exclusion reason, bool is_bad, const std::string& text) {
  leave_out_observation(observation, reason, text);
  observation.outcome.bad_file = is_bad;
}

void leave_out_exchanged(const std::vector<MapObservation>& observations, Survey& survey) {
  for (std::size_t i = 0; i < survey.size(); ++i) {
    const std::int64_t of_row = observations[i].observation.obsid;
    const std::int64_t of_file = survey[i].traits.obsid;
    if (!survey[i].outcome.used || of_row < 0 || of_file < 0 || of_row == of_file) continue;
    leave_out(survey[i], Exclusion::other_observation, true,
              fmt::format("{}: is of obsid {}, and the catalogue has it for {}; run catalogue verify",
                          observations[i].observation.level2_path, of_file, of_row));
  }
}

void leave_out_doubles(const std::vector<MapObservation>& observations, Survey& survey) {
  std::map<std::int64_t, std::size_t> by_obsid;
  std::map<std::pair<double, double>, std::size_t> by_time;
  for (std::size_t i = 0; i < survey.size(); ++i) {
    const Level2Traits& traits = survey[i].traits;
    if (!survey[i].outcome.used) continue;
    std::optional<std::size_t> first;
    // There is one telescope: what was observed at the same times is the same, whatever its number.
    if (std::isfinite(traits.first_mjd) && traits.first_mjd < traits.last_mjd) {
      const auto [found, is_new] = by_time.try_emplace({traits.first_mjd, traits.last_mjd}, i);
      if (!is_new) first = found->second;
    }
    if (traits.obsid >= 0) {
      const auto [found, is_new] = by_obsid.try_emplace(traits.obsid, i);
      if (!is_new) first = found->second;
    }
    if (!first) continue;
    const bool has_two_numbers = survey[*first].traits.obsid != traits.obsid;
    leave_out(survey[i], Exclusion::same_observation, false,
              fmt::format("{}: obsid {} is used already{}, from {}", observations[i].observation.level2_path,
                          traits.obsid, has_two_numbers ? " under another number, by its times" : "",
                          observations[*first].observation.level2_path));
  }
}

/// How the first of two files differs from the second; empty for files that belong together.
using Difference = std::string (*)(const Level2Traits& of, const Level2Traits& from);
/// Whether a file says anything of the property: one that does not has no vote, and is of no other kind.
using Tells = bool (*)(const Level2Traits& traits);

bool tells_half_bands(const Level2Traits& /*traits*/) { return true; }
bool tells_unit(const Level2Traits& traits) { return !traits.unit.empty(); }
bool tells_gain_filter(const Level2Traits& traits) { return !traits.gain_filter.empty(); }
bool tells_frequencies(const Level2Traits& traits) {
  return std::ranges::any_of(traits.centre_GHz, [](double centre_GHz) { return std::isfinite(centre_GHz); });
}

std::string half_band_difference(const Level2Traits& of, const Level2Traits& from) {
  if (of.n_freq_bin == from.n_freq_bin) return "";
  return fmt::format("{} half bands of a band, not {}", of.n_freq_bin, from.n_freq_bin);
}

std::string unit_difference(const Level2Traits& of, const Level2Traits& from) {
  if (of.unit == from.unit) return "";
  return fmt::format("samples in {}, not {}", of.unit, from.unit);
}

std::string frequency_difference(const Level2Traits& of, const Level2Traits& from) {
  for (std::size_t band = 0; band < std::min(of.centre_GHz.size(), from.centre_GHz.size()); ++band) {
    const double is_GHz = of.centre_GHz[band], expected_GHz = from.centre_GHz[band];
    if (!(std::abs(is_GHz - expected_GHz) > kSameFrequency_GHz)) continue;
    return fmt::format("a frequency_band at {:.3f} GHz, not {:.3f} GHz", is_GHz, expected_GHz);
  }
  return "";
}

/// Keys that only one of them has came with a version of the program.
std::string gain_filter_difference(const Level2Traits& of, const Level2Traits& from) {
  if (of.gain_filter == from.gain_filter) return "";
  const auto expected = nlohmann::json::parse(from.gain_filter);
  std::string text;
  const auto mine = nlohmann::json::parse(of.gain_filter);
  for (const auto& [key, value] : mine.items()) {
    const auto other = expected.find(key);
    if (other == expected.end() || *other == value) continue;
    text += fmt::format("{}gain_filter.{} {}, not {}", text.empty() ? "" : ", ", key, value.dump(), other->dump());
  }
  return text;
}

/// Observations that are used, files that belong together in one group.
std::vector<std::vector<std::size_t>> grouped(const Survey& survey, Tells tells, Difference difference) {
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < survey.size(); ++i) {
    if (!survey[i].outcome.used || !tells(survey[i].traits)) continue;
    const auto group = std::ranges::find_if(groups, [&](const auto& members) {
      return difference(survey[i].traits, survey[members.front()].traits).empty();
    });
    if (group == groups.end()) {
      groups.push_back({i});
    } else {
      group->push_back(i);
    }
  }
  return groups;
}

void keep_majority(const std::vector<MapObservation>& observations, Tells tells, Difference difference,
                   Exclusion reason, Survey& survey) {
  auto groups = grouped(survey, tells, difference);
  if (groups.size() < 2) return;
  std::ranges::stable_sort(groups, std::greater<>(), &std::vector<std::size_t>::size);
  const bool has_majority = groups[0].size() > groups[1].size();
  // A file that is left out has no traits any more.
  const std::array<Level2Traits, 2> largest = {survey[groups[0].front()].traits, survey[groups[1].front()].traits};
  for (const std::vector<std::size_t>& group : groups) {
    const std::size_t other = &group == &groups[0] ? 1 : 0;
    const std::vector<std::size_t>& others = groups[other];
    if (has_majority && other == 1) continue;
    const Level2Traits of = survey[group.front()].traits;
    const Level2Traits& from = largest[other];
    for (const std::size_t i : group) {
      leave_out(survey[i], reason, true,
                fmt::format("{}: {} as in {} other file{}{}; select files of one kind, or run level2 again",
                            observations[i].observation.level2_path, difference(of, from), others.size(),
                            others.size() == 1 ? "" : "s", has_majority ? "" : ", and there is no majority"));
    }
  }
}

void note_oddities(const std::vector<MapObservation>& observations, Survey& survey) {
  for (std::size_t i = 0; i < survey.size(); ++i) {
    const Level2Traits& traits = survey[i].traits;
    if (!survey[i].outcome.used) continue;
    const std::string& path = observations[i].observation.level2_path;
    const std::int64_t of_name = obsid_of_file_name(path);
    if (of_name >= 0 && traits.obsid >= 0 && of_name != traits.obsid) {
      survey[i].outcome.oddity = fmt::format("{}: is of obsid {}, as which it is used", path, traits.obsid);
    }
  }
}

}  // namespace

void leave_out_strangers(const std::vector<MapObservation>& observations, SampleSource source, Survey& survey) {
  leave_out_exchanged(observations, survey);
  leave_out_doubles(observations, survey);
  keep_majority(observations, tells_half_bands, half_band_difference, Exclusion::other_half_bands, survey);
  keep_majority(observations, tells_unit, unit_difference, Exclusion::other_unit, survey);
  keep_majority(observations, tells_frequencies, frequency_difference, Exclusion::other_frequencies, survey);
  if (source == SampleSource::level2) {
    keep_majority(observations, tells_gain_filter, gain_filter_difference, Exclusion::other_gain_filter, survey);
  }
  note_oddities(observations, survey);
}

}  // namespace comap
