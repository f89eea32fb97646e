#pragma once
/// \file
/// Stage finalize_metadata.

#include "stages/stage.hpp"

namespace comap {

/// Asks for level2/sql_snapshot, which whoever runs the pipeline writes: the catalogue's row, flags and summary are not
/// known to stages. Runs whenever another stage runs, and when the row, a flag or a comment has changed.
class FinalizeMetadata final : public Stage {
 public:
  std::string_view name() const override { return "finalize_metadata"; }
  DatasetList reads() const override { return {&level2::kMjd}; }
  DatasetList writes() const override { return {}; }
  bool copies_catalogue() const override { return true; }
};

}  // namespace comap
