#include "io/text_file.hpp"

#include <filesystem>
#include <fstream>

#include "core/error.hpp"

namespace comap {

void write_text_file(const std::string& path, const std::string& text) {
  const std::string partial = path + ".partial";
  std::ofstream file(partial);
  file << text;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(partial, path, error);
  if (file && !error) return;
  std::error_code ignored;
  std::filesystem::remove(partial, ignored);
  throw IoError(path + ": cannot be written; is the disk full or the directory not writable?");
}

}  // namespace comap
