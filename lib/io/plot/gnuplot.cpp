#include "io/plot/gnuplot.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "core/child_process.hpp"
#include "core/error.hpp"
#include "core/text_file.hpp"

namespace comap {

namespace fs = std::filesystem;

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
  std::ofstream(script_file) << script;
  std::unique_ptr<ChildProcess> gnuplot;
  try {
    gnuplot = std::make_unique<ChildProcess>(std::vector<std::string>{"gnuplot", "-d", script_file});
  } catch (const IoError& error) {
    throw IoError(fmt::format("{}: {}; install it (Debian: gnuplot-nox) or leave out --plot", what, error.what()));
  }
  gnuplot->wait();
  if (!gnuplot->succeeded()) throw IoError(fmt::format("{}: gnuplot ended with {}", what, gnuplot->failure_text()));
}

void draw_png(const std::string& png_path,
              const std::function<std::string(const std::string& path, const fs::path& scratch)>& script) {
  const ScratchDirectory scratch;
  const std::string drawn = (scratch.path() / "picture.png").string();
  run_gnuplot(script(drawn, scratch.path()), scratch, png_path);
  std::ifstream picture(drawn, std::ios::binary);
  if (!picture) throw IoError(fmt::format("{}: gnuplot drew no picture", png_path));
  std::error_code error;
  if (const auto folder = fs::path(png_path).parent_path(); !folder.empty()) fs::create_directories(folder, error);
  write_text_file(png_path, {std::istreambuf_iterator<char>(picture), std::istreambuf_iterator<char>()});
}

}  // namespace comap
