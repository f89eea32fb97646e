#pragma once
/// \file
/// [acquire].

#include <cstdint>
#include <string>

namespace comap {

/// [acquire]
struct AcquireConfig {
  std::string list_command;  ///< words as split_command() takes them
  std::string list_file;
  std::string remote;  ///< what rsync's sources start with
  std::string remote_shell = "ssh -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15";
  std::string directory;
  std::int64_t min_obsid = 0;
  int n_rsyncs = 2;
  int bandwidth_limit_KBps = 5000;  ///< of each rsync; 0 = none
  int retries = 3;
  double retry_delay_s = 10.0;
  int timeout_s = 120;  ///< without a byte
  std::string group;
  std::string mode = "0664";
};

}  // namespace comap
