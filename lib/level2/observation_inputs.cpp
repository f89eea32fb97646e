#include "level2/observation_inputs.hpp"

#include "core/error.hpp"
#include "level2/provenance.hpp"

namespace comap {
namespace {

/// Nothing for a file that cannot be opened, and not only for a moment: whoever reads it says why.
std::optional<FileIdentity> identity_if_there(const std::string& path) {
  try {
    return file_identity(path);
  } catch (const IoError& error) {
    if (error.can_pass()) throw;
    return std::nullopt;
  }
}

}  // namespace

ObservationInputs identify_inputs(const std::string& level1_path, const std::string& level2_path) {
  return {identity_if_there(level1_path), identity_if_there(level2_path)};
}

void check_inputs(const std::string& level1_path, const std::string& following, const RerunPlan& plan,
                  const std::string& level2_path, const ObservationInputs& before) {
  const ObservationInputs now = identify_inputs(level1_path, level2_path);
  if (plan.needs_level1 && before.level1 && now.level1 != before.level1) {
    throw ObservationError(level1_path + ": was replaced while it was read; run level2 again");
  }
  if (plan.needs_level1 && !following.empty() &&
      input_identity(level1_path, following) != plan.records.front().inputs.at("level1")) {
    throw ObservationError(following + ": was replaced while its calibration was read; run level2 again");
  }
  if (plan.no_earlier_file.empty() && now.level2 != before.level2) {
    throw ObservationError(level2_path + ": another run has replaced it while parts of it were kept; run level2 again");
  }
}

}  // namespace comap
