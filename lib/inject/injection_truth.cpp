#include "inject/injection_truth.hpp"

#include <algorithm>
#include <filesystem>

#include "core/constants.hpp"
#include "simulate/truth_writer.hpp"

namespace comap {
namespace {

void create(h5::File& file, const std::string& name, h5::StoredType type, const h5::Extent& extent,
            const std::string& unit) {
  h5::DatasetSpec spec;
  spec.type = type;
  spec.extent = extent;
  spec.unit = unit;
  file.create_dataset(name, spec);
}

}  // namespace

double brightest_K(const InjectedFeed& feed) {
  double brightest = 0.0;
  for (std::size_t i = 0; i < feed.l_deg.size(); ++i) {
    double sum = 0.0;
    for (const simulate::SkyTerm& term : feed.terms) sum += term.profile_K[i];
    brightest = std::max(brightest, sum);
  }
  return brightest;
}

InjectionTruth::InjectionTruth(const std::string& path, const ObservationContext& observation, std::int64_t new_obsid,
                               const simulate::SkyModel& sky)
    : file_(h5::File::create(path)),
      n_feeds_(observation.level1.n_feeds),
      n_channels_(observation.level1.n_channels),
      n_samples_(observation.level1.n_samples) {
  file_.write_attribute("/", "injected_into", std::filesystem::path(observation.level1.path).filename().string());
  file_.write_attribute("/", "original_obsid", observation.obsid);
  file_.write_attribute("/", "obsid", new_obsid);
  file_.write<double>("frequency", {kBands, n_channels_}, observation.level1.frequency_GHz, "GHz");
  simulate::write_sky(file_, sky);
  const auto type = h5::StoredType::float64;
  create(file_, "gain", type, {n_feeds_, kBands, n_channels_}, "counts/K");
  create(file_, "galactic_l", type, {n_feeds_, n_samples_}, "degrees");
  create(file_, "galactic_b", type, {n_feeds_, n_samples_}, "degrees");
}

void InjectionTruth::create_terms(const std::vector<simulate::SkyTerm>& terms) {
  std::vector<double> beta;
  for (const simulate::SkyTerm& term : terms) {
    beta.push_back(term.line ? kNan : term.beta);
  }
  file_.write<double>("terms/beta", {beta.size()}, beta);
  create(file_, "terms/profile_K", h5::StoredType::float32, {terms.size(), n_feeds_, n_samples_}, "K");
}

void InjectionTruth::write_feed(const InjectedFeed& feed) {
  if (!file_.exists("terms")) create_terms(feed.terms);
  const std::uint64_t row = feed.row;
  file_.open("gain").write<double>({{row, 0, 0}, {1, kBands, n_channels_}}, feed.gain);
  file_.open("galactic_l").write<double>({{row, 0}, {1, n_samples_}}, feed.l_deg);
  file_.open("galactic_b").write<double>({{row, 0}, {1, n_samples_}}, feed.b_deg);
  const h5::Dataset profile = file_.open("terms/profile_K");
  for (std::size_t k = 0; k < feed.terms.size(); ++k) {
    profile.write<float>({{k, row, 0}, {1, 1, n_samples_}}, feed.terms[k].profile_K);
  }
}

}  // namespace comap
