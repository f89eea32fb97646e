#include "support/cutting_proxy.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace comap::test {

namespace {

constexpr int kPoll_ms = 50;
constexpr auto kSocketName = "/.s.PGSQL.5432";
constexpr std::string_view kCommit = "COMMIT";
constexpr std::string_view kCopyDone("c\0\0\0\4", 5);  // message of the protocol

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) throw std::runtime_error("too long for a socket: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

bool is_readable(int file, int timeout_ms) {
  pollfd one = {file, POLLIN, 0};
  return ::poll(&one, 1, timeout_ms) > 0;
}

void send_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(file, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

CuttingProxy::CuttingProxy(const std::string& directory, const std::string& server_directory)
    : server_socket_(server_directory + kSocketName), listener_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
  const sockaddr_un address = address_of(directory + kSocketName);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listener_, 4) != 0) {
    throw std::runtime_error("cannot listen in " + directory);
  }
  thread_ = std::thread([this] { serve(); });
}

CuttingProxy::~CuttingProxy() {
  ends_ = true;
  thread_.join();
  ::close(listener_);
}

void CuttingProxy::serve() {
  while (!ends_) {
    if (!is_readable(listener_, kPoll_ms)) continue;
    const int client = ::accept(listener_, nullptr, nullptr);
    const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const sockaddr_un address = address_of(server_socket_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) relay(client, server);
    ::close(client);
    ::close(server);
  }
}

void CuttingProxy::relay(int client, int server) {
  std::array<char, 65536> buffer{};
  while (!ends_) {
    std::array<pollfd, 2> ends = {pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    if (::poll(ends.data(), ends.size(), kPoll_ms) <= 0) continue;
    for (const bool from_client : {true, false}) {
      if ((ends.at(from_client ? 0 : 1).revents & (POLLIN | POLLHUP)) == 0) continue;
      const auto n = ::read(from_client ? client : server, buffer.data(), buffer.size());
      if (n <= 0) return;
      const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
      const std::string_view wanted = cut_ == Cut::before_copy_ends ? kCopyDone : kCommit;
      const bool is_met = from_client && bytes.find(wanted) != std::string_view::npos;
      const Cut cut = is_met ? cut_.exchange(Cut::none) : Cut::none;
      if (cut == Cut::none || cut == Cut::after_commit) send_all(from_client ? server : client, bytes);
      if (cut == Cut::none) continue;
      has_cut_ = true;
      if (cut == Cut::after_commit) is_readable(server, -1);
      return;
    }
  }
}

}  // namespace comap::test
