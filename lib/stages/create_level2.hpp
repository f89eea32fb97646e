#pragma once
/// \file
/// Stage create_level2: what a Level-2 file takes over from its Level-1 file.

#include <string>
#include <vector>

#include "config/level2_config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// One dataset to copy under the same path.
struct CopyItem {
  std::string path;
  h5::Kind kind = h5::Kind::other;  ///< text: strings, else numbers
  h5::Extent extent;
  double scale = 1.0;  ///< the copy is scale * original; integers stay integers when it is 1
};

/// The datasets of a file that the rules select, in the order of the rules and without repetitions. A rule ending in
/// `/*` stands for every dataset of that group except spectrometer/tod; rules for what the file does not have are
/// skipped. Text and `utc` are never scaled. Throws ObservationError for a dataset that is neither numbers nor text.
std::vector<CopyItem> copy_plan(const h5::File& level1, const CreateLevel2Config& config);

/// The file itself is made by the writer of the team, which follows copy_plan() and copies the attributes of `comap`.
class CreateLevel2 final : public Stage {
 public:
  explicit CreateLevel2(CreateLevel2Config config) : config_(std::move(config)) {}

  std::string_view name() const override { return "create_level2"; }
  DatasetList reads() const override { return {&level2::kSampleFlags}; }
  DatasetList writes() const override { return {}; }
  Deliveries deliveries() const override { return {.level1_metadata = true}; }

 private:
  CreateLevel2Config config_;
};

/// Keys of [level2.create_level2].
void bind(Binder& binder, CreateLevel2Config& config);

}  // namespace comap
