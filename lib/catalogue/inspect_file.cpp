#include "catalogue/inspect_file.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "catalogue/schema.hpp"
#include "core/constants.hpp"
#include "core/error.hpp"
#include "core/stopping.hpp"
#include "data/level2_datasets.hpp"
#include "io/level1/level1_identity.hpp"
#include "io/level1/level1_metadata.hpp"

namespace comap {

namespace {

constexpr auto kAttributes = "comap";
constexpr auto kTod = "spectrometer/tod";

/// Why a file cannot be used.
class UnusableFile : public ObservationError {
 public:
  UnusableFile(FileState state, const std::string& reason) : ObservationError(reason), state_(state) {}
  FileState state() const { return state_; }

 private:
  FileState state_;
};

UnusableFile foreign(const std::string& reason) { return {FileState::foreign, reason}; }

SqlValue sql_value(const h5::AttributeValue& value) {
  return std::visit([](const auto& one) { return SqlValue(one); }, value);
}

/// The obsid on which name and attributes agree.
std::int64_t agreed_obsid(const std::map<std::string, h5::AttributeValue>& attributes, FileFinding& finding) {
  if (obsid_of_file_name(finding.path) <= 0) throw foreign("has no obsid in its name (comap-NNNNNNN-...)");
  const StatedObsid stated = stated_obsid(finding.path, attributes);
  if (!stated.problem.empty()) throw foreign("attribute comap/obsid " + stated.problem);
  if (stated.trouble) finding.remarks.push_back(describe(*stated.trouble));
  return stated.obsid;
}

/// utc_start for the catalogue, where others cut the date out of it: always written the same way.
void set_start(const h5::File& file, const std::map<std::string, h5::AttributeValue>& attributes,
               FileFinding& finding) {
  double first_mjd = kNan;
  if (file.is_dataset(level2::kMjd) && file.info(level2::kMjd).extent.size() == 1 &&
      file.info(level2::kMjd).extent[0] > 0) {
    first_mjd = file.read<double>(level2::kMjd, {{0}, {1}}).front();
  }
  const StatedStart stated = stated_start(attributes, first_mjd);
  if (stated.trouble && attributes.contains("utc_start")) finding.remarks.push_back(describe(*stated.trouble));
  if (stated.utc_start.empty()) {
    finding.row.erase("utc_start");
  } else {
    finding.row["utc_start"] = stated.utc_start;
  }
}

void require_complete_level2(const h5::File& file) {
  if (const auto record = file.attribute("/", level2::kCompleteAttribute)) {
    if (h5::to_number(*record) == 1.0) return;
    throw UnusableFile(FileState::incomplete, "is not complete: its writer was interrupted");
  }
  if (!file.exists(level2::kBinnedFiltered)) {
    throw UnusableFile(FileState::incomplete,
                       fmt::format("is not a complete Level-2 file: it has no {}", level2::kBinnedFiltered.path));
  }
}

/// Opens what is there, can be read and is not empty.
h5::File opened(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) {
    const FileState state = presence_of(path) == Presence::gone ? FileState::missing : FileState::unreadable;
    throw UnusableFile(state, "cannot be read: " + error.message());
  }
  if (!std::ifstream(path)) {
    throw UnusableFile(FileState::unreadable, fmt::format("cannot be opened: {}", std::strerror(errno)));
  }
  if (size == 0) throw UnusableFile(FileState::damaged, "is empty");
  return h5::File::open_read(path);
}

void read(FileFinding& finding) {
  const h5::File file = opened(finding.path);
  if (!file.exists(kAttributes)) throw foreign("has no group comap");
  const auto attributes = file.attributes(kAttributes);
  const std::int64_t obsid = agreed_obsid(attributes, finding);
  if (finding.level == DataLevel::level2) {
    require_complete_level2(file);
  } else if (!file.exists(kTod)) {
    throw foreign(fmt::format("has no {}: not a Level-1 file", kTod));
  }
  finding.row = observation_row(attributes, finding.remarks);
  finding.row["obsid"] = obsid;
  set_start(file, attributes, finding);
  finding.obsid = obsid;
  finding.state = FileState::usable;
}

}  // namespace

Row observation_row(const std::map<std::string, h5::AttributeValue>& attributes, std::vector<std::string>& remarks) {
  Row row;
  for (const auto& [name, attribute] : attributes) {
    const sql::Table& observations = sql::table(sql::kObservations);
    const auto found = std::find_if(observations.columns.begin(), observations.columns.end(),
                                    [&, &key = name](const sql::Column& one) { return one.name == key; });
    if (found == observations.columns.end() || name == "level1_path" || name == "level2_path") continue;
    try {
      row[name] = sql::as_type(sql_value(attribute), found->type);
    } catch (const CatalogueError& error) {
      remarks.push_back(fmt::format("attribute comap/{} left out: {}", name, error.what()));
    }
  }
  const std::string source = h5::attribute_text(attributes, "source");
  row["source"] = source_name_of(source);
  row["source_group"] = source_group_of(source, h5::attribute_text(attributes, "comment"));
  return row;
}

FileFinding inspect_file(const std::string& path, DataLevel level) {
  FileFinding finding;
  finding.path = path;
  finding.level = level;
  try {
    read(finding);
  } catch (const UnusableFile& error) {
    finding.state = error.state();
    finding.remarks = {error.what()};
  } catch (const IoError& error) {
    finding.state = error.can_pass() ? FileState::unreadable : FileState::damaged;
    finding.remarks = {error.what()};
    finding.names_file = true;
  } catch (const std::exception& error) {
    finding.state = FileState::damaged;
    finding.remarks = {error.what()};
  }
  if (finding.obsid == 0) finding.row.clear();
  return finding;
}

std::vector<FileFinding> inspect_files(const std::vector<InspectedFile>& files, const DeadlyFiles& deadly_files) {
  std::map<std::string, std::string> deadly;
  if (deadly_files) {
    std::vector<std::string> paths;
    for (const InspectedFile& one : files) paths.push_back(one.path);
    deadly = deadly_files(paths);
  }
  std::vector<FileFinding> findings;
  for (const InspectedFile& one : files) {
    throw_when_stopped();
    const auto found = deadly.find(one.path);
    findings.push_back(found == deadly.end()
                           ? inspect_file(one.path, one.level)
                           : FileFinding{one.path, one.level, FileState::damaged, 0, {}, {found->second}, false});
  }
  return findings;
}

}  // namespace comap
