#pragma once
/// \file
/// Writes the Level-2 file of one observation: all datasets are declared first, then filled feed by feed.

#include <optional>
#include <string>
#include <vector>

#include "config/io_config.hpp"
#include "core/communicator.hpp"
#include "core/final_name.hpp"
#include "io/hdf5/team_files.hpp"
#include "stages/stage.hpp"

namespace comap {

/// An earlier file of the observation of which parts are kept.
struct EarlierFile {
  std::string path;
  std::vector<std::string> removed;  ///< datasets and groups that are not kept
};

/// The file grows beside its final name (core/final_name.hpp), which it takes in commit(). Every function is collective
/// over the team and throws on every rank when it fails on one; the destructor removes what was not committed.
class Level2Writer {
 public:
  /// Makes the directories, checks that the disk has room for `datasets`, creates the file, from a copy of `earlier`
  /// when there is one, and every one of `datasets`. Throws ObservationError.
  Level2Writer(const std::string& path, const ObservationContext& observation, DatasetList datasets,
               const std::optional<EarlierFile>& earlier, const IoConfig& io, const Communicator& team,
               const TeamFiles& files);
  Level2Writer(const Level2Writer&) = delete;
  Level2Writer& operator=(const Level2Writer&) = delete;

  h5::File& file() { return *file_; }

  /// Arrays of the observation (without an axis of feeds); team rank 0 writes.
  void write_observation(const ProductTable& products);
  /// The rows of one feed of each rank; `feed_row` < 0 = this rank has none.
  void write_feed(int feed, int feed_row, const ProductTable& products);
  /// One collective operation on the file, agreed on afterwards: any error becomes everybody's.
  void agreed(std::string_view what, const std::function<void()>& collective_work);
  /// Flushes, writes the completeness mark, closes, syncs, renames, and removes what killed runs have left of it.
  void commit();

 private:
  void declare();
  void start_on_disk(const std::optional<EarlierFile>& earlier);
  void open(const std::optional<EarlierFile>& earlier, const TeamFiles& files);
  double needed_bytes() const;  ///< of `datasets`, and room for the rest
  void check_room(double earlier_bytes) const;
  h5::Extent extent_of(const level2::Dataset& dataset) const;
  /// Those of the whole observation, or those of feeds.
  DatasetList datasets_of(bool observation) const;
  void write(const DatasetList& datasets, int feed, int feed_row, bool has_share, const ProductTable& products);
  /// Before a collective write: a rank without the array it is to write would leave the others waiting in it.
  void check_products(const DatasetList& datasets, bool has_share, const ProductTable& products) const;

  std::string path_;
  std::optional<PartialFile> partial_;  ///< on rank 0 of the team
  level2::AxisLengths lengths_;
  DatasetList datasets_;
  IoConfig io_;
  const Communicator& team_;
  std::optional<h5::File> file_;
};

}  // namespace comap
