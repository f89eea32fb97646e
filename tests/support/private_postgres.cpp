#include "support/private_postgres.hpp"

#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace comap::test {

namespace {

std::string new_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "comap_test_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create a directory from " + name);
  return name;
}

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char letter : text) quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return quoted + "'";
}

constexpr auto kServerOptions =
    "-c fsync=off -c synchronous_commit=off -c listen_addresses= -c max_connections=20 -c shared_buffers=64MB";

}  // namespace

std::string output_of(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string output;
  std::array<char, 4096> buffer{};
  while (const auto n = fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), n);
  const int status = pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error(command + " failed: " + output);
  return output;
}

PrivatePostgres::PrivatePostgres(const std::string& options) : directory_(new_directory()), watcher_(nullptr, &pclose) {
  if (geteuid() == 0) output_of("chown postgres " + directory_);
  output_of(server_command("initdb") +
            fmt::format(" -D {0}/data -A trust -U comap --no-sync -E UTF8 --locale=C.UTF-8", directory_));
  const std::string stop = server_command("pg_ctl") + fmt::format(" -D {}/data -m immediate stop", directory_);
  const std::string watch =
      fmt::format("trap '' INT TERM HUP; cat > /dev/null; {} > /dev/null 2>&1; rm -rf {}", stop, directory_);
  watcher_.reset(popen(("setsid -w sh -c " + shell_quoted(watch)).c_str(), "we"));
  output_of(server_command("pg_ctl") +
            fmt::format(" -D {0}/data -l {0}/log -w -o {1} start", directory_,
                        shell_quoted(fmt::format("{} {} -k {}", kServerOptions, options, directory_))));
}

PrivatePostgres& PrivatePostgres::shared() {
  static PrivatePostgres server;
  return server;
}

std::string PrivatePostgres::server_command(const std::string& program) const {
  const std::string user = geteuid() == 0 ? "runuser -u postgres -- " : "";
  return fmt::format("cd {} && {}{}/{}", directory_, user, COMAP_POSTGRES_BIN, program);
}

std::string PrivatePostgres::new_database() {
  const std::string name = fmt::format("test_{}", ++n_databases_);
  const auto url_of = [&](const std::string& database) {
    return fmt::format("postgresql:///{}?host={}&user=comap", database, directory_);
  };
  ask_outside(url_of("postgres"), "CREATE DATABASE " + name);
  return url_of(name);
}

void PrivatePostgres::restart(const std::string& mode) {
  output_of(server_command("pg_ctl") + fmt::format(" -D {0}/data -l {0}/log -w -m {1} restart", directory_, mode));
}

std::string ask_outside(const std::string& url, const std::string& statement) {
  if (url.starts_with("sqlite:")) {
    return output_of(
        fmt::format("sqlite3 -bail -nullvalue NULL {} {}", shell_quoted(url.substr(7)), shell_quoted(statement)));
  }
  return output_of(fmt::format("psql -X -q -A -t -v ON_ERROR_STOP=1 -P null=NULL {} -c {}", shell_quoted(url),
                               shell_quoted(statement)));
}

TemporaryDirectory::TemporaryDirectory() : path_(new_directory()) {}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace comap::test
