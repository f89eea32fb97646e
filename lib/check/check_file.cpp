#include "check/check_file.hpp"

#include <fmt/core.h>

#include <filesystem>

#include "core/error.hpp"
#include "io/hdf5/h5.hpp"

namespace comap {
namespace {

FileKind kind_of_name(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  if (name.starts_with("Level2_")) return FileKind::level2;
  return name.starts_with("comap-") ? FileKind::level1 : FileKind::unknown;
}

FileKind kind_of_content(const h5::File& file) {
  if (file.exists("level2") || file.exists("comap_mpi/stages")) return FileKind::level2;
  return file.exists("spectrometer/tod") ? FileKind::level1 : kind_of_name(file.path());
}

/// The fault that shows without opening the file; empty when there is none.
std::string problem_of_path(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return "the file does not exist";
  if (error) return "cannot be looked at: " + error.message();
  if (!std::filesystem::is_regular_file(status)) return "is not a file";
  if (std::filesystem::file_size(path, error) == 0) return "the file is empty";
  return "";
}

std::string remedy_of(FileKind kind) {
  return kind == FileKind::level2 ? "remove it and run level2 on this observation again"
                                  : "copy it again from the archive, or leave the observation out";
}

}  // namespace

Finding finding_of(const Trouble& trouble) {
  Trouble found = trouble;
  found.dataset.clear();
  found.done.clear();
  const std::string done = trouble.done.empty() ? "nothing" : trouble.done;
  return {trouble.dataset, describe(found), fmt::format("level2 ({}): {}", trouble_text(trouble.kind), done)};
}

std::string_view file_kind_name(FileKind kind) {
  switch (kind) {
    case FileKind::level1:
      return "Level-1";
    case FileKind::level2:
      return "Level-2";
    case FileKind::unknown:
      return "unknown";
  }
  throw Bug("a FileKind without a name");
}

CheckedLevelFile check_file(const std::string& path, const Level2Config& config, TodDepth depth) {
  CheckedLevelFile checked{path, kind_of_name(path), {}};
  if (const std::string problem = problem_of_path(path); !problem.empty()) {
    checked.findings.push_back({"", problem, remedy_of(checked.kind)});
    return checked;
  }
  try {
    checked.kind = kind_of_content(h5::File::open_read(path));
    if (checked.kind == FileKind::unknown) {
      checked.findings.push_back({"",
                                  "is neither a Level-1 nor a Level-2 file: it has neither spectrometer/tod nor level2",
                                  "give Level-1 or Level-2 files"});
    } else {
      checked.findings =
          checked.kind == FileKind::level1 ? check_level1_file(path, config, depth) : check_level2_file(path);
    }
  } catch (const Error& error) {
    checked.findings.push_back({"", error.what(), remedy_of(checked.kind)});
  }
  return checked;
}

}  // namespace comap
