#include "core/version.hpp"

namespace comap {

std::string software_version() { return COMAP_VERSION; }

std::string git_commit() {
  const std::string commit = COMAP_GIT_COMMIT;
  return commit.empty() ? "unknown" : commit;
}

}  // namespace comap
