#include "map/plan/map_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <numeric>
#include <tuple>

#include "core/error.hpp"
#include "core/message.hpp"
#include "io/level2/stage_record.hpp"
#include "map/plan/belonging.hpp"

namespace comap {
namespace {

constexpr double kTolerableImbalance = 1.1;  // samples of the busiest rank over the mean

void refuse(SurveyedObservation& result, Exclusion reason, const std::string& detail) {
  result.outcome.used = false;
  result.outcome.bad_file =
      reason == Exclusion::file_missing || reason == Exclusion::file_unreadable || reason == Exclusion::dataset_missing;
  result.outcome.reason = detail;
  result.counts[place_of(reason)] = 1;
}

void note_unread(const MapmakeConfig& config, const Level2Reader& file, const ScanSelection& selection, int feed,
                 SurveyedObservation& result) {
  for (const int band : config.bands) {
    ScanCuts cuts{.feed = feed, .frequency_band = band};
    if (!file.has_feed(feed)) {
      cuts.scan = -1;
      cuts.reason = static_cast<std::int32_t>(Exclusion::feed_absent);
      result.unread.push_back(cuts);
      continue;
    }
    const std::vector<std::uint8_t> flags = file.read_flags(feed, band);
    for (std::size_t scan = 0; scan < file.scans().size(); ++scan) {
      const auto [start, end] = file.scans()[scan];
      cuts.scan = static_cast<std::int32_t>(scan);
      cuts.reason = static_cast<std::int32_t>(*selection.reason(feed, band, scan));
      cuts.n_samples = end - start;
      result.unread.push_back(cuts);
      count_flags(std::span(flags).subspan(start, end - start), result.unread.back());
    }
  }
}

void look_into_file(const MapmakeConfig& config, const IoConfig& io, const MapObservation& offered,
                    SurveyedObservation& result) {
  const auto [file, identity] = open_level2_first(io, offered.observation.level2_path, config.dataset);
  const ScanSelection selection(config, offered, file);
  result.traits = traits_of(config, file, identity);
  result.outcome.troubles = read_troubles(file.file());
  result.counts = selection.counts();
  result.n_scans = selection.n_scans_used();
  result.n_without_sigma_red = selection.n_without_sigma_red();
  result.n_samples = selection.n_samples_used();
  for (const int feed : config.feeds) {
    if (selection.feed_used(feed)) {
      result.feeds.push_back(feed);
    } else {
      note_unread(config, file, selection, feed, result);
    }
  }
  result.outcome.used = result.n_scans > 0;
  result.outcome.reason = result.outcome.used
                              ? fmt::format("{} feeds, {} scans in the file, {} scans of a feed and band used",
                                            result.feeds.size(), file.scans().size(), result.n_scans)
                              : "no scan of any feed and band passes the selection";
}

SurveyedObservation survey_one(const MapmakeConfig& config, const IoConfig& io, const MapObservation& offered) {
  SurveyedObservation result;
  result.outcome.obsid = offered.observation.obsid;
  const std::string& path = offered.observation.level2_path;
  if (path.empty()) {
    refuse(result, Exclusion::no_path, "no Level-2 file in the catalogue; run level2");
  } else if (all_flags_bad(config, offered.flags)) {
    refuse(result, Exclusion::all_flags_bad, "every wanted feed and band is flagged bad");
  } else if (std::error_code ignored; !std::filesystem::exists(path, ignored)) {
    refuse(result, Exclusion::file_missing, fmt::format("{}: the file does not exist", path));
  } else if (!offered.deadly.empty()) {
    refuse(result, Exclusion::file_unreadable, fmt::format("{}: {}", path, offered.deadly));
  } else {
    try {
      look_into_file(config, io, offered, result);
    } catch (const ObservationError& error) {
      refuse(result, Exclusion::dataset_missing, error.what());
    } catch (const IoError& error) {
      refuse(result, Exclusion::file_unreadable, error.what());
    }
  }
  return result;
}

/// The settings of most files are alike: their texts travel once.
class SettingsTexts {
 public:
  std::size_t index_of(const std::shared_ptr<const std::string>& text) {
    const auto [found, is_new] = index_.try_emplace(text ? *text : "{}", texts_.size());
    if (is_new) texts_.push_back(found->first);
    return found->second;
  }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::map<std::string, std::size_t> index_;
  std::vector<std::string> texts_;
};

/// The findings of all ranks, in the order of the observations. Collective.
std::vector<SurveyedObservation> gathered(const std::vector<SurveyedObservation>& mine, std::size_t n_observations,
                                          const Communicator& ranks) {
  SettingsTexts texts;
  std::vector<std::size_t> indices;
  for (const SurveyedObservation& surveyed : mine) indices.push_back(texts.index_of(surveyed.traits.settings));
  using Found = std::tuple<std::vector<SurveyedObservation>, std::vector<std::size_t>, std::vector<std::string>>;
  const std::size_t n_ranks = ranks.size();
  std::vector<SurveyedObservation> survey(n_observations);
  std::size_t rank = 0;
  for (const Bytes& bytes : ranks.all_gather(pack(std::tie(mine, indices, texts.texts())))) {
    auto [surveyed, settings, texts_of_rank] = unpack<Found>(bytes);
    std::vector<std::shared_ptr<const std::string>> shared;
    for (std::string& text : texts_of_rank) shared.push_back(std::make_shared<const std::string>(std::move(text)));
    for (std::size_t i = 0; i < surveyed.size(); ++i) {
      surveyed[i].traits.settings = shared.at(settings.at(i));
      survey.at(rank + i * n_ranks) = std::move(surveyed[i]);
    }
    ++rank;
  }
  return survey;
}

/// Work that is not divided further.
struct Piece {
  std::size_t observation;
  std::vector<int> feeds;
  std::int64_t n_samples;
};

std::vector<Piece> pieces_of(const std::vector<SurveyedObservation>& survey, bool single_feeds) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < survey.size(); ++i) {
    const SurveyedObservation& observation = survey[i];
    if (!observation.outcome.used) continue;
    if (!single_feeds) {
      pieces.push_back({i, observation.feeds, observation.n_samples});
      continue;
    }
    const std::int64_t per_feed = observation.n_samples / std::ssize(observation.feeds);
    for (const int feed : observation.feeds) pieces.push_back({i, {feed}, per_feed});
  }
  return pieces;
}

/// Rank of every piece, largest pieces first, each to the rank with the least so far.
std::vector<std::size_t> assign(const std::vector<Piece>& pieces, std::size_t n_ranks,
                                std::vector<std::int64_t>& load) {
  std::vector<std::size_t> order(pieces.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return pieces[i].n_samples; });
  load.assign(n_ranks, 0);
  std::vector<std::size_t> rank(pieces.size());
  for (const std::size_t i : order) {
    rank[i] = std::ranges::min_element(load) - load.begin();
    load[rank[i]] += pieces[i].n_samples;
  }
  return rank;
}

bool is_balanced(const std::vector<std::int64_t>& load) {
  const auto total = std::accumulate(load.begin(), load.end(), std::int64_t{0});
  const double mean = static_cast<double>(total) / static_cast<double>(load.size());
  return static_cast<double>(std::ranges::max(load)) <= kTolerableImbalance * mean;
}

}  // namespace

std::vector<SurveyedObservation> survey_observations(const MapmakeConfig& config, const IoConfig& io,
                                                     const std::vector<MapObservation>& observations,
                                                     const Communicator& ranks, SampleSource source) {
  const std::size_t n_ranks = ranks.size();
  const std::size_t rank = ranks.rank();
  std::vector<SurveyedObservation> mine;
  for (std::size_t i = rank; i < observations.size(); i += n_ranks) {
    mine.push_back(survey_one(config, io, observations[i]));
    for (ScanCuts& cuts : mine.back().unread) cuts.observation = i;
  }
  std::vector<SurveyedObservation> survey = gathered(mine, observations.size(), ranks);
  for (std::size_t i = 0; i < mine.size(); ++i) survey[rank + i * n_ranks].unread = std::move(mine[i].unread);
  leave_out_strangers(observations, source, survey);
  return survey;
}

std::vector<std::vector<MapUnit>> distribute(const std::vector<SurveyedObservation>& survey, int n_ranks) {
  std::vector<std::int64_t> load;
  std::vector<Piece> pieces = pieces_of(survey, false);
  std::vector<std::size_t> rank = assign(pieces, n_ranks, load);
  if (!is_balanced(load)) {
    pieces = pieces_of(survey, true);
    rank = assign(pieces, n_ranks, load);
  }
  std::vector<std::vector<MapUnit>> units(n_ranks);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    std::vector<MapUnit>& of_rank = units[rank[i]];
    if (of_rank.empty() || of_rank.back().observation != pieces[i].observation) {
      of_rank.push_back({pieces[i].observation, {}, survey[pieces[i].observation].traits.identity});
    }
    of_rank.back().feeds.insert(of_rank.back().feeds.end(), pieces[i].feeds.begin(), pieces[i].feeds.end());
  }
  return units;
}

}  // namespace comap
