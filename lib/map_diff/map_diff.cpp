#include "map_diff/map_diff.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

#include "core/constants.hpp"
#include "core/text.hpp"
#include "io/map/map_reader.hpp"
#include "map_diff/history_config.hpp"

namespace comap {
namespace {

constexpr auto kSoftwareCards = std::to_array<std::string_view>({"PROGRAM", "SWVER", "GITCOMM", "CREATOR"});

using Values = std::map<std::string, std::string>;

/// Names in either whose texts differ, in order of name.
std::vector<ValueChange> changes_of(const Values& a, const Values& b) {
  Values all = a;
  all.insert(b.begin(), b.end());
  std::vector<ValueChange> changes;
  for (const auto& [name, unused] : all) {
    const auto in_a = a.find(name), in_b = b.find(name);
    ValueChange change{name, in_a == a.end() ? "" : in_a->second, in_b == b.end() ? "" : in_b->second, true};
    if (change.a != change.b) changes.push_back(std::move(change));
  }
  return changes;
}

/// A flag is a number in HDF5 files; written as a flag when that is what the other file has.
std::string text_beside(const HeaderCard& card, const HeaderCard* other) {
  const auto* number = std::get_if<std::int64_t>(&card.value);
  const bool is_flag = number != nullptr && other != nullptr && std::holds_alternative<bool>(other->value);
  return is_flag ? card_text({card.name, *number != 0, ""}) : card_text(card);
}

Values cards_of(const ContinuumMap& map, const ContinuumMap& other, bool software) {
  Values values;
  for (const HeaderCard& card : map.cards) {
    const bool is_software = std::ranges::find(kSoftwareCards, card.name) != kSoftwareCards.end();
    if (is_software == software) values[card.name] = text_beside(card, find_card(other, card.name));
  }
  return values;
}

Values grid_of(const ContinuumMap& map) {
  if (map.healpix) {
    return {{"NSIDE", fmt::format("{}", map.healpix->nside)},
            {"COORDSYS", map.healpix->frame == SkyFrame::galactic ? "G" : "C"}};
  }
  const WcsDefinition& wcs = map.wcs;
  Values values;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    values[fmt::format("NAXIS{}", axis + 1)] = fmt::format("{}", wcs.naxis[axis]);
    values[fmt::format("CTYPE{}", axis + 1)] = wcs.ctype[axis];
    values[fmt::format("CRPIX{}", axis + 1)] = fmt::format("{:.12g}", wcs.crpix[axis]);
    values[fmt::format("CRVAL{}", axis + 1)] = fmt::format("{:.12g}", wcs.crval_deg[axis]);
    values[fmt::format("CDELT{}", axis + 1)] = fmt::format("{:.12g}", wcs.cdelt_deg[axis]);
  }
  return values;
}

std::vector<ObservationChange> observation_changes(const ContinuumMap& a, const ContinuumMap& b) {
  std::map<std::int64_t, ObservationChange> all;
  for (const ObservationRow& row : a.observations) all[row.obsid].samples_a = row.n_samples;
  for (const ObservationRow& row : b.observations) all[row.obsid].samples_b = row.n_samples;
  std::vector<ObservationChange> changes;
  for (auto& [obsid, change] : all) {
    change.obsid = obsid;
    if (change.samples_a != change.samples_b) changes.push_back(change);
  }
  return changes;
}

/// Sums over pixels with a value in both images.
struct PairSums {
  double n = 0.0, a = 0.0, b = 0.0, aa = 0.0, bb = 0.0, ab = 0.0;

  void add(double value_a, double value_b) {
    n += 1.0;
    a += value_a;
    b += value_b;
    aa += value_a * value_a;
    bb += value_b * value_b;
    ab += value_a * value_b;
  }
  double correlation() const { return (n * ab - a * b) / std::sqrt((n * aa - a * a) * (n * bb - b * b)); }
};

/// Mean, rms and largest size of differences.
struct DifferenceSums {
  double n = 0.0, sum = 0.0, squares = 0.0, largest = 0.0;

  void add(double value) {
    n += 1.0;
    sum += value;
    squares += value * value;
    largest = std::max(largest, std::abs(value));
  }
  double mean() const { return sum / n; }
  double rms() const { return std::sqrt(squares / n); }
  double size() const { return n > 0.0 ? largest : kNan; }
};

ImageChange compare_images(const std::string& name, const std::string& unit, const std::vector<float>& a,
                           const std::vector<float>& b, const std::vector<float>& noise_K) {
  ImageChange change;
  change.image = name;
  change.unit = unit;
  PairSums pair;
  DifferenceSums plain, in_noise;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool in_a = std::isfinite(a[i]), in_b = std::isfinite(b[i]);
    change.n_only_a += in_a && !in_b ? 1 : 0;
    change.n_only_b += in_b && !in_a ? 1 : 0;
    if (!in_a || !in_b) continue;
    const double value_a = static_cast<double>(a[i]), value_b = static_cast<double>(b[i]);
    ++change.n_both;
    change.n_different += a[i] != b[i] ? 1 : 0;
    pair.add(value_a, value_b);
    plain.add(value_b - value_a);
    if (!noise_K.empty() && noise_K[i] > 0.0F) in_noise.add((value_b - value_a) / static_cast<double>(noise_K[i]));
  }
  change.identical = change.n_different == 0 && change.n_only_a == 0 && change.n_only_b == 0;
  change.mean = plain.mean();
  change.rms = plain.rms();
  change.largest = plain.size();
  change.correlation = pair.correlation();
  if (in_noise.n > 0.0) {
    change.mean_noise = in_noise.mean();
    change.rms_noise = in_noise.rms();
    change.largest_noise = in_noise.size();
  }
  return change;
}

/// Noise of a pixel of either map, sqrt((RMS_a^2 + RMS_b^2) / 2) [K].
std::vector<float> common_noise_K(const ContinuumMap& a, const ContinuumMap& b) {
  std::vector<float> noise(a.image("RMS").size());
  std::ranges::transform(a.image("RMS"), b.image("RMS"), noise.begin(),
                         [](float one, float other) { return std::sqrt(0.5F * (one * one + other * other)); });
  return noise;
}

/// An image that one map lacks is without values there.
std::vector<ImageChange> image_changes(const ContinuumMap& a, const ContinuumMap& b) {
  const std::vector<float> noise_K = common_noise_K(a, b), none;
  const std::vector<float> lacking(a.mask.size(), kFloatNan);
  std::vector<ImageChange> changes;
  const auto compare = [&](const MapImage& kind) {
    const ImageValues *of_a = a.find_image(kind.name), *of_b = b.find_image(kind.name);
    changes.push_back(compare_images(std::string(kind.name), std::string(kind.unit),
                                     of_a == nullptr ? lacking : of_a->values, of_b == nullptr ? lacking : of_b->values,
                                     kind.is_sky ? noise_K : none));
  };
  for (const ImageValues& image : a.images) compare(image);
  for (const ImageValues& image : b.images) {
    if (a.find_image(image.name) == nullptr) compare(image);
  }
  const auto floats = [](const std::vector<std::uint8_t>& mask) {
    return std::vector<float>(mask.begin(), mask.end());
  };
  changes.push_back(compare_images("MASK", "", floats(a.mask), floats(b.mask), none));
  return changes;
}

/// A HEALPix map with further pixels, as an image has those without hits. `pixel` is ascending and has all of the map.
ContinuumMap with_pixels(const ContinuumMap& map, const std::vector<std::int64_t>& pixel) {
  const std::size_t n = pixel.size();
  ContinuumMap wide = map;
  wide.pixel = pixel;
  for (ImageValues& image : wide.images) image.values.assign(n, kFloatNan);
  wide.mask.assign(n, kNeverHit);
  for (std::size_t i = 0, to = 0; i < map.pixel.size(); ++i) {
    while (pixel[to] != map.pixel[i]) ++to;
    for (std::size_t k = 0; k < map.images.size(); ++k) wide.images[k].values[to] = map.images[k].values[i];
    wide.mask[to] = map.mask[i];
  }
  return wide;
}

/// Calls `use` with both maps of one grid, on the same pixels.
template <typename Use>
auto on_common_pixels(const ContinuumMap& a, const ContinuumMap& b, const Use& use) {
  if (a.pixel == b.pixel) return use(a, b);
  std::vector<std::int64_t> pixel;
  std::ranges::set_union(a.pixel, b.pixel, std::back_inserter(pixel));
  return use(with_pixels(a, pixel), with_pixels(b, pixel));
}

/// Cards that say of what part of the data a map is, and how that is called; the first that differs.
std::string other_part(const MapDiff& diff) {
  constexpr auto kParts = std::to_array<std::array<const char*, 2>>(
      {{"FREQBAND", "frequency band"}, {"SPLIT", "split"}, {"LABEL", "part of the split"}, {"DATASET", "dataset"}});
  for (const auto& [card, name] : kParts) {
    const auto found = std::ranges::find(diff.header, card, &ValueChange::name);
    if (found == diff.header.end()) continue;
    const auto value = [](const std::string& text) { return text.empty() ? std::string("none") : text; };
    return fmt::format("the {} ({} and {})", name, value(found->a), value(found->b));
  }
  return "";
}

/// Differences besides pixels that may be the reason, as parts of a sentence.
std::vector<std::string> reasons(const MapDiff& diff) {
  constexpr std::size_t kNamed = 5;
  std::vector<std::string> parts, named;
  if (std::string part = other_part(diff); !part.empty()) parts.push_back(std::move(part));
  for (const ValueChange& change : diff.settings) {
    if (change.affects_pixels) named.push_back(change.name);
  }
  if (!named.empty()) {
    const std::string what = counted(std::ssize(named), "setting");
    if (named.size() > kNamed) {
      named.resize(kNamed);
      named.emplace_back("...");
    }
    parts.push_back(fmt::format("{} ({})", what, fmt::join(named, ", ")));
  }
  if (!diff.software.empty()) parts.emplace_back("the software");
  if (!diff.observations.empty()) parts.push_back(counted(std::ssize(diff.observations), "observation"));
  return parts;
}

std::string size_of_difference(const ImageChange& map) {
  if (map.n_both == 0) return "no pixel has a value in both";
  std::string text = map.rms_noise ? fmt::format("an rms of {:.3g} of the noise", *map.rms_noise)
                                   : fmt::format("an rms of {:.3g} K", map.rms);
  if (map.n_only_a + map.n_only_b > 0) text += fmt::format(", {} pixels in one only", map.n_only_a + map.n_only_b);
  return text;
}

std::string verdict_of(const MapDiff& diff) {
  const std::vector<std::string> parts = reasons(diff);
  const std::string differing = fmt::format("{}", fmt::join(parts, ", "));
  if (!diff.grid.empty()) {
    return fmt::format("The maps have different grids and cannot be compared pixel by pixel{}.",
                       parts.empty() ? "" : "; different too: " + differing);
  }
  if (diff.same_pixels()) {
    if (parts.empty()) return "The maps are the same: identical pixels, made in the same way.";
    return fmt::format("The pixels are identical although these differ: {}.", differing);
  }
  const std::string size = diff.images.front().identical ? "the destriped images are identical, others are not"
                                                         : size_of_difference(diff.images.front());
  if (parts.empty()) {
    return fmt::format(
        "The maps differ ({}) though settings, software and observations are the same: look for Level-2 files that "
        "have "
        "changed, or another number of ranks.",
        size);
  }
  return fmt::format("The maps differ ({}). Different between them: {}.", size, differing);
}

ConfigValues config_of(const ContinuumMap& map) {
  return map.config_text.empty() ? config_of_history(map.history) : config_of_text(map.config_text);
}

}  // namespace

bool MapDiff::same_pixels() const { return grid.empty() && std::ranges::all_of(images, &ImageChange::identical); }

MapDiff compare_maps(const ContinuumMap& a, const ContinuumMap& b) {
  MapDiff diff;
  diff.settings = changes_of(config_of(a), config_of(b));
  diff.software = changes_of(cards_of(a, b, true), cards_of(b, a, true));
  diff.header = changes_of(cards_of(a, b, false), cards_of(b, a, false));
  diff.observations = observation_changes(a, b);
  for (ValueChange& change : diff.settings) {
    const bool chosen = selects_observations(change.name) && diff.observations.empty();
    change.affects_pixels = affects_pixels(change.name) && !chosen;
  }
  diff.grid = changes_of(grid_of(a), grid_of(b));
  if (diff.grid.empty()) diff.images = on_common_pixels(a, b, image_changes);
  diff.verdict = verdict_of(diff);
  return diff;
}

ContinuumMap difference_map(const ContinuumMap& a, const ContinuumMap& b) {
  return on_common_pixels(a, b, [](const ContinuumMap& first, const ContinuumMap& second) {
    ContinuumMap difference;
    difference.wcs = first.wcs;
    difference.healpix = first.healpix;
    difference.pixel = first.pixel;
    difference.image("RMS") = common_noise_K(first, second);
    for (std::size_t i = 0; i < first.destriped_K().size(); ++i) {
      const float change_K = second.destriped_K()[i] - first.destriped_K()[i];
      difference.destriped_K().push_back(change_K);
      difference.mask.push_back(std::isfinite(change_K) ? 0 : kNeverHit);
    }
    return difference;
  });
}

}  // namespace comap
