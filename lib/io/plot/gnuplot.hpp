#pragma once
/// \file
/// Runs gnuplot; only for the sources of lib/io.

#include <filesystem>
#include <functional>
#include <string>

namespace comap {

/// A directory under the system's temporary one, removed with all it holds at the end.
class ScratchDirectory {
 public:
  /// Throws IoError.
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// `text` as a string constant of gnuplot's language.
std::string gnuplot_quoted(const std::string& text);

/// Runs a script, without a shell and without the user's settings. Throws IoError with gnuplot's words when it is
/// missing or fails; `what` names the picture.
void run_gnuplot(const std::string& script, const ScratchDirectory& scratch, const std::string& what);

/// Makes the directory and draws a PNG, which takes its name when it is complete. `script` gets the path to draw to and
/// a directory for data files. Throws IoError.
void draw_png(const std::string& png_path,
              const std::function<std::string(const std::string& path, const std::filesystem::path& scratch)>& script);

}  // namespace comap
