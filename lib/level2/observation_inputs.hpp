#pragma once
/// \file
/// The files that an observation is made from must stay what they were while it is made.

#include <optional>
#include <string>

#include "core/file_identity.hpp"
#include "level2/rerun_plan.hpp"

namespace comap {

/// As they were before anything was read; nothing for a file that is not there.
struct ObservationInputs {
  std::optional<FileIdentity> level1;
  std::optional<FileIdentity> level2;  ///< the earlier file, of which parts may be kept
};

/// Throws IoError for a file that cannot be looked at for the moment.
ObservationInputs identify_inputs(const std::string& level1_path, const std::string& level2_path);

/// Throws ObservationError when one of the files that `plan` uses is not the one of `before` any more, or when the
/// Level-2 file that gives a sky dip its calibration, `following`, has changed.
void check_inputs(const std::string& level1_path, const std::string& following, const RerunPlan& plan,
                  const std::string& level2_path, const ObservationInputs& before);

}  // namespace comap
