#include "core/child_process.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>

#include "core/error.hpp"

namespace comap {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kRest = std::chrono::milliseconds(20);
constexpr auto kGrace = std::chrono::seconds(5);
constexpr std::size_t kMaxOutputBytes = std::size_t{256} << 20;
constexpr std::size_t kMaxErrorBytes = std::size_t{16} << 10;
constexpr int kInheritedFile = STDERR_FILENO + 1;

struct Pipe {
  FileDescriptor from, to;
};

Pipe open_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw IoError(fmt::format("cannot open a pipe: {}", std::strerror(errno)));
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// Which files the child has.
class FileActions {
 public:
  FileActions(int output, int errors, int inherited_file) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
    if (inherited_file >= 0) posix_spawn_file_actions_adddup2(&actions_, inherited_file, kInheritedFile);
    posix_spawn_file_actions_addclosefrom_np(&actions_, inherited_file >= 0 ? kInheritedFile + 1 : kInheritedFile);
  }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  const posix_spawn_file_actions_t* pointer() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

/// A process group of its own, and no signal that we catch or hold back.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  const posix_spawnattr_t* pointer() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

void read_available(FileDescriptor& pipe, std::string& text) {
  std::array<char, 65536> buffer;
  while (pipe.is_open()) {
    const ssize_t n_bytes = read(pipe.number(), buffer.data(), buffer.size());
    if (n_bytes > 0) {
      text.append(buffer.data(), n_bytes);
      if (text.size() > kMaxOutputBytes) return;
    } else if (n_bytes < 0 && errno == EINTR) {
      continue;
    } else {
      if (n_bytes == 0 || errno != EAGAIN) pipe.close();
      return;
    }
  }
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, int inherited_file) : program_(arguments.at(0)) {
  Pipe output = open_pipe();
  Pipe errors = open_pipe();
  std::vector<std::string> words = arguments;
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const FileActions actions(output.to.number(), errors.to.number(), inherited_file);
  const SpawnAttributes attributes;
  const int error =
      posix_spawnp(&pid_, program_.c_str(), actions.pointer(), attributes.pointer(), pointers.data(), environ);
  if (error != 0) throw IoError(fmt::format("cannot start the program {}: {}", program_, std::strerror(error)));
  output_pipe_ = std::move(output.from);
  error_pipe_ = std::move(errors.from);
}

ChildProcess::~ChildProcess() {
  try {
    stop();
  } catch (const std::exception&) {  // what it still wrote is of no use
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

void ChildProcess::take_in() {
  read_available(output_pipe_, output_);
  if (output_.size() > kMaxOutputBytes) {
    throw IoError(fmt::format("the program {} writes more than {} MB", program_, kMaxOutputBytes >> 20));
  }
  read_available(error_pipe_, errors_);
  if (errors_.size() > kMaxErrorBytes) errors_.erase(0, errors_.size() - kMaxErrorBytes);
}

bool ChildProcess::has_ended() {
  if (ended_) return true;
  // Asked for before its output is read: what it wrote last is then in the pipe.
  const pid_t found = waitpid(pid_, &end_status_, WNOHANG);
  take_in();
  if (found == 0 || (found < 0 && errno == EINTR)) return false;
  ended_ = true;
  kill(-pid_, SIGKILL);  // what it may have left behind
  return true;
}

void ChildProcess::wait() {
  while (!has_ended()) std::this_thread::sleep_for(kRest);
}

void ChildProcess::ask_to_stop() const {
  if (!ended_) kill(-pid_, SIGTERM);
}

void ChildProcess::stop() {
  ask_to_stop();
  const auto deadline = Clock::now() + kGrace;
  while (!has_ended()) {
    if (Clock::now() > deadline) kill(-pid_, SIGKILL);
    std::this_thread::sleep_for(kRest);
  }
}

std::uintmax_t ChildProcess::bytes_read() const {
  std::ifstream counts(fmt::format("/proc/{}/io", pid_));
  std::string name;
  std::uintmax_t value = 0;
  while (counts >> name >> value) {
    if (name == "rchar:") return value;
  }
  return 0;
}

int ChildProcess::exit_code() const { return WIFEXITED(end_status_) ? WEXITSTATUS(end_status_) : -1; }

std::string ChildProcess::failure_text() const {
  const std::string end = WIFSIGNALED(end_status_)
                              ? fmt::format("signal {} ({})", WTERMSIG(end_status_), strsignal(WTERMSIG(end_status_)))
                              : fmt::format("exit code {}", exit_code());
  std::string said = errors_.substr(0, errors_.find_last_not_of(" \t\r\n") + 1);
  std::erase(said, '\r');  // ssh ends its lines for a terminal
  return said.empty() ? end : fmt::format("{}: {}", end, said);
}

std::string output_of(const std::vector<std::string>& arguments, double timeout_s, bool can_pass,
                      const std::function<bool()>& stop_requested) {
  ChildProcess child(arguments);
  auto last_sign = Clock::now();
  std::size_t n_bytes = 0;
  while (!child.has_ended()) {
    if (stop_requested()) return child.output();
    const std::size_t n_now = child.output().size();
    if (n_now > n_bytes) last_sign = Clock::now();
    n_bytes = n_now;
    if (Clock::now() - last_sign > std::chrono::duration<double>(timeout_s)) {
      throw IoError(fmt::format("the program {} wrote nothing for {} s and was stopped", arguments[0], timeout_s),
                    can_pass);
    }
    std::this_thread::sleep_for(kRest);
  }
  if (child.succeeded()) return child.output();
  throw IoError(fmt::format("the program {} ended with {}", arguments[0], child.failure_text()), can_pass);
}

}  // namespace comap
