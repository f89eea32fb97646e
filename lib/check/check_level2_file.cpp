#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>

#include "check/check_file.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "data/level2_datasets.hpp"
#include "io/hdf5/h5.hpp"
#include "io/level1/level1_identity.hpp"
#include "io/level2/level2_reader.hpp"
#include "level2/provenance.hpp"

namespace comap {
namespace {

constexpr double kLeastFinite = 0.5;  ///< share of a stream's samples in scans
constexpr const char* kRunAgain = "run level2 on this observation with --set level2.overwrite=true";

/// One Level-2 file under inspection.
class Level2Check {
 public:
  explicit Level2Check(const std::string& path) : file_(h5::File::open_read(path)) {}

  std::vector<Finding> run() {
    check_mark();
    check_obsid();
    check_records();
    for (const Trouble& trouble : read_troubles(file_)) findings_.push_back(finding_of(trouble));
    read_axes();
    check_scans();
    check_readable("");
    check_datasets();
    if (!file_.exists(level2::kSqlSnapshot) && stages_.contains("finalize_metadata")) {
      find(level2::kSqlSnapshot, "the group is missing");
    }
    return std::move(findings_);
  }

 private:
  void find(std::string_view dataset, std::string what, const char* remedy = kRunAgain) {
    findings_.push_back({std::string(dataset), std::move(what), remedy});
  }

  bool has(std::string_view dataset) const { return file_.exists(dataset) && file_.is_dataset(dataset); }

  void check_mark() {
    const auto mark = file_.attribute("/", kCompleteAttribute);
    if (!mark) {
      find(kCompleteAttribute,
           "the mark of a complete file is missing: it was not written by comap_mpi, or not to its end");
    } else if (h5::to_number(*mark) != 1.0) {
      find(kCompleteAttribute, fmt::format("is {}, expected 1: the file was never finished", h5::to_text(*mark)));
    }
  }

  void check_obsid() {
    if (!file_.exists("comap")) return find("comap", "the group is missing");
    const std::int64_t named = obsid_of_file_name(file_.path());
    const auto attribute = file_.attribute("comap", "obsid");
    if (!attribute || named < 0) return;
    const auto number = h5::to_number(*attribute);
    if (number && *number == static_cast<double>(named)) return;
    find("comap, attribute obsid", fmt::format("is {}, but the file name says {}", h5::to_text(*attribute), named),
         "rename the file, or make it again");
  }

  void check_records() {
    if (!file_.exists(kStageRecordGroup)) return find(kStageRecordGroup, "no records of the stages that made the file");
    for (const std::string& stage : file_.list(kStageRecordGroup)) {
      stages_.insert(stage);
      const std::string record = fmt::format("{}/{}", kStageRecordGroup, stage);
      for (const char* name : {"parameters", "software_version", "inputs", "outputs"}) {
        if (!file_.attribute(record, name)) find(record, fmt::format("the attribute {} is missing", name));
      }
    }
  }

  /// Everything that the stages have written; where they have left no record, what every reader needs.
  void check_datasets() {
    std::set<std::string, std::less<>> expected;
    for (const std::string_view path :
         {level2::kMjd.path, level2::kFeeds.path, level2::kAzimuth.path, level2::kElevation.path}) {
      expected.emplace(path);
    }
    if (stages_.empty()) {
      for (const std::string_view path :
           {level2::kScanEdges.path, level2::kBinned.path, level2::kBinnedFiltered.path}) {
        expected.emplace(path);
      }
    }
    for (const std::string& path : recorded_outputs()) expected.insert(path);
    if (filter_couples_bands(file_)) expected.emplace(level2::kGainInformationMatrix.path);
    for (const level2::Dataset* dataset : level2::all_datasets()) {
      if (expected.erase(std::string(dataset->path)) > 0) check_dataset(*dataset);
    }
    for (const std::string& path : expected) {
      if (!file_.exists(path)) find(path, "is missing");
    }
  }

  std::vector<std::string> recorded_outputs() {
    std::vector<std::string> paths;
    try {
      for (const auto& [stage, record] : read_stage_records(file_)) {
        for (const StageOutput& output : record.outputs) paths.push_back(output.path);
      }
    } catch (const IoError& error) {
      find(kStageRecordGroup, error.what());
    }
    return paths;
  }

  /// Length of an axis of a dataset; nothing when it is missing or has fewer axes.
  std::optional<std::uint64_t> length(std::string_view dataset, std::size_t axis) const {
    if (!has(dataset)) return std::nullopt;
    const h5::Extent extent = file_.info(dataset).extent;
    return axis < extent.size() ? std::optional(extent[axis]) : std::nullopt;
  }

  void read_axes() {
    const auto set = [&](level2::Axis axis, std::optional<std::uint64_t> found) {
      if (found) lengths_[axis] = *found;
    };
    lengths_ = {{level2::Axis::feed, kScienceFeeds},
                {level2::Axis::band, kBands},
                {level2::Axis::other_band, kBands},
                {level2::Axis::edge, 2}};
    set(level2::Axis::sample, length(level2::kMjd, 0));
    set(level2::Axis::feed_row, length(level2::kFeeds, 0));
    set(level2::Axis::scan, length(level2::kScanEdges, 0));
    set(level2::Axis::event, length(level2::kVaneEventMjd, 0));
    set(level2::Axis::sub_band, length(level2::kBinned, 2));
    const auto channels = length("spectrometer/frequency", 1);
    set(level2::Axis::channel, channels ? channels : length(level2::kGain, 3));
    if (has(level2::kFeeds)) feeds_ = attempt_read<std::int64_t>(level2::kFeeds);
  }

  template <typename T>
  std::vector<T> attempt_read(std::string_view dataset) const {
    try {
      return file_.read<T>(dataset);
    } catch (const Error&) {  // check_readable() says so
      return {};
    }
  }

  void check_scans() {
    if (!has(level2::kScanEdges)) return;
    scans_ = attempt_read<std::int64_t>(level2::kScanEdges);
    const auto n_samples = lengths_.contains(level2::Axis::sample) ? lengths_.at(level2::Axis::sample) : 0;
    std::int64_t previous_end = 0;
    for (std::size_t i = 0; i + 1 < scans_.size(); i += 2) {
      const bool good = scans_[i] >= previous_end && scans_[i + 1] > scans_[i] &&
                        scans_[i + 1] <= static_cast<std::int64_t>(n_samples);
      previous_end = scans_[i + 1];
      if (good) continue;
      find(level2::kScanEdges, fmt::format("scan {} is [{}, {}) in a file of {} samples, or overlaps the one before",
                                           i / 2, scans_[i], scans_[i + 1], n_samples));
      scans_.clear();
    }
    if (scans_.empty() && length(level2::kScanEdges, 0) == 0U) find(level2::kScanEdges, "has no scan");
  }

  /// Reads every dataset once: checksums are verified on the way.
  void check_readable(const std::string& group) {
    for (const std::string& name : file_.list(group.empty() ? "/" : group)) {
      const std::string path = group.empty() ? name : fmt::format("{}/{}", group, name);
      if (!file_.is_dataset(path)) {
        check_readable(path);
        continue;
      }
      try {
        read_all(path);
      } catch (const Error& error) {
        find(path, fmt::format("cannot be read: {}", error.what()));
        unreadable_.insert(path);
      }
    }
  }

  void read_all(const std::string& path) const {
    const h5::DatasetInfo info = file_.info(path);
    if (info.kind == h5::Kind::text) {
      file_.read_strings(path);
    } else if (info.kind != h5::Kind::other && !info.extent.empty()) {
      for (std::uint64_t row = 0; row < info.extent[0]; ++row) file_.read<double>(path, row_slab(info, row));
    }
  }

  static h5::Slab row_slab(const h5::DatasetInfo& info, std::uint64_t row) {
    h5::Slab slab = h5::Slab::all(info.extent);
    slab.start[0] = row;
    slab.count[0] = 1;
    return slab;
  }

  void check_dataset(const level2::Dataset& dataset) {
    if (!has(dataset.path)) return find(dataset.path, "the dataset is missing");
    h5::Extent expected;
    for (const level2::Axis axis : dataset.axes()) {
      if (!lengths_.contains(axis)) return;  // what the axis belongs to is missing, which was found
      expected.push_back(lengths_.at(axis));
    }
    const h5::DatasetInfo info = file_.info(dataset.path);
    if (info.extent != expected) {
      find(dataset.path,
           fmt::format("has the shape [{}], expected [{}]", fmt::join(info.extent, ", "), fmt::join(expected, ", ")));
    } else if (dataset.has_values && !unreadable_.contains(dataset.path)) {
      check_values(dataset, info);
    }
  }

  /// Every band of a feed of the file must have values; streams, in most of their samples inside scans.
  void check_values(const level2::Dataset& dataset, const h5::DatasetInfo& info) {
    if (dataset.axes().front() != level2::Axis::feed) return;
    const bool is_stream = dataset.axes().back() == level2::Axis::sample;
    std::vector<std::string> poor;
    for (const std::int64_t feed : feeds_) {
      if (feed < 1 || feed > kScienceFeeds) continue;
      const auto values = file_.read<float>(dataset.path, row_slab(info, static_cast<std::uint64_t>(feed - 1)));
      const std::size_t band_size = values.size() / kBands;
      for (std::size_t band = 0; band < kBands; ++band) {
        const auto part = std::span(values).subspan(band * band_size, band_size);
        const double share = is_stream ? finite_in_scans(part) : finite_share(part);
        if (share > (is_stream ? kLeastFinite : 0.0)) continue;
        poor.push_back(fmt::format("feed {} band {} ({:.0f} %)", feed, band, 100.0 * share));
      }
    }
    if (poor.empty()) return;
    find(dataset.path, fmt::format("too few finite values: {}", fmt::join(poor, ", ")),
         "look at their Level-1 data (comap_mpi check --deep), or set is_good to false for them");
  }

  static double finite_share(std::span<const float> values) {
    const auto n = std::ranges::count_if(values, [](float value) { return std::isfinite(value); });
    return static_cast<double>(n) / static_cast<double>(values.size());
  }

  double finite_in_scans(std::span<const float> values) const {
    const std::size_t n_samples = lengths_.at(level2::Axis::sample);
    double sum = 0.0, n = 0.0;
    for (std::size_t stream = 0; stream < values.size(); stream += n_samples) {
      for (std::size_t i = 0; i + 1 < scans_.size(); i += 2) {
        const auto length = static_cast<std::size_t>(scans_[i + 1] - scans_[i]);
        const auto scan = values.subspan(stream + static_cast<std::size_t>(scans_[i]), length);
        sum += finite_share(scan) * static_cast<double>(length);
        n += static_cast<double>(length);
      }
    }
    return n > 0.0 ? sum / n : 1.0;
  }

  h5::File file_;
  std::vector<Finding> findings_;
  std::set<std::string> stages_;
  std::map<level2::Axis, std::uint64_t> lengths_;
  std::vector<std::int64_t> feeds_;
  std::vector<std::int64_t> scans_;  ///< start, end, start, end, ...; empty when they cannot be used
  std::set<std::string, std::less<>> unreadable_;
};

}  // namespace

std::vector<Finding> check_level2_file(const std::string& path) { return Level2Check(path).run(); }

}  // namespace comap
