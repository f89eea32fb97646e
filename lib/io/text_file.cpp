#include "io/text_file.hpp"

#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "core/final_name.hpp"

namespace comap {

void write_text_file(const std::string& path, const std::string& text) {
  const std::string partial = path + kPartialEnding;
  std::ofstream file(partial);
  file << text;
  file.close();
  try {
    if (!file) throw IoError(path + ": cannot be written; is the disk full or the directory not writable?");
    give_final_name(partial, path);
  } catch (const IoError&) {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    throw;
  }
}

}  // namespace comap
