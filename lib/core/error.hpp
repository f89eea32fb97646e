#pragma once
/// \file
/// The errors of this program. Each says what happened, to which file, dataset or row, and what to do.

#include <stdexcept>
#include <string>
#include <string_view>

namespace comap {

/// Base of every error that a user can cause or meet.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Wrong command line or configuration: ends the program with exit code 2 before any work starts.
class ConfigError : public Error {
 public:
  using Error::Error;
};

/// The catalogue cannot be reached or holds what it must not: ends the program.
class CatalogueError : public Error {
 public:
  using Error::Error;
};

/// Bad or missing data of one observation: it becomes `failed`, the others go on.
class ObservationError : public Error {
 public:
  explicit ObservationError(const std::string& message) : Error(message), without_path_(message) {}
  ObservationError(const std::string& path, const std::string& problem)
      : Error(path + ": " + problem), without_path_(problem) {}
  /// The message, less the path that it was given.
  const std::string& without_path() const { return without_path_; }

 private:
  std::string without_path_;
};

/// A file that is not the one any more that it was when a job looked at it first.
class ReplacedFile : public ObservationError {
 public:
  using ObservationError::ObservationError;
};

/// Reading or writing a file failed. `can_pass` tells errors worth a retry (locked, briefly unavailable) from the
/// others; after the last retry it ends one observation, or the program where no observation is in hand.
class IoError : public Error {
 public:
  explicit IoError(const std::string& message, bool can_pass = false) : Error(message), can_pass_(can_pass) {}
  bool can_pass() const { return can_pass_; }

 private:
  bool can_pass_;
};

/// The text of Stopped that the user reads.
inline constexpr std::string_view kStoppedBySignal = "stopped by a signal";

/// The program was asked to stop: what was in hand is dropped.
class Stopped : public Error {
 public:
  explicit Stopped(const std::string& text = std::string(kStoppedBySignal)) : Error(text) {}
};

/// A broken invariant of our own code: never the user's fault.
class Bug : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace comap
