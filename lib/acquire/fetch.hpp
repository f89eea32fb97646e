#pragma once
/// \file
/// Several rsync at once, each for one file, tried again when the connection breaks.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "acquire/landing.hpp"
#include "acquire/observatory_list.hpp"
#include "config/acquire_config.hpp"

namespace comap {

/// How one file ended.
struct FetchOutcome {
  ListedFile file;
  std::string error;  ///< empty = fetched
  int n_tries = 0;
  double elapsed_s = 0.0;  ///< of the last try
};

/// Arguments of the rsync that fetches `file` to `target`.
std::vector<std::string> rsync_arguments(const AcquireConfig& config, const ListedFile& file,
                                         const std::string& target);

/// Whether what ended rsync with this code can pass: a broken connection can, a missing file or a full disk cannot.
bool is_worth_another_try(int rsync_exit_code);

/// Pause before try number `n_tries` + 1 [s]: retry_delay_s, doubled with every further try up to 10 min.
double pause_after_s(int n_tries, const AcquireConfig& config);

/// Fetches the files, `n_rsyncs` at once, and calls `arrived` for each that ended. A file that must be tried again
/// waits while others go on. What `arrived` throws ends the work. Returns the number of files that are left when
/// `stop_requested` became true: rsync is then stopped and keeps what it has. Throws IoError when there is no rsync.
std::int64_t fetch_files(const AcquireConfig& config, const Landing& landing, const std::vector<ListedFile>& files,
                         const std::function<void(const FetchOutcome&)>& arrived,
                         const std::function<bool()>& stop_requested);

}  // namespace comap
