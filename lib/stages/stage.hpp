#pragma once
/// \file
/// The interface of a Level-2 stage. Stages do not know each other, files or ranks: the pipeline hands them data and
/// writes what they declare. docs/adding-a-stage.md walks through an example.

#include <array>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/array.hpp"
#include "data/level2_datasets.hpp"
#include "data/trouble.hpp"
#include "io/hdf5/h5.hpp"
#include "io/level1/level1_metadata.hpp"
#include "stages/feed_block.hpp"
#include "stages/product_table.hpp"

namespace comap {

class Binder;  // config/binder.hpp
struct CalibrationFlux;
enum class PointingFault : std::uint8_t;  // stages/check_level1/pointing_screen.hpp

/// Lines of the table of datasets.
using DatasetList = std::vector<const level2::Dataset*>;

/// The samples that the pipeline delivers to a stage and its FeedWorker.
struct Deliveries {
  bool level1_metadata = false;  ///< ObservationContext::level1 as the Level-1 file has it
  bool vane_samples = false;     ///< blocks around every vane event (consume_vane)
  bool scan_samples = false;     ///< blocks of every scan
  bool between_scans = false;    ///< also the samples between scans, from the first to the last with a feature
  bool channel_medians = false;  ///< FeedBlock::channel_median of scans
};

/// An attribute of a group or dataset that a stage writes.
struct OutputAttribute {
  std::string object;
  std::string name;
  h5::AttributeValue value;
};

/// Vane calibration in the Level-2 file of another observation, for the feeds of this one; NaN = not in the file.
struct FollowingCalibration {
  Array<double, 1> event_mjd;            ///< [event]
  Array<float, 4> system_temperature_K;  ///< [event][feed row][band][channel]
  Array<float, 4> gain;                  ///< the same, counts per K
};

/// An observation as it is known before its TOD is read; the same on every rank of the team.
struct ObservationContext {
  std::int64_t obsid = 0;
  std::string source;
  std::string source_group;
  std::string following_level2_path;  ///< Level-2 file of obsid + 1, for sky dips; empty = there is none
  Level1Metadata level1;
  std::vector<PointingFault> pointing_faults;            ///< [n_feeds][sample] of `level1`, whose angles are bridged
  ProductTable products;                                 ///< made by Stage::prepare
  std::vector<std::array<std::int64_t, 2>> vane_events;  ///< in which the vane moves, [start, end)
  std::vector<std::array<std::int64_t, 2>> scans;        ///< [start, end)
  std::vector<Trouble> troubles;                         ///< found by Stage::prepare
  int n_freq_bin = 0;                                    ///< sub-bands of a band
  /// Calibration [event][feed row][band][channel] from the next observation, where a sky dip has none of its own.
  std::optional<FollowingCalibration> following;
};

/// Lengths of the axes of Level-2 datasets; complete after every Stage::prepare.
level2::AxisLengths axis_lengths(const ObservationContext& observation);

/// The work of a stage on the samples of one feed. Lives from the first to the last block of that feed.
class FeedWorker {
 public:
  virtual ~FeedWorker() = default;
  /// One vane event of one band: `block.scan` is the index of the event.
  virtual void consume_vane(const FeedBlock& /*block*/) {}
  /// After the last vane block and before the first block of TOD: calibration is known from here on.
  virtual void finish_vane() {}
  /// Channels [first, end) of a block, so few that they stay in the cache from one stage to the next: the place for
  /// what takes one channel after the other. Called for all channels in order, before consume() of the same block;
  /// channel_median is known for these channels and those before.
  virtual void consume_channels(const FeedBlock& /*block*/, int /*first*/, int /*end*/) {}
  /// Blocks come in order of time; for each stretch of time the bands 0 to 3.
  virtual void consume(const FeedBlock& /*block*/) {}
  /// After the last block: fill the products of this feed. Workers finish in the order of the pipeline.
  virtual void finish() {}
};

/// A record of the settings that a stage has been made with.
struct StageSettings {
  /// Settings on which the result depends: stored with it, compared to tell whether it is up to date.
  nlohmann::json parameters = nlohmann::json::object();
  bool overwrite = false;  ///< it runs also when it is up to date
};

/// One step of the Level-2 pipeline. Immutable after construction: all state of one feed is in its worker and in the
/// products, so that any number of feeds can be in hand. Nothing here is collective.
///
/// A stage that needs no samples (deliveries() is empty) does its work in FeedWorker::finish() from the products of the
/// stages before it. Those may have been read from an earlier Level-2 file: then Level-1 is not opened, prepare() is
/// called for the stages that run only, and of ObservationContext::level1 there is what the Level-2 file has
/// (read_level1_copies). A product of its own that it finds in the table is what it has made from the same inputs
/// before.
class Stage {
 public:
  virtual ~Stage() = default;

  StageSettings settings;  ///< make_stages() fills them

  virtual std::string_view name() const = 0;
  /// Datasets that earlier stages make and that the result depends on. A stage that works on Level-1 reads
  /// level2::kSampleFlags: nothing is used before check_level1 has looked at it.
  virtual DatasetList reads() const = 0;
  /// Datasets that this stage writes. One that an earlier stage writes, too, gets the product that is there in the end.
  virtual DatasetList writes() const = 0;
  /// False when there is nothing to do, and nothing is written, for this observation. Asked after every prepare().
  virtual bool applies_to(const ObservationContext& /*observation*/) const { return true; }
  virtual Deliveries deliveries() const { return {}; }
  /// True for a stage whose result depends on the catalogue's rows of the observation.
  virtual bool copies_catalogue() const { return false; }

  /// Works on metadata, before any TOD; runs on every rank of the team with the same result.
  /// Throws ObservationError.
  virtual void prepare(ObservationContext& /*observation*/) const {}
  /// Written at the end, when everything else is in the file.
  virtual std::vector<OutputAttribute> attributes() const { return {}; }
  /// A worker for one feed, or nothing. `products` takes the rows of this feed and outlives the worker.
  virtual std::unique_ptr<FeedWorker> start_feed(const ObservationContext& /*observation*/, int /*feed*/,
                                                 ProductTable& /*products*/) const {
    return nullptr;
  }
  /// Values for the catalogue from the products of all feeds (rank 0 of the team has them all): one scalar per key,
  /// names of `observation_summary` columns.
  virtual nlohmann::json summary(const ObservationContext& /*observation*/,
                                 const std::vector<ProductTable>& /*feeds*/) const {
    return nlohmann::json::object();
  }
  /// Finds what is only seen by holding the feeds against each other, when all are done; `products` of `feeds`
  /// (numbers), on rank 0 of the team.
  virtual std::vector<Trouble> compare_feeds(const ObservationContext& /*observation*/,
                                             const std::vector<int>& /*feeds*/,
                                             const std::vector<ProductTable>& /*products*/) const {
    return {};
  }
  /// Rows of `calibration_flux` (data/observation.hpp) from the products of one feed.
  virtual std::vector<CalibrationFlux> calibration_flux(const ObservationContext& observation, int feed,
                                                        const ProductTable& products) const;
};

}  // namespace comap
