#pragma once
/// \file
/// Which observation a file is, and when it began: as its attributes, its name and its times say.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "data/trouble.hpp"
#include "io/hdf5/h5.hpp"

namespace comap {

/// obsid from a file name `comap-NNNNNNN-...` (also with the prefix `Level2_`); -1 when it has none.
std::int64_t obsid_of_file_name(const std::string& path);

/// The number on which attribute and name agree. Where the attribute is missing or empty the name decides, with a
/// trouble. `problem` says why there is none; then obsid is 0.
struct StatedObsid {
  std::int64_t obsid = 0;
  std::string problem;
  std::optional<Trouble> trouble;
};
StatedObsid stated_obsid(const std::string& path, const std::map<std::string, h5::AttributeValue>& attributes);

/// The start of an observation, `%Y-%m-%d-%H:%M:%S`: attribute utc_start, whichever way the date is written; where
/// that is no date, the time of the first sample, with a trouble. Another trouble says that the two contradict each
/// other. Empty when neither is a date. `first_mjd` NaN = not known.
struct StatedStart {
  std::string utc_start;
  std::optional<Trouble> trouble;
};
StatedStart stated_start(const std::map<std::string, h5::AttributeValue>& attributes, double first_mjd);

}  // namespace comap
