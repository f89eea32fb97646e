#include "result_journal.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "catalogue/claims.hpp"
#include "catalogue/schema.hpp"
#include "catalogue/sql_writing.hpp"
#include "core/error.hpp"
#include "core/file_descriptor.hpp"
#include "core/log.hpp"
#include "core/text_file.hpp"
#include "io/level2/stage_record.hpp"
#include "level2/catalogue_values.hpp"

namespace comap {
namespace {

constexpr ::mode_t kFileMode = 0666;  // less the umask

[[noreturn]] void fail(const std::string& path, std::string_view what) {
  throw IoError(fmt::format("{}: {}: {}", path, what, std::strerror(errno)));
}

bool is_file_of_name(int file, const std::string& path) {
  struct stat opened {
  }, named{};
  return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

/// Opened for appending, under a lock that lasts as long as the descriptor. Another run may have replaced or removed
/// the file while this one waited for the lock. File systems without locks are used without.
FileDescriptor open_locked(const std::string& path) {
  while (true) {
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, kFileMode));
    if (file.number() < 0) fail(path, "cannot be opened");
    while (::flock(file.number(), LOCK_EX) != 0 && errno == EINTR) {
    }
    if (is_file_of_name(file.number(), path)) return file;
  }
}

void write_to_disk(int file, const std::string& text, const std::string& path) {
  for (std::size_t written = 0; written < text.size();) {
    const ::ssize_t n = ::write(file, text.data() + written, text.size() - written);
    if (n < 0 && errno != EINTR) fail(path, "cannot be written");
    if (n > 0) written += static_cast<std::size_t>(n);
  }
  if (::fsync(file) != 0) fail(path, "cannot be brought to the disk");
}

void sync_directory_of(const std::string& path) {
  const FileDescriptor directory(::open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_CLOEXEC));
  if (directory.number() >= 0) ::fsync(directory.number());
}

/// Adds a line, or nothing when it throws.
void append_line(const std::string& path, const std::string& line) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  const FileDescriptor file = open_locked(path);
  const ::off_t before = ::lseek(file.number(), 0, SEEK_END);
  try {
    write_to_disk(file.number(), line + "\n", path);
  } catch (const IoError&) {
    if (::ftruncate(file.number(), before) != 0) log_warning("{}: its last line is not complete", path);
    throw;
  }
  sync_directory_of(path);
}

/// The file with these lines only; no file when there are none. Under the lock of the caller.
void replace_lines(const std::string& path, const std::string& lines) {
  if (lines.empty()) {
    std::filesystem::remove(path);
  } else {
    write_text_file(path, lines);
  }
  sync_directory_of(path);
}

/// The part of a result that the catalogue gets, and the digest of its file.
nlohmann::json json_of_result(const ObservationResult& result) {
  nlohmann::json quality = nlohmann::json::array(), calibration = nlohmann::json::array();
  for (const QualityRow& row : result.quality) {
    quality.push_back({{"feed", row.feed}, {"frequency_band", row.frequency_band}, {"statistics", row.statistics}});
  }
  for (const CalibrationFlux& row : result.calibration) calibration.push_back(to_json(row));
  return {{"obsid", result.obsid},
          {"complete", result.complete},
          {"error", result.error},
          {"level2_path", result.level2_path},
          {"summary", result.summary},
          {"quality", quality},
          {"calibration", calibration},
          {"troubles", to_json(result.troubles)},
          {"level2_digest", result.level2_digest}};
}

/// Calibration, digest and troubles are missing in lines of earlier versions.
ObservationResult result_of(const nlohmann::json& json) {
  ObservationResult result{json.at("obsid"),
                           json.at("complete"),
                           json.at("error"),
                           json.at("level2_path"),
                           json.value("level2_digest", ""),
                           json.at("summary"),
                           {},
                           {},
                           {}};
  for (const auto& row : json.at("quality")) {
    result.quality.push_back({row.at("feed"), row.at("frequency_band"), row.at("statistics")});
  }
  for (const auto& row : json.value("calibration", nlohmann::json::array())) {
    result.calibration.push_back(calibration_flux_from_json(row, result.obsid));
  }
  result.troubles = troubles_from_json(json.value("troubles", nlohmann::json::array()));
  return result;
}

struct Entry {
  ObservationResult result;
  std::string run_id;
  std::string finished_at;  ///< UTC, ISO 8601, by the clock of that run
  std::string catalogue;    ///< name_of()
};

std::string line_of(ObservationResult result, const std::string& run_id, const std::string& catalogue) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  if (!result.level2_path.empty())
    result.level2_path = std::filesystem::absolute(result.level2_path).lexically_normal();
  nlohmann::json json = json_of_result(result);
  json["run_id"] = run_id;
  json["finished_at"] = fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", now);
  json["catalogue"] = catalogue;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Nothing for a line that is no result, e.g. the last one of a machine that crashed.
std::optional<Entry> entry_of(const std::string& line) {
  try {
    const auto json = nlohmann::json::parse(line);
    return Entry{result_of(json), json.value("run_id", ""), json.value("finished_at", ""), json.value("catalogue", "")};
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

bool is_file_gone(const std::string& path) {
  std::error_code error;
  return std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found;
}

/// Results must not stand in the catalogue beside a file that another run has made with other settings.
bool is_of_its_file(const ObservationResult& result) {
  if (result.level2_digest.empty()) return true;
  try {
    return settings_digest(h5::File::open_read(result.level2_path)) == result.level2_digest;
  } catch (const IoError& error) {
    log_warning("{}", error.what());
    return false;
  }
}

void record_entry(Catalogue& catalogue, const Entry& entry) {
  const std::int64_t obsid = entry.result.obsid;
  if (entry.result.complete && is_file_gone(entry.result.level2_path)) {
    log_warning("observation {}: its unrecorded result is left out, for {} is gone", obsid, entry.result.level2_path);
    return;
  }
  if (entry.result.complete && !is_of_its_file(entry.result)) {
    log_warning("observation {}: its unrecorded result is left out, for another run has made {} since", obsid,
                entry.result.level2_path);
    return;
  }
  catalogue.change([&](sql::Connection& connection) {
    const auto note = sql::result_note(connection, obsid);
    if (note && note->recorded_at > entry.finished_at) return;
    sql::record(connection, entry.result);
    sql::note_result(connection, obsid, entry.run_id);
  });
}

/// Takes the lines of a journal into a catalogue, and keeps those that stay.
class LeftOver {
 public:
  LeftOver(Catalogue& catalogue, const std::string& name, const std::string& path)
      : catalogue_(catalogue), name_(name), path_(path) {}

  /// Throws CatalogueError when the catalogue cannot be reached.
  std::string apply(std::istream& lines) {
    for (std::string line; std::getline(lines, line);) take(line);
    if (n_applied_ > 0) log_info("{}: recorded {} results that an earlier run could not record", path_, n_applied_);
    for (const auto& [name, n] : n_of_others_) {
      log_warning(
          "{}: {} results of {} stay there, for this run is on {}; a level2 on their catalogue records them, from this "
          "file or from their Level-2 files",
          path_, n, name.empty() ? "a catalogue that is not named" : name, name_);
    }
    return kept_;
  }

 private:
  void take(const std::string& line) {
    const auto entry = entry_of(line);
    if (!entry) {
      log_warning("{}: a line that is no result is left out: {}", path_, line.substr(0, 80));
      return;
    }
    if (entry->catalogue != name_) {
      ++n_of_others_[entry->catalogue];
      kept_ += line + "\n";
      return;
    }
    try {
      record_entry(catalogue_, *entry);
      ++n_applied_;
    } catch (const sql::ConnectionLost&) {
      throw;
    } catch (const CatalogueError& error) {
      log_warning("{}; the result of observation {} stays in {}", error.what(), entry->result.obsid, path_);
      kept_ += line + "\n";
    }
  }

  Catalogue& catalogue_;
  const std::string& name_;
  const std::string& path_;
  std::int64_t n_applied_ = 0;
  std::map<std::string, std::int64_t> n_of_others_;  ///< by name of their catalogue
  std::string kept_;
};

/// Place and identity: a copy of a catalogue is another one, and so is what took its place.
std::string name_of(Catalogue& catalogue) {
  std::string identity;
  catalogue.change([&](sql::Connection& connection) { identity = sql::identity_of(connection); });
  return fmt::format("{} ({})", catalogue.description(), identity);
}

}  // namespace

ResultJournal::ResultJournal(Catalogue& catalogue, const LogConfig& log, std::string run_id)
    : catalogue_(catalogue),
      path_((std::filesystem::absolute(log.directory) / "unrecorded_results.jsonl").string()),
      run_id_(std::move(run_id)),
      catalogue_name_(name_of(catalogue)) {}

void ResultJournal::apply_left_over() {
  if (!std::filesystem::exists(path_)) return;
  const FileDescriptor file = open_locked(path_);
  std::ifstream lines(path_);
  replace_lines(path_, LeftOver(catalogue_, catalogue_name_, path_).apply(lines));
}

void ResultJournal::record(const ObservationResult& result) {
  if (!outage_.empty()) return keep(result);
  try {
    bool is_ours = true;
    catalogue_.change([&](sql::Connection& connection) {
      // In the transaction: whoever takes the observation over records after it.
      is_ours = result.complete ? is_of_its_file(result) : sql::holds_claim(connection, result.obsid, run_id_);
      if (!is_ours) return sql::release_claims(connection, run_id_, {result.obsid});
      sql::record(connection, result);
      sql::note_result(connection, result.obsid, run_id_);
    });
    if (!is_ours) log_warning("the result of observation {} is not recorded: another run has done it", result.obsid);
  } catch (const sql::ConnectionLost& error) {
    outage_ = error.what();
    keep(result);
  } catch (const CatalogueError& error) {
    log_error("{}", error.what());
    keep(result);
  }
}

void ResultJournal::keep(const ObservationResult& result) {
  ++n_unrecorded_;
  try {
    append_line(path_, line_of(result, run_id_, catalogue_name_));
    log_warning("the result of observation {} is kept in {} and recorded by the next run", result.obsid, path_);
  } catch (const std::exception& error) {
    log_error("the result of observation {} can be kept neither in the catalogue nor in a file ({})", result.obsid,
              error.what());
  }
}

}  // namespace comap
