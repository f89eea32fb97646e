#include "io/gnuplot.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/error.hpp"

namespace comap {
namespace {

namespace fs = std::filesystem;

/// Where a child's input and output go.
class FileActions {
 public:
  explicit FileActions(const std::string& output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
  }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  const posix_spawn_file_actions_t* pointer() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return status;
}

}  // namespace

ScratchDirectory::ScratchDirectory() {
  std::string name = (fs::temp_directory_path() / "comap_plot_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw IoError(fmt::format("cannot make the directory {}: {}; check TMPDIR", name, std::strerror(errno)));
  }
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string gnuplot_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c == '\n' ? ' ' : c);
  return quoted + "'";
}

void run_gnuplot(const std::string& script, const ScratchDirectory& scratch, const std::string& what) {
  const std::string script_file = (scratch.path() / "script.gp").string();
  const std::string output_file = (scratch.path() / "output.txt").string();
  std::ofstream(script_file) << script;

  std::string program = "gnuplot", without_user_settings = "-d", file = script_file;
  char* arguments[] = {program.data(), without_user_settings.data(), file.data(), nullptr};
  pid_t child = 0;
  const FileActions actions(output_file);
  const int error = posix_spawnp(&child, program.c_str(), actions.pointer(), nullptr, arguments, environ);
  if (error != 0) {
    throw IoError(fmt::format("{}: cannot run gnuplot: {}; install it (Debian: gnuplot-nox) or leave out --plot", what,
                              std::strerror(error)));
  }
  const int status = wait_for(child);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw IoError(fmt::format("{}: gnuplot failed: {}", what, text_of(output_file)));
  }
}

void draw_png(const std::string& png_path,
              const std::function<std::string(const std::string& path, const fs::path& scratch)>& script) {
  const ScratchDirectory scratch;
  const std::string partial = png_path + ".partial";
  std::error_code error;
  if (const auto folder = fs::path(png_path).parent_path(); !folder.empty()) fs::create_directories(folder, error);
  try {
    run_gnuplot(script(partial, scratch.path()), scratch, png_path);
    fs::rename(partial, png_path);
  } catch (const fs::filesystem_error& failure) {
    fs::remove(partial, error);
    throw IoError(fmt::format("{}: gnuplot drew no picture there: {}", png_path, failure.what()));
  } catch (...) {
    fs::remove(partial, error);
    throw;
  }
}

}  // namespace comap
