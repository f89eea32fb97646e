#pragma once
/// \file
/// Stage check_level1.

#include "config/config.hpp"
#include "stages/stage.hpp"

namespace comap {

/// The Level-1 file is what it must be. read_level1_metadata(), which every observation passes, does the checks: this
/// stage gives them their name in the pipeline and adds that there is a feed to process.
///
/// Fails  ObservationError when the file has no feed but the ground feed.
class CheckLevel1 final : public Stage {
 public:
  explicit CheckLevel1(CheckLevel1Config config) : config_(config) {}

  std::string_view name() const override { return "check_level1"; }
  FieldList requires_fields() const override { return {}; }
  FieldList provides_fields() const override { return {Field::level1_metadata}; }
  nlohmann::json parameters() const override { return nlohmann::json::object(); }
  void prepare(ObservationContext& observation) const override;

 private:
  CheckLevel1Config config_;
};

}  // namespace comap
