#pragma once
/// \file
/// Decides which files of the observatory's list are fetched, and says why the rest is not.

#include <cstdint>
#include <string>
#include <vector>

#include "acquire/observatory_list.hpp"
#include "data/observation.hpp"

namespace comap {

struct AcquireChoice {
  std::int64_t min_obsid = 0;
  std::vector<std::int64_t> obsids;  ///< when given, only these
  bool fetch_lost = false;           ///< also files whose registered directory is gone
};

/// A file of the list with the decision.
struct PlannedFile {
  ListedFile file;
  bool is_wanted = false;
  std::string reason;  ///< why wanted, or why not
};

/// One entry for each file of the list, in its order. Wanted is what the catalogue has no row for, or no Level-1 file
/// that exists; not CO (source_group_of), from `min_obsid` on. Of an obsid that is listed twice the first is taken. A
/// registered file that is gone together with its directory is not wanted unless `fetch_lost`: a disk that is not
/// mounted must not be fetched again.
std::vector<PlannedFile> plan_acquisition(const std::vector<ListedFile>& files, const std::vector<Observation>& known,
                                          const AcquireChoice& choice);

}  // namespace comap
