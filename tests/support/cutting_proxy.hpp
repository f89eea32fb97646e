#pragma once
/// \file
/// Stands between a client and a PostgreSQL server on Unix sockets and cuts the connection at a COMMIT or COPY.

#include <atomic>
#include <string>
#include <thread>

namespace comap::test {

enum class Cut {
  none,
  before_commit,    ///< the server never sees it
  after_commit,     ///< the server does it, its answer gets lost
  before_copy_ends  ///< the server never sees the end of the rows of a COPY
};

/// One connection at a time. Cuts once, at the first COMMIT or COPY after arm().
class CuttingProxy {
 public:
  /// Serves `directory`/.s.PGSQL.5432 by the socket of the same name in `server_directory`.
  CuttingProxy(const std::string& directory, const std::string& server_directory);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  void arm(Cut cut) { cut_ = cut; }
  bool has_cut() const { return has_cut_; }

 private:
  void serve();
  void relay(int client, int server);

  std::string server_socket_;
  int listener_ = -1;
  std::atomic<bool> ends_ = false;
  std::atomic<Cut> cut_ = Cut::none;
  std::atomic<bool> has_cut_ = false;
  std::thread thread_;
};

}  // namespace comap::test
