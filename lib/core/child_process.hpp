#pragma once
/// \file
/// Other programs, started without a shell.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/file_descriptor.hpp"

namespace comap {

/// A program that runs beside this one, in a process group of its own: what it starts (rsync starts ssh) ends with
/// it. It reads nothing, inherits no open file of ours but one that is named, and what it writes is captured. It is
/// started by posix_spawn, which does not copy the memory of a process that uses MPI. It does not end with us when we
/// are killed by SIGKILL.
class ChildProcess {
 public:
  /// `arguments[0]` is searched for in PATH; the others are passed as they are. The child keeps `inherited_file` open
  /// (-1 = none), e.g. a lock that it must hold when we are gone. Throws IoError when the program cannot be started.
  explicit ChildProcess(const std::vector<std::string>& arguments, int inherited_file = -1);
  /// Stops it when it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Takes in what it has written so far, without waiting. Throws IoError when that is more than 256 MB.
  bool has_ended();
  /// Returns when it has ended.
  void wait();
  /// Asks it to stop (SIGTERM), without waiting.
  void ask_to_stop() const;
  /// Asks it to stop, and ends it by force if it does not within a few seconds.
  void stop();

  /// All bytes that the process itself has read so far, from files and connections; 0 when that is not known.
  std::uintmax_t bytes_read() const;

  /// The following are known once has_ended().
  bool succeeded() const { return end_status_ == 0; }
  /// -1 when a signal ended it.
  int exit_code() const;
  /// "exit code 12" or "signal 9 (Killed)", and what it wrote to its standard error.
  std::string failure_text() const;

  /// Standard output; grows with has_ended().
  const std::string& output() const { return output_; }
  /// The end of its standard error.
  const std::string& errors() const { return errors_; }

 private:
  void take_in();

  std::string program_;
  pid_t pid_ = -1;
  bool ended_ = false;
  int end_status_ = -1;  ///< of waitpid
  FileDescriptor output_pipe_, error_pipe_;
  std::string output_, errors_;
};

/// Runs a program to its end and returns its standard output. Throws IoError when it fails or writes nothing for
/// `timeout_s`; `can_pass` as the caller says, for programs that reach over a network. Ends early, with what there is,
/// when `stop_requested` becomes true.
std::string output_of(const std::vector<std::string>& arguments, double timeout_s, bool can_pass,
                      const std::function<bool()>& stop_requested);

}  // namespace comap
